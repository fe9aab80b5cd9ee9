"""What came of it: as a table for people, and as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.losses import LOSSES
from tests.chaos.play import Outcome
from tests.chaos.storm import as_shown

SHOWN_LINES = 20
"""Of each column, that many losses are shown by the table; all are in the JSON."""


def as_json(outcome: Outcome) -> Mapping[str, Any]:
    count = outcome.count
    return {
        "seed": outcome.seed,
        "deliveries": outcome.size.deliveries,
        "database": "postgresql" if outcome.size.on_postgres else "sqlite",
        "seconds": round(outcome.seconds, 1),
        "kills": as_shown(outcome.damage),
        "cuts": dict(sorted(outcome.damage.cuts.items())),
        "seen": dict(sorted(count.seen.items())),
        "garbage by door": dict(sorted(outcome.thrown.sent.items())),
        "losses": {name: len(count.lost[name]) for name in LOSSES},
        "lost": {name: lines for name, lines in count.lost.items() if lines},
        "clean": count.losses == 0,
    }


def show(outcome: Outcome, console: Console) -> None:
    """Prints it."""
    size = outcome.size
    console.print(f"seed {outcome.seed}, {size.deliveries} deliveries, {outcome.seconds:.0f} s", highlight=False)
    console.print(_struck(outcome))
    console.print(_seen(outcome))
    console.print(_lost(outcome))
    for name, lines in outcome.count.lost.items():
        for line in lines[:SHOWN_LINES]:
            console.print(f"{name}: {line}", highlight=False, markup=False)


def _struck(outcome: Outcome) -> Table:
    table = Table("part", "kills", "seconds away", "longest", title="What was done", title_justify="left")
    for name, row in as_shown(outcome.damage).items():
        table.add_row(name, *(str(value) for value in row.values()))
    table.add_row("lines between parts", f"{sum(outcome.damage.cuts.values())} connections cut")
    return table


def _seen(outcome: Outcome) -> Table:
    table = Table("what", "count", title="What there was", title_justify="left")
    for name, number in sorted(outcome.count.seen.items()):
        table.add_row(name, str(number))
    return table


def _lost(outcome: Outcome) -> Table:
    table = Table("loss", "count", title="What was lost: all of it has to be zero", title_justify="left")
    for name in LOSSES:
        number = len(outcome.count.lost[name])
        table.add_row(name, f"[red]{number}[/red]" if number else "0")
    return table
