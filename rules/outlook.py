"""What an open incident has before it, if nobody does anything and nothing new is learnt: for `why`. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.incident import Incident
from domain.instant import NEVER, Instant, iso
from rules.book import Ladder
from rules.compile import CompiledBook, CompiledRule
from rules.ladder import next_step_at
from rules.looking import may_open
from rules.machine import Cell, Phase
from rules.questions import WAITS
from rules.quiet import quiet_until
from rules.scene import Scene
from rules.timed import aged


def outlook_of(
    incidents: Iterable[Incident],
    rule: CompiledRule,
    cells: Mapping[str, Cell],
    book: CompiledBook,
    scene: Scene,
    at: Instant,
    end: Instant = NEVER,
) -> dict[str, Any]:
    """How the rule's escalation goes on, what of it waits for the end of its quiet hours, and until when those are. `end` is when
    what it has open ends with the grace."""
    mine = [incident for incident in incidents if incident.rule == rule.id]
    waiting = [(act, f"waits: {act.note}") for incident in mine for act in incident.waiting]
    waiting += [(act, WAITS) for incident in mine for _, act in incident.asking]
    quiet = quiet_until(rule.rule, book.rulebook.directory, scene.delivery, at)
    return {
        "escalation": _escalation(mine, rule, cells, book, scene, at, end),
        "waiting": [{"action": act.action, "until": iso(act.until), "says": f"{act.action} {why}"} for act, why in waiting],
        "quiet_until": iso(quiet),
    }


def _escalation(
    incidents: Iterable[Incident],
    rule: CompiledRule,
    cells: Mapping[str, Cell],
    book: CompiledBook,
    scene: Scene,
    at: Instant,
    end: Instant,
) -> dict[str, Any] | None:
    """None for a rule without an escalation, or without an open incident."""
    cell, ladder = cells.get(rule.id), rule.rule.escalate
    incident = next((incident for incident in incidents if incident.is_open), None)
    if incident is None or cell is None or not cell.is_open or ladder is None:
        return None
    incident = aged(incident, rule.rule, cell, at)
    in_play = may_open(rule, scene.delivery, book.in_scope(scene.delivery))
    next_at = next_step_at(ladder, incident, rule, cell, scene, in_play)
    next_at = NEVER if next_at > end else next_at
    return {"step": incident.step, "of": len(ladder.steps), **_next(ladder, incident, cell, next_at)}


def _next(ladder: Ladder, incident: Incident, cell: Cell, next_at: Instant) -> dict[str, Any]:
    if next_at < NEVER:
        return {"at": iso(next_at), "says": f"escalates at {iso(next_at)} unless {stops(ladder)}"}
    if incident.acknowledged_by is not None and "acknowledged" in ladder.stop_when:
        return {"at": None, "says": f"does not escalate: acknowledged by {incident.acknowledged_by}"}
    if incident.owner is not None and "claimed" in ladder.stop_when:
        return {"at": None, "says": f"does not escalate: claimed by {incident.owner}"}
    if cell.phase is Phase.CLEARING and "cleared" in ladder.stop_when:
        return {"at": None, "says": "does not escalate while it is clear"}
    return {"at": None, "says": "does not escalate any further"}


def stops(ladder: Ladder) -> str:
    """What people can do about it; resolving the incident always stops it."""
    return " or ".join(stop for stop in ladder.stop_when if stop != "cleared") or "resolved"
