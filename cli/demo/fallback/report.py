"""The report of the scene, as tables for people."""

from collections.abc import Iterator

from rich.console import RenderableType

from cli.demo.fallback.verdict import Outcome
from cli.demo.ground import a_table


def parts(outcome: Outcome) -> Iterator[RenderableType]:
    """Offers, what came of them, plans, tickets, messages."""
    shown = outcome.shown()
    offers = a_table("Offers", "delivery", "candidate", "offer", "state", "said")
    for delivery_id, told in outcome.assignments.items():
        for offer in told["offers"]:
            offers.add_row(delivery_id, offer["candidate"], offer["offer"], offer["state"], offer["note"])
    yield offers
    outcomes = a_table("What came of it", "delivery", "outcome", "in words")
    for delivery_id, came in shown["outcomes"].items():
        outcomes.add_row(delivery_id, str(came["outcome"]), str(came["note"]))
    yield outcomes
    plans = a_table("Plans", "route", "version", "stops")
    for route, plan in shown["plans"].items():
        plans.add_row(route, str(plan["version"]), ", ".join(plan["stops"]) or "none")
    yield plans
    tickets = a_table("Tickets", "delivery", "queue", "title")
    for ticket in shown["tickets"]:
        tickets.add_row(ticket["delivery_id"], ticket["queue"], ticket["title"])
    yield tickets
    messages = shown["messages"]
    yield f"Messages: {len(messages['mails'])} mails, {len(messages['sms'])} SMS, {len(messages['calls'])} signed calls."
