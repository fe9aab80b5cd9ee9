"""The live table: incidents opening, acting and resolving while the day is played."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.demo.day import Day
from cli.demo.player import Played
from domain.incident import Severity
from domain.instant import Instant
from store.copies import Counts, Effect, IncidentCopy
from store.words import EffectState

ROWS = 18
"""Incidents that fit on a screen; the newest."""

COLOURS = {
    Severity.INFO: "dim",
    Severity.LOW: "cyan",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "red",
    Severity.CRITICAL: "bold red",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to see at one instant."""

    at: Instant
    counts: Counts
    incidents: Sequence[IncidentCopy]
    effects: Sequence[Effect]
    mails: int
    texts: int

    def effects_of(self, incident_id: str) -> list[Effect]:
        found = (effect for effect in self.effects if effect.incident_id == incident_id)
        return sorted(found, key=lambda effect: (effect.claimed_at, effect.key))


def board(sight: Sight, day: Day, played: Played, total: int, links: Sequence[str], news: Sequence[str]) -> RenderableType:
    """The whole screen."""
    told = [Text(line, style="yellow") for line in news[-3:]] + [Text(line, style="dim") for line in links]
    return Group(_headline(sight, day, played, total), _table(sight, day), *told)


def state_of(copy: IncidentCopy, effects: Sequence[Effect]) -> str:
    """opening, acting, open, or how it was resolved."""
    incident = copy.incident
    if incident.resolution is not None:
        return f"resolved: {incident.resolution.value}"
    if any(effect.state is not EffectState.CLOSED for effect in effects):
        return "acting"
    return "open" if effects else "opening"


def done_by(effect: Effect) -> str:
    """An effect in two words."""
    return f"{effect.action} {effect.outcome.value if effect.outcome else effect.state.value}"


def _headline(sight: Sight, day: Day, played: Played, total: int) -> Text:
    counts = sight.counts
    late = sum(number for condition, number in counts.by_condition.items() if condition.value == "late")
    return Text.assemble(
        (f" {day.clock(sight.at)} ", "reverse"),
        f"  {counts.finished} of {total} deliveries ended, {counts.open_incidents} incidents open, {late} late;",
        f"  {played.sent} reports, {sight.mails} mails, {sight.texts} SMS",
    )


def _table(sight: Sight, day: Day) -> Table:
    table = Table(expand=True, title_justify="left")
    for heading in ("opened", "delivery", "rule", "severity", "state", "done"):
        table.add_column(heading, overflow="fold" if heading == "done" else "ellipsis")
    for copy in _newest(sight.incidents):
        incident, effects = copy.incident, sight.effects_of(copy.incident.incident_id)
        severity = Text(incident.severity.value, style=COLOURS[incident.severity])
        done = ", ".join(done_by(effect) for effect in effects)
        style = "dim" if incident.resolution else ""
        row = (day.clock(incident.opened_at), copy.delivery_id, incident.rule)
        table.add_row(*row, severity, state_of(copy, effects), done, style=style)
    return table


def _newest(incidents: Sequence[IncidentCopy]) -> list[IncidentCopy]:
    return sorted(incidents, key=lambda copy: copy.incident.opened_at, reverse=True)[:ROWS]
