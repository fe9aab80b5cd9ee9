"""What became of the scene, and whether it is what should have."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.demo.hub_down.town import DOWN, LEAD, RULE, SNOW, address
from domain.disruption import Notice
from domain.instant import Span
from store.tickets import Ticket
from store.words import TicketStatus

SUBJECTS = (f"hub {DOWN}: {RULE}", f"zone {SNOW}: snow")
"""What the two disruptions are called."""

SHORT_HISTORY = 500
"""Events of a disruption's workflow, however many deliveries are on it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that is left of the scene. `told_ms`: from the first report until operations and every customer were told."""

    held: Sequence[str]
    disruptions: Sequence[Notice]
    still_open: Sequence[Notice]
    histories: Mapping[str, int]
    tickets: Sequence[Ticket]
    mails: Sequence[tuple[str, str]]
    told_ms: Span

    def problems(self) -> list[str]:
        """What did not hold."""
        return [*self._disruptions(), *self._tickets(), *self._told()]

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "scene": "hub-down",
            "deliveries": len(self.held),
            "disruptions": [
                {
                    "place": one.place,
                    "kind": one.kind,
                    "declared_by": one.declared_by,
                    "history_events": self.histories[one.place],
                }
                for one in self.disruptions
            ],
            "tickets": [{"queue": one.queue, "title": one.title, "status": one.status} for one in self.tickets],
            "messages": {
                "operations": [subject for to, subject in self.mails if to == LEAD],
                "customers": sum(to != LEAD for to, _ in self.mails),
            },
            "all_told_after_seconds": self.told_ms / 1000,
            "problems": self.problems(),
        }

    def _disruptions(self) -> Iterator[str]:
        places = [one.place for one in self.disruptions]
        if places != [f"hub:{DOWN}", f"zone:{SNOW}"]:
            yield f"there should have been one disruption of the hub and one of the zone; there were {places}"
        if self.still_open:
            yield f"all should be over; open are {[one.place for one in self.still_open]}"
        yield from (f"the workflow of {place} has {n} events" for place, n in self.histories.items() if n >= SHORT_HISTORY)

    def _tickets(self) -> Iterator[str]:
        titles = [ticket.title for ticket in sorted(self.tickets, key=lambda ticket: ticket.ticket_id)]
        if titles != list(SUBJECTS):
            yield f"there should be one ticket for each disruption; there are {titles}"
        yield from (f"{one.title} is {one.status}" for one in self.tickets if one.status is not TicketStatus.SOLVED)

    def _told(self) -> Iterator[str]:
        """One message to operations when each opened and one when it was over, at most one to each customer."""
        for_lead = Counter(subject.partition(", ")[0] for to, subject in self.mails if to == LEAD)
        wanted = Counter([*SUBJECTS, *(f"Over: {subject}" for subject in SUBJECTS)])
        if for_lead != wanted:
            yield f"operations should have been told {sorted(wanted)}, and were told {sorted(for_lead.elements())}"
        customers = Counter(to for to, _ in self.mails if to != LEAD)
        should = Counter(address(delivery_id) for delivery_id in self.held)
        if customers != should:
            wrong = sorted((customers - should) + (should - customers))
            yield f"every customer of the hub should have got one message, nobody else any; wrong for {', '.join(wrong[:10])}"
