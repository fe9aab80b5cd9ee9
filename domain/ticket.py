"""Tickets: what is asked of a desk, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum

from domain.actions import TicketPriority


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What a ticket is to say. A desk has at most one ticket per `external_id`: the incident's id."""

    external_id: str
    delivery_id: str
    queue: str
    priority: TicketPriority
    title: str
    body: str


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
