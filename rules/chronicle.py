"""What each rule did between two looks at a delivery, in words: for forecasts, and for trying a rule out. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.actions import ACTION_ARGUMENTS, Outcome
from domain.incident import Act, Incident, Mode
from domain.instant import Instant, iso
from rules.adoption import Versions
from rules.book import Rule, public_name
from rules.clock_times import Calendar
from rules.machine import Cell, Phase
from rules.outlook import stops
from rules.reload import book_of
from rules.watch import Watch

TURNS = {
    (Phase.IDLE, Phase.PENDING): ("pending", "is true, and does not open yet"),
    (Phase.PENDING, Phase.IDLE): ("cancelled", "is no longer true before it opened"),
    (Phase.OPEN, Phase.CLEARING): ("clearing", "is clear, and resolves if it stays so"),
    (Phase.CLEARING, Phase.OPEN): ("open_again", "is true again, and stays open"),
}
"""What a rule does without an incident opening or ending: phase before, phase after -> its name and how it is said."""

OUTCOMES = {
    Outcome.STARTED: ("begins {action}", ""),
    Outcome.ASKED: ("does {action}", ": an answer is waited for"),
    Outcome.REQUESTED: ("asks for {action}", ": an answer is waited for"),
    Outcome.DONE: ("does {action}", ""),
    Outcome.WOULD: ("would do {action}", ""),
    Outcome.DEFERRED: ("puts off {action}", ": {note}"),
    Outcome.WITHHELD: ("withholds {action}", ": {note}"),
    Outcome.DROPPED: ("drops {action}", ": {note}"),
    Outcome.PROPOSED: ("asks whether to do {action}", ""),
}
"""How it is said what came of an action, before its time and after it; anything else is its outcome with the note."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a rule did: `what` is its name for programs, `says` goes on after the rule's name, `more` after the time."""

    at: Instant
    rule: str
    what: str
    says: str
    more: str = ""
    action: str | None = None

    def as_json(self, calendar: Calendar) -> dict[str, Any]:
        """The entry for programs; `says` is a whole sentence, with the clock time of the delivery's recipient."""
        action = {} if self.action is None else {"action": self.action}
        says = f"{self.rule} {self.says} at {calendar.text(self.at)}{self.more}"
        return {"at": iso(self.at), "rule": self.rule, "what": self.what, **action, "says": says}


def turns(before: Watch, after: Watch) -> list[Entry]:
    """Changes of phase that neither open nor end an incident, in order. Those that nobody woke up for are seen at the next look."""
    found = [entry for rule, cell in after.cells.items() for entry in _turns(rule, before.cells.get(rule, Cell()), cell)]
    return sorted(found, key=lambda entry: entry.at)


def entries(before: Watch, after: Watch, versions: Versions, at: Instant) -> list[Entry]:
    """What looks at an instant did to incidents, in order."""
    found: list[Entry] = []
    known = {incident.incident_id: incident for incident in before.incidents}
    for incident in after.incidents:
        earlier = known.get(incident.incident_id)
        if earlier is not incident:
            found += _of_incident(earlier, incident, book_of(after, versions).rule(incident.rule), at)
    return sorted(found, key=lambda entry: entry.at)


def _turns(rule: str, before: Cell, after: Cell) -> Iterator[Entry]:
    turned = TURNS.get((before.phase, after.phase))
    if turned is not None and before.episode == after.episode:
        yield Entry(after.since, public_name(rule), *turned)


def _of_incident(before: Incident | None, after: Incident, rule: Rule | None, at: Instant) -> Iterator[Entry]:
    name = public_name(after.rule)
    if before is None:
        mode = f", {after.mode.value}" if after.mode is not Mode.LIVE else ""
        yield Entry(after.opened_at, name, "opens", "opens", f" ({after.severity.value}{mode})")
    elif after.stages != before.stages:
        yield Entry(at, name, "reaches", f"reaches stage {max(after.stages) + 1}", f" ({after.severity.value})")
    yield from _climbed(before, after, rule, at)
    for how, path, act in _newly(before, after):
        if how == "before":
            yield _done(name, path, act, at)
    if after.resolved_at is not None and after.resolution is not None and (before is None or before.is_open):
        yield Entry(after.resolved_at, name, "resolves", "resolves", f" ({after.resolution.value.replace('_', ' ')})")
    for how, path, act in _newly(before, after):
        if how == "after":
            yield _done(name, path, act, at)


def _climbed(before: Incident | None, after: Incident, rule: Rule | None, at: Instant) -> Iterator[Entry]:
    """Each step of the escalation whose time has come; again for each repeat."""
    earlier = before.rungs if before is not None else ()
    ladder = rule.escalate if rule is not None else None
    if ladder is None or after.rungs == earlier:
        return
    for number, times in enumerate(after.rungs):
        if times > (earlier[number] if number < len(earlier) else 0):
            again = f", repeat {times - 1}" if times > 1 else ""
            unless = f" unless {stops(ladder)}"
            yield Entry(at, public_name(after.rule), "escalates", "escalates", f"{unless} (step {number + 1}{again})")


def _newly(before: Incident | None, after: Incident) -> Iterator[tuple[str, str, Act]]:
    """What has come to something else of the actions, and whether it belongs before the incident's end, or after."""
    earlier = before.acts if before is not None else {}
    for path, act in after.acts.items():
        if earlier.get(path) != act and act.action.partition(".")[0] in ACTION_ARGUMENTS:
            yield "after" if path.startswith("on_resolve") else "before", path, act


def _done(name: str, path: str, act: Act, at: Instant) -> Entry:
    outcome = act.outcome.value.replace("_", " ")
    says, more = OUTCOMES.get(act.outcome, (f"{{action}} {outcome}", ": {note}" if act.note else ""))
    otherwise = ", as otherwise" if "otherwise" in path else ""
    return Entry(at, name, act.outcome.value, says.format(action=act.action) + otherwise, more.format(note=act.note), act.action)
