"""A customer's number and a delivery of theirs: what was asked last, and how a reply may name the delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.instant import Instant


class Meaning(StrEnum):
    """What can be answered in every language that we speak."""

    YES = "yes"
    NO = "no"
    LATER = "later"


SAID: Mapping[Meaning, frozenset[str]] = {
    Meaning.YES: frozenset({"yes", "y", "yep", "ok", "okay", "kyllä", "kylla", "joo", "k", "ja", "jawohl", "j"}),
    Meaning.NO: frozenset({"no", "n", "nope", "ei", "en", "e", "nein"}),
    Meaning.LATER: frozenset({"later", "tomorrow", "myöhemmin", "myohemmin", "huomenna", "später", "spaeter", "morgen"}),
}
"""The words by which people say it, in English, Finnish and German."""


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


def meaning_of(text: str) -> Meaning | None:
    """What a word means in any of our languages; None for what is just an answer."""
    return next((meaning for meaning, words in SAID.items() if plain(text) in words), None)
