"""Small rulebooks for workflow tests, with spans of seconds."""

from typing import Any

from domain.instant import SECOND
from rules.book import Rule, Rulebook, Step
from rules.tree import Absent, All, Condition, EventPattern, Is

OUT = Is("status", ("out_for_delivery",), text="status is out_for_delivery")
NO_SCAN = Absent(EventPattern("scan"), 2 * SECOND, EventPattern("out_for_delivery"), text="no scan for 2s since out_for_delivery")
FAILED = Is("status", ("attempt_failed",), text="status is attempt_failed")

TELL = Step("notify", {"who": "customer", "template": "running-late"})
TICKET = Step("open_ticket", {"queue": "hub-ops"})
REROUTE = Step("reroute", {}, (Step("reassign", {}, (TICKET,)),))


def a_rule(id: str, when: Condition, **keys: Any) -> Rule:
    return Rule(id, f"it says {id}", when, **keys)


def a_book(*rules: Rule, **keys: Any) -> Rulebook:
    return Rulebook("standard", rules, **keys)


MISSED_SCAN = a_rule("missed-scan", All((OUT, NO_SCAN)), do=(REROUTE, TELL), on_resolve={"cured": (TELL,)})
ATTEMPT = a_rule("attempt", FAILED, do=(TICKET, TELL))
LATE = a_rule("late", Is("condition", ("late",), text="condition is late"), do=(TELL,))
