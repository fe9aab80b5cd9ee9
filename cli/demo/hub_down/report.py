"""The report of the scene, as tables for people."""

from collections.abc import Iterator

from rich.console import RenderableType

from cli.demo.ground import a_table
from cli.demo.hub_down.verdict import Outcome


def parts(outcome: Outcome) -> Iterator[RenderableType]:
    """Disruptions, tickets, messages."""
    disruptions = a_table("Disruptions", "place", "kind", "declared by", "history events")
    for one in outcome.disruptions:
        disruptions.add_row(one.place, one.kind or "", one.declared_by, str(outcome.histories[one.place]))
    yield disruptions
    tickets = a_table("Tickets", "ticket", "queue", "title", "status")
    for ticket in outcome.tickets:
        tickets.add_row(str(ticket.ticket_id), ticket.queue, ticket.title, ticket.status)
    yield tickets
    shown = outcome.shown()["messages"]
    messages = a_table("Messages", "operations were told")
    for subject in shown["operations"]:
        messages.add_row(subject)
    yield messages
    yield (
        f"{shown['customers']} customers of {len(outcome.held)} held deliveries got a message; "
        f"all were told {outcome.told_ms / 1000:.1f} s after the first report."
    )
