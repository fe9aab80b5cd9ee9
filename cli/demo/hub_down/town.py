"""What the scene is played on: a rulebook, a directory, and the deliveries of two hubs, one of which will stand still."""

from pathlib import Path
from typing import Any

from cli.rules import templates_for
from domain.instant import HOUR, iso
from rules.check import Check, check
from workflows.clock import wall_clock

RULE = "hub-stands-still"
DOWN, OTHER = "HEL1", "TKU1"
SNOW = "north-2"
"""The zone that somebody declares to be snowed in."""

LEAD = "shift-lead@example.test"
AT_LEAST = 5
SNOWS_FOR_S = 3
HEALTHY = 5
"""Deliveries of the other hub, on which nothing goes wrong."""

BOOK = f"""\
rulebook: hub-down
rules:
  - id: {RULE}
    says: Nothing leaves the hub
    when: status is on_hold
    group: {{by: hub, at_least: {AT_LEAST}, within: 10m}}
    severity: high
    do:
      - notify: {{who: customer, template: running-late, channels: [email]}}
"""

DIRECTORY = f"""\
hubs:
  {DOWN}: {{timezone: Europe/Helsinki}}
  {OTHER}: {{timezone: Europe/Helsinki}}
people:
  shift-lead: {{email: {LEAD}}}
queues: [hub-ops]
zones: [north-1, {SNOW}]
disruptions: {{queue: hub-ops, tell: [shift-lead]}}
"""


def write_book(folder: Path) -> tuple[Path, Check]:
    """The folder of rules, and what is published of it."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "hub-down.yaml").write_text(BOOK, "utf-8")
    (rules / "directory.yaml").write_text(DIRECTORY, "utf-8")
    return rules, check(rules, templates_for(rules))


def held(number: int) -> str:
    """The id of a delivery at the hub that stands still."""
    return f"H-{number:04}"


def healthy(number: int) -> str:
    return f"T-{number:04}"


def address(delivery_id: str) -> str:
    return f"{delivery_id.lower()}@example.test"


def order(delivery_id: str, hub: str) -> dict[str, Any]:
    """A delivery that waits at a hub for its van."""
    return {
        "delivery_id": delivery_id,
        "carrier": "acme",
        "hub": hub,
        "zone": SNOW if hub == OTHER else "north-1",
        "promised": {"end": iso(wall_clock() + 8 * HOUR)},
        "destination": {"timezone": "Europe/Helsinki"},
        "customer": {"name": f"Customer {delivery_id}", "email": address(delivery_id)},
        "rulebook": "hub-down",
    }
