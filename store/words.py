"""The closed lists of words that only the store has: states of effects, tickets, stops and reservations."""

from enum import StrEnum


class EffectState(StrEnum):
    """How far an effect is: somebody may be doing it, certainly nothing was done, or it has ended."""

    CLAIMED = "claimed"
    RELEASED = "released"
    CLOSED = "closed"


class TicketStatus(StrEnum):
    """Where a ticket of the built-in desk stands."""

    OPEN = "open"
    SOLVED = "solved"
    REOPENED = "reopened"


class StopState(StrEnum):
    """Whether a stop of a route's plan can still be moved."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class ReservationState(StrEnum):
    """Whether room is kept for a delivery, was filled by it, or was given back."""

    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"
