"""What `doorstep delivery why` prints for people; programs get the whole answer as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MARKS = {"true": "yes", "false": "no ", "unknown": " ? "}

SAID = {None: "unknown", True: "yes", False: "no"}

WHERE = {"when": "", "only_when": "only when: ", "clears_when": "clears when: "}

NEARNESS = ("open", "clearing", "pending", "idle")
"""Phases, the most urgent first."""

SHOWN_MISSES = 2
"""How much of what a rule lacks stands on its line; one rule alone is told in full."""


def told(rules: Sequence[Mapping[str, Any]], in_full: bool = False) -> Iterator[str]:
    """Lines: rules that are open or about to open with their sentences, the others in a line each.

    Rules that are not for the delivery are left out; `in_full` tells all of each, for a rule that was asked for by name.
    """
    shown = [rule for rule in rules if in_full or rule["applies"] or rule["phase"] in ("open", "clearing")]
    for rule in sorted(shown, key=lambda rule: NEARNESS.index(rule["phase"])):
        yield from _in_full(rule) if in_full or rule["phase"] != "idle" else (_in_short(rule),)
    if not shown:
        yield "no rule of its rulebook is for this delivery"


def _in_full(rule: Mapping[str, Any]) -> Iterator[str]:
    """One rule: where it stands, each sentence with its value, what is missing, and what it does next."""
    yield f"{rule['rule']}: {rule['phase']}" + ("" if rule["applies"] else f" (not for this delivery{_because(rule)})")
    for sentence in rule["sentences"]:
        source = f", from {_event(sentence['source'])}" if sentence["source"] else ""
        yield f"  {MARKS[sentence['truth']]}  {WHERE.get(sentence['in'], '')}{sentence['text']}  (now: {plain(sentence['value'])}{source})"
    for missing in rule["near_miss"] or ():
        yield f"       {missing}"
    if rule["forecast"]:
        yield f"  {rule['forecast']['says']}"
    if rule.get("muted"):
        yield f"  muted until {rule['muted']['until']} by {rule['muted']['by']}"
    yield from (f"  awaits a decision: {proposal['says']}" for proposal in rule.get("proposals", ()))
    if rule.get("escalation"):
        yield f"  {rule['escalation']['says']}"
    yield from (f"  {waiting['says']}" for waiting in rule.get("waiting", ()))
    if rule.get("quiet_until"):
        yield f"  quiet hours until {rule['quiet_until']}"


def _because(rule: Mapping[str, Any]) -> str:
    return f": {rule['left_out']}" if rule.get("left_out") else ""


def _event(source: Mapping[str, Any]) -> str:
    """`scan at STOP7, 2026-11-23T09:40:00Z`; the id, which tells people nothing, is in the JSON."""
    place = f" at {source['place']}" if source.get("place") else ""
    return f"{(source.get('kind') or 'a report').replace('_', ' ')}{place}, {source['at']}"


def _in_short(rule: Mapping[str, Any]) -> str:
    missing = list(rule["near_miss"] or ())
    more = f" and {len(missing) - SHOWN_MISSES} more" if len(missing) > SHOWN_MISSES else ""
    next_step = f"; {rule['forecast']['says']}" if rule["forecast"] else ""
    silenced = (
        f"; muted until {rule['muted']['until']} by {rule['muted']['by']}: it does nothing until then"
        if rule.get("muted")
        else ""
    )
    return (
        f"{rule['rule']}: {rule['phase']}; {', '.join(missing[:SHOWN_MISSES]) or 'nothing is missing'}{more}{next_step}{silenced}"
    )


def plain(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return SAID.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)
