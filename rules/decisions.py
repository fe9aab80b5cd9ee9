"""What people did about the rules of a delivery: remarks, in words, and decisions, from which a test can be told again. Pure."""

from dataclasses import dataclass

from domain.instant import Instant

KEPT_DECISIONS = 100
"""Later ones take the place of the first."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person or another system did about the rules of a delivery, in words."""

    at: Instant
    what: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A rulebook by its name, in one version (SHA-256)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What would be forgotten: an acknowledgement may lapse, a claim be taken over, a mute end, a book give way to the next.

    `what` is acknowledge, claim, mute or adopt; `rule` the rule's name. `owner` is of a claim, `until` of a mute, `book` the
    adopted one and `before` that which gave way to it.
    """

    at: Instant
    what: str
    rule: str = ""
    by: str | None = None
    owner: str | None = None
    until: Instant | None = None
    book: Version | None = None
    before: Version | None = None


Decisions = tuple[Decision, ...]


def with_one(decisions: Decisions, decision: Decision) -> Decisions:
    """The decisions with a later one."""
    return (*decisions, decision)[-KEPT_DECISIONS:]
