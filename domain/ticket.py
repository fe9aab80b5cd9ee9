"""Tickets: what is asked of a desk, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.actions import TicketPriority
from domain.sending import Unsent

URGENCY: Mapping[TicketPriority, int] = {"low": 0, "normal": 1, "high": 2, "urgent": 3}

PRIORITY_OF: Mapping[str, TicketPriority] = {
    "info": "low",
    "low": "low",
    "medium": "normal",
    "high": "high",
    "critical": "urgent",
}
"""Severity of an incident -> priority of its ticket, where the rule names none."""

EARLIER = 3
"""So many episodes back a ticket is looked for that can be reopened."""


def more_urgent(one: TicketPriority, other: TicketPriority) -> TicketPriority:
    """The higher of two priorities."""
    return max(one, other, key=URGENCY.__getitem__)


def earlier_episodes(incident_id: str) -> tuple[str, ...]:
    """The ids of the episodes before an incident's, the latest first, at most EARLIER."""
    rule, _, episode = incident_id.rpartition(":")
    last = int(episode) if rule and episode.isdecimal() else 0
    return tuple(f"{rule}:{number}" for number in range(last - 1, max(0, last - 1 - EARLIER), -1))


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What a ticket is to say. A desk has at most one ticket per `external_id`: the incident's id.

    `earlier` are the ids of earlier episodes, the latest first: a ticket of one of them is reopened for this incident.
    """

    external_id: str
    delivery_id: str
    queue: str
    priority: TicketPriority
    title: str
    body: str
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketNote:
    """What is added to an incident's ticket; with a `priority`, the ticket's is raised to it, never lowered."""

    external_id: str
    text: str
    priority: TicketPriority | None = None


class TicketNews(StrEnum):
    """What became of a draft."""

    OPENED = "opened"
    UPDATED = "updated"
    REOPENED = "reopened"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Filed:
    """The ticket that a desk keeps for an incident, and what was just done with it; `moved_from` is the queue that it left."""

    ticket_id: str
    queue: str
    news: TicketNews
    moved_from: str | None = None


Filing: TypeAlias = Filed | Unsent
"""What a desk answers; Unsent when it did not say that it took what was asked."""
