"""The report of the scene, as tables for people."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table

from cli.demo.fallback.verdict import Outcome


def print_report(outcome: Outcome, console: Console) -> None:
    """Offers, plans, tickets, messages, and what did not hold."""
    for part in _parts(outcome):
        console.print(part)
    problems = outcome.problems()
    for problem in problems:
        console.print(f"[red]Did not hold:[/red] {problem}", highlight=False)
    if not problems:
        console.print("[green]All of it held.[/green]")


def _parts(outcome: Outcome) -> Iterator[RenderableType]:
    shown = outcome.shown()
    offers = _table("Offers", "delivery", "candidate", "offer", "state", "said")
    for delivery_id, told in outcome.assignments.items():
        for offer in told["offers"]:
            offers.add_row(delivery_id, offer["candidate"], offer["offer"], offer["state"], offer["note"])
    yield offers
    outcomes = _table("What came of it", "delivery", "outcome", "in words")
    for delivery_id, came in shown["outcomes"].items():
        outcomes.add_row(delivery_id, str(came["outcome"]), str(came["note"]))
    yield outcomes
    plans = _table("Plans", "route", "version", "stops")
    for route, plan in shown["plans"].items():
        plans.add_row(route, str(plan["version"]), ", ".join(plan["stops"]) or "none")
    yield plans
    tickets = _table("Tickets", "delivery", "queue", "title")
    for ticket in shown["tickets"]:
        tickets.add_row(ticket["delivery_id"], ticket["queue"], ticket["title"])
    yield tickets
    messages = shown["messages"]
    yield f"Messages: {len(messages['mails'])} mails, {len(messages['sms'])} SMS, {len(messages['calls'])} signed calls."


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
