"""One table of all figures: what is measured, beside what, ours, and what it is to be. docs/benchmarks.md explains each row."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Row: TypeAlias = tuple[str, str, str, str]
"""What, what it is compared with, Doorstep, the ratio or the aim."""

Figures: TypeAlias = Mapping[str, Any]

HEAD: Row = ("what", "compared with", "Doorstep", "ratio, aim")


def render(figures: Figures) -> str:
    """Rows of those parts that have been measured."""
    rows = [HEAD, *(row for part, told in ROWS.items() if part in figures for row in told(figures[part]))]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _throughput(one: Figures) -> Iterator[Row]:
    yield (
        "whole deliveries a second",
        f"bare {one['median_bare']:.1f}",
        f"{one['median_real']:.1f}",
        f"{one['ratio']:.2f} (at least 0.90)",
    )


def _weights(one: Figures) -> Iterator[Row]:
    for name, aims in (("healthy", ("at most 20", "at most 65")), ("incident", ("", ""))):
        weights = one[name]
        for what, aim in zip(("billed_actions", "history_events"), aims, strict=True):
            bare, naive, ours = (weights[which][what] for which in ("Bare", "Naive", "Delivery"))
            told = f"{what.replace('_', ' ')}, {'8 reports' if name == 'healthy' else 'with an incident'}"
            yield (
                told,
                f"bare {bare}, naive {naive}",
                f"{ours}",
                f"{ours / naive:.2f} of naive {f'({aim})' if aim else ''}".rstrip(),
            )


def _reaction(one: Figures) -> Iterator[Row]:
    for name in ("p50", "p99"):
        swept = ", ".join(f"{period} {delays[name]:.0f} s" for period, delays in one["sweeps"].items())
        yield f"due to first action, idle, {name}", f"sweep {swept}", f"{one['idle'][name]:.3f} s", ""
        aim = "under 2 s" if name == "p99" else ""
        yield f"due to first action, loaded, {name}", f"sweep {swept}", f"{one['loaded'][name]:.3f} s", aim


def _costs(one: Figures) -> Iterator[Row]:
    for what, unit in (("cpu_ms_an_event", "worker CPU an event, ms"), ("starts_a_second", "starts a second")):
        bare, real = one["bare"][what], one["real"][what]
        yield unit, f"bare {bare:.2f}", f"{real:.2f}", f"{real / bare:.2f}"


def _memory(one: Figures) -> Iterator[Row]:
    yield "worker memory of a cached delivery", f"idle worker {one['idle']:.0f} MB", f"{one['per_delivery'] * 1000:.0f} KB", ""


def _recovery(one: Figures) -> Iterator[Row]:
    told = f"{one['open']:,} open, {one['due']} due"
    yield "new worker to the first action", told, f"{one['first_s']:.1f} s", ""
    yield "new worker to all actions", told, f"{one['all_s']:.1f} s", ""


def _open(steps: list[Figures]) -> Iterator[Row]:
    first, last = steps[0], steps[-1]
    for what, unit in (
        ("taken_on_a_second", "taken on a second"),
        ("server_disk", "MB server disk"),
        ("server_memory", "MB server memory"),
        ("worker_memory", "MB worker memory"),
    ):
        yield (
            f"{last['open']:,} open deliveries, {unit}",
            f"at {first['open']:,}: {first[what]:.0f}",
            f"{last[what]:.0f}",
            f"{last[what] / first[what]:.2f}",
        )


def _evaluate(books: list[Figures]) -> Iterator[Row]:
    for one in books:
        yield (
            f"fold and look, {one['rules']} rules, us",
            f"fold {one['fold_us']:.1f}",
            f"{one['look_us']:.1f}",
            f"{one['ratio']:.1f}",
        )


def _reroute(one: Figures) -> Iterator[Row]:
    yield f"reroute of {one['stops']} stops", "", f"{one['median']:.2f} s", "under 2 s"


def _disruption(one: Figures) -> Iterator[Row]:
    yield f"{one['deliveries']} deliveries of one hub fail, all told", "", f"{one['told_s']:.1f} s", f"{one['tickets']} ticket"


ROWS: Mapping[str, Callable[[Any], Iterator[Row]]] = {
    "throughput": _throughput,
    "weights": _weights,
    "reaction": _reaction,
    "costs": _costs,
    "memory_mb": _memory,
    "open": _open,
    "recovery": _recovery,
    "evaluate": _evaluate,
    "reroute": _reroute,
    "disruption": _disruption,
}
