"""The report of the scene, as tables for people."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table

from cli.demo.hub_down.verdict import Outcome


def print_report(outcome: Outcome, console: Console) -> None:
    """Disruptions, tickets, messages, and what did not hold."""
    for part in _parts(outcome):
        console.print(part)
    problems = outcome.problems()
    for problem in problems:
        console.print(f"[red]Did not hold:[/red] {problem}", highlight=False)
    if not problems:
        console.print("[green]All of it held.[/green]")


def _parts(outcome: Outcome) -> Iterator[RenderableType]:
    disruptions = Table("place", "kind", "declared by", "history events", title="Disruptions", title_justify="left")
    for one in outcome.disruptions:
        disruptions.add_row(one.place, one.kind or "", one.declared_by, str(outcome.histories[one.place]))
    yield disruptions
    tickets = Table("ticket", "queue", "title", "status", title="Tickets", title_justify="left")
    for ticket in outcome.tickets:
        tickets.add_row(str(ticket.ticket_id), ticket.queue, ticket.title, ticket.status)
    yield tickets
    shown = outcome.shown()["messages"]
    messages = Table("operations were told", title="Messages", title_justify="left")
    for subject in shown["operations"]:
        messages.add_row(subject)
    yield messages
    yield (
        f"{shown['customers']} customers of {len(outcome.held)} held deliveries got a message; "
        f"all were told {outcome.told_ms / 1000:.1f} s after the first report."
    )
