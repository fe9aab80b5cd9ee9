"""What keeps a rule's actions back: quiet hours put them off, limits withhold them. Pure.

An action that was put off is looked at anew when its quiet hours end, or when its incident does. One that is sent only if it is
still called for goes on waiting while its incident is clearing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.actions import Outcome
from domain.delivery import Delivery
from domain.incident import Act, Incident
from domain.instant import Instant
from rules.book import Rule, Step
from rules.directory import Directory
from rules.limits import Effects, limit_reached, limit_text
from rules.machine import Cell, Phase
from rules.plan import is_of_open, step_at
from rules.quiet import is_quieted, quiet_until, until_text

TAKING_BACK = ("on_resolve.cured.", "on_resolve.retracted.")
"""How the paths begin of what takes back what was told of an incident."""

RECHECK = "recheck_then_send"
NOT_WANTED = "no longer wanted when its incident ended"
NOT_TRUE = "no longer wanted at the end of quiet hours"
UNTOLD = (Outcome.DROPPED, Outcome.WITHHELD)
"""What has come of a message that was never sent."""
NOT_TOLD = "nobody was told of what it takes back"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an action is begun in: the delivery, where its rule stands, what was done before."""

    delivery: Delivery
    directory: Directory
    cell: Cell | None
    effects: Effects
    now: Instant


def kept_back(rule: Rule, incident: Incident, path: str, name: str, around: Circumstances) -> Act | None:
    """What comes of an action that may not be begun now; None if it may."""
    if rule.quiet_hours is None and not rule.limits:
        return None
    before = incident.acts.get(path)
    if before is not None and not _is_wanted(rule, incident, path, around.cell):
        note = NOT_TRUE if incident.is_open or not is_of_open(path) else NOT_WANTED
        return Act(name, before.asked_at, Outcome.DROPPED, around.now, note)
    if path.startswith(TAKING_BACK) and _was_never_told(incident, name):
        return Act(name, around.now, Outcome.DROPPED, around.now, NOT_TOLD)
    asked_at = around.now if before is None else before.asked_at
    return _quiet(rule, name, asked_at, around) or _limited(rule, incident, name, asked_at, around)


def put_off(incident: Incident, rule: Rule, cell: Cell | None, now: Instant) -> Iterator[tuple[str, Step]]:
    """What was put off and is to be looked at anew, by path."""
    if rule.quiet_hours is None and not incident.tried:
        return
    is_clearing = incident.is_open and cell is not None and cell.phase is Phase.CLEARING
    for path, act in incident.acts.items():
        step = step_at(rule, path) if act.outcome is Outcome.DEFERRED else None
        if step is None or act.until is None:
            continue
        depends = is_of_open(path) and is_rechecked(rule)
        if (depends and not incident.is_open) or (act.until <= now and not (depends and is_clearing)):
            yield path, step


def is_rechecked(rule: Rule) -> bool:
    """Whether what waits for the end of quiet hours is sent only if it is still called for."""
    return rule.quiet_hours is not None and rule.quiet_hours.at_end == RECHECK


def _is_wanted(rule: Rule, incident: Incident, path: str, cell: Cell | None) -> bool:
    """Whether what was put off is still called for: its incident is open and not clearing; after one, none has opened anew."""
    if not is_rechecked(rule):
        return True
    if is_of_open(path):
        return incident.is_open and cell is not None and cell.phase is Phase.OPEN
    return cell is None or not cell.is_open


def _was_never_told(incident: Incident, name: str) -> bool:
    """Whether all that the incident had for somebody was dropped or withheld: then nothing needs to be taken back."""
    told = [act.outcome for path, act in incident.acts.items() if act.action == name and is_of_open(path)]
    return bool(told) and all(outcome in UNTOLD for outcome in told)


def _quiet(rule: Rule, name: str, asked_at: Instant, around: Circumstances) -> Act | None:
    quiet = rule.quiet_hours
    if quiet is None or not is_quieted(quiet, name):
        return None
    until = quiet_until(rule, around.directory, around.delivery, around.now)
    if until is None:
        return None
    if quiet.at_end == "drop":
        return Act(name, asked_at, Outcome.DROPPED, around.now, until_text(quiet))
    return Act(name, asked_at, Outcome.DEFERRED, around.now, until_text(quiet), until)


def _limited(rule: Rule, incident: Incident, name: str, asked_at: Instant, around: Circumstances) -> Act | None:
    if not rule.limits:
        return None
    limit = limit_reached(rule, around.effects, name, incident.is_shadow, around.now)
    return Act(name, asked_at, Outcome.WITHHELD, around.now, limit_text(limit)) if limit is not None else None
