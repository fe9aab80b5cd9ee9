"""A customer's number and a delivery of theirs: what was asked last, and how a reply may name the delivery."""

from dataclasses import dataclass

from domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Question:
    """What a customer was asked: `key` is that of the effect, `answers` are the replies that count, any if there are none."""

    key: str
    answers: tuple[str, ...]
    until: Instant


@dataclass(frozen=True, slots=True)
class Conversation:
    """`code` names the delivery in a reply (`A2`); `is_shown`: the customer was told it. `is_over`: the delivery has ended.

    Language and timezone are those in which the customer is spoken to.
    """

    number: str
    delivery_id: str
    code: str
    is_shown: bool
    language: str
    timezone: str
    question: Question | None = None
    is_over: bool = False

    def is_asking(self, now: Instant) -> bool:
        """Whether a reply would be an answer."""
        return self.question is not None and now <= self.question.until and not self.is_over


def plain(text: str) -> str:
    """A reply as it is compared: in small letters, with single spaces, without the signs around it."""
    return " ".join(text.casefold().split()).strip(" .,;:!?\"'()")
