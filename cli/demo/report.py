"""The report at the end of the demo, as tables for people."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table

from cli.demo.day import Day
from cli.demo.verdict import Finding, Verdict
from domain.instant import SECOND


def print_report(verdict: Verdict, day: Day, console: Console) -> None:
    """Faults, effects, what was odd, and what did not hold."""
    for part in _parts(verdict, day):
        console.print(part)
    for problem in verdict.problems:
        console.print(f"[red]Did not hold:[/red] {problem}", highlight=False)
    if not verdict.problems:
        console.print("[green]All of it held.[/green]")


def _parts(verdict: Verdict, day: Day) -> Iterator[RenderableType]:
    yield f"A day that passed {verdict.factor} times as fast. Times are the day's; the last column is in real seconds."
    yield _faults(verdict, day)
    yield _effects(verdict)
    yield _healthy(verdict)


def _faults(verdict: Verdict, day: Day) -> Table:
    noticed = sum(finding.noticed_at is not None for finding in verdict.findings)
    table = Table(title=f"{noticed} of {len(verdict.findings)} injected faults were noticed", title_justify="left")
    for heading in ("delivery", "fault", "due", "noticed", "by rule", "done", "ended"):
        table.add_column(heading, overflow="fold")
    table.add_column("seconds after", justify="right")
    for finding in verdict.findings:
        table.add_row(*_row(finding, day))
    return table


def _row(finding: Finding, day: Day) -> tuple[str, ...]:
    noticed = "never" if finding.noticed_at is None else day.clock(finding.noticed_at)
    delay = "" if finding.delay is None else f"{finding.delay / SECOND:.3f}"
    said = ", ".join(_briefly(act) for act in finding.actions) or "nothing"
    fault = finding.fault.replace("_", " ")
    return (
        finding.delivery_id,
        fault,
        day.clock(finding.due_at),
        noticed,
        finding.rule,
        said,
        finding.resolution or "open",
        delay,
    )


def _briefly(act: str) -> str:
    """What was done, and what came of it where it was not simply done: "reroute: no_help"."""
    return act.removesuffix(": done")


def _effects(verdict: Verdict) -> Table:
    table = Table(title="Actions: the ledger against what was received", title_justify="left")
    columns = ("done", "doubled", "failed", "lost", "no_help", "unfinished")
    table.add_column("action")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for action, tally in verdict.effects.items():
        table.add_row(action, *(str(getattr(tally, column)) for column in columns))
    return table


def _healthy(verdict: Verdict) -> str:
    healthy = verdict.deliveries - len(verdict.findings)
    sent = sum(oddity.sent - oddity.distinct for oddity in verdict.oddities)
    raised = len(verdict.false_incidents)
    return (
        f"{healthy} healthy deliveries raised {raised or 'no'} incidents. {len(verdict.oddities)} of them had duplicates or late "
        f"scans ({sent} reports came twice): they ended as they would have without."
    )
