"""The rulebooks that are measured: the shipped one, and one of many rules."""

from dataclasses import replace

from rules.book import Rulebook
from rules.reader import Reading, read_book, read_file
from settings import SHIPPED_RULES

SHIPPED = SHIPPED_RULES / "standard.yaml"

FORMS: tuple[tuple[str, str], ...] = (
    ("status is {status}", "no scan for {n}h since {status}"),
    ("status is one of created, {status}", "{n}m before promised end"),
    ("attempts at least {few}", "status is {status}"),
    ("eta later than promised end by {n}m", "status is not {status}"),
    ("at same stop for {n}m", "carrier is acme"),
    ("condition is at_risk", "no scan for {n}h"),
    ("{status} overdue by {n}m", "zone is north-2"),
    ("silent for {n}m", "status is {status}"),
    ("between 08:00 and 20:00", "no status for {n}h"),
    ("stopped for {n}m", "not driver on break"),
)
"""Pairs of sentences; rules differ in their numbers and statuses."""

STATUSES = ("assigned", "picked_up", "in_transit", "at_hub", "out_for_delivery")


def shipped() -> Rulebook:
    """rules/books/standard.yaml, without its hour for corrections after the end: whole lives are measured, not that wait."""
    return replace(_book(read_file(SHIPPED)), final_grace=0)


def many(number: int = 50) -> Rulebook:
    """A book of rules of two sentences each, of every form that the language has."""
    return _book(read_book("rulebook: many\nrules:\n" + "".join(_rule(index) for index in range(number)), "many.yaml"))


def rerouting() -> Rulebook:
    """A book that asks the route for a better order as soon as an ETA is late."""
    rule = "  - id: behind\n    says: Behind\n    when: eta later than promised end by 10m\n    do: [{reroute: {}}]\n"
    return read(f"rulebook: rerouting\nrules:\n{rule}")


def due() -> Rulebook:
    """A book that opens a ticket a minute before the promised end: an instant that each order chooses."""
    rule = "  - id: due\n    says: It is due\n    when: 1m before promised end\n    do: [{open_ticket: {queue: dispatch}}]\n"
    return read(f"rulebook: due\nrules:\n{rule}")


def behind() -> Rulebook:
    """A book that opens a ticket as soon as an ETA is late."""
    rule = "  - id: behind\n    says: Behind\n    when: eta later than promised end by 10m\n    do: [{open_ticket: {queue: dispatch}}]\n"
    return replace(read(f"rulebook: behind\nrules:\n{rule}"), final_grace=0)


def read(text: str) -> Rulebook:
    """A book from its text."""
    return _book(read_book(text, "bench.yaml"))


def _rule(index: int) -> str:
    status = STATUSES[index // len(FORMS) % len(STATUSES)]
    first, second = (sentence.format(status=status, n=20 + index, few=2 + index % 3) for sentence in FORMS[index % len(FORMS)])
    return f"  - id: rule-{index}\n    says: It is rule {index}\n    when:\n      - {first}\n      - {second}\n"


def _book(reading: Reading) -> Rulebook:
    if reading.book is None:
        raise ValueError("\n".join(problem.render() for problem in reading.problems))
    return reading.book
