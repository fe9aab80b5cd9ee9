"""Disruptions: one cause behind many incidents, from the notice that opens one to what operations are told of it."""

from dataclasses import dataclass
from typing import Any

from domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Notice:
    """A disruption on a place, `hub` and `HEL1`, as its workflow hears of it. Without a `disruption_id` it is not in the store yet.

    `rule` is the `rulebook/rule` whose group has come together; `acted_on` if operations hear of it from that rule, which acts for all
    its members, or if nobody is to hear of it, since the rule is a shadow.
    """

    scope: str
    key: str
    declared_by: str
    opened_at: Instant
    kind: str | None = None
    closes_at: Instant | None = None
    note: str | None = None
    disruption_id: int | None = None
    rule: str | None = None
    acted_on: bool = False

    @property
    def place(self) -> str:
        return f"{self.scope}:{self.key}"

    @property
    def says(self) -> str:
        """In a few words, for people: `hub HEL1: no power`."""
        return f"{self.scope} {self.key}: {self.kind or 'disrupted'}"


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom a disruption concerns: how many open deliveries there are on its place, and the first of them by id."""

    count: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What the store answers to a notice: its number, None if one of this kind was open there already; and whom it concerns.

    `timezone` is that of the place, for people.
    """

    disruption_id: int | None
    affected: Affected = Affected()
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What operations are told: that a disruption is there or, with `over_at`, that it is over."""

    notice: Notice
    affected: Affected
    over_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """Who is told of disruptions, by directory.yaml: the queue that gets a ticket, and people; where there are none, nobody is."""

    queue: str | None = None
    tell: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("email",)


def context_of(announcement: Announcement) -> dict[str, Any]:
    """What templates and tickets about a disruption may speak of; instants are milliseconds."""
    notice, affected = announcement.notice, announcement.affected
    return {
        "disruption": {
            "says": notice.says,
            "scope": notice.scope,
            "key": notice.key,
            "kind": notice.kind,
            "opened_at": notice.opened_at,
            "closes_at": notice.closes_at,
            "over_at": announcement.over_at,
            "declared_by": notice.declared_by,
            "note": notice.note,
            "affected": affected.count,
            "first": ", ".join(affected.first),
        },
    }


@dataclass(frozen=True, slots=True)
class Heeded:
    """Whom a disruption calls when it opens and when it is over: deliveries under these versions of rulebooks, which no event would
    wake, and those with an open incident of one of these rules (ids), which it may end."""

    versions: frozenset[str]
    rules: frozenset[str]
