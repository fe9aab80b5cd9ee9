"""`python -m benchmarks`: measures everything in about twelve minutes, writes benchmarks/results.json and prints one table.

`--quick` measures each part with a few deliveries, to see that it still runs, and writes nothing. `--only weights,reaction` measures
these parts; the others keep their figures.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks import beside, costs, disruption, evaluate, memory, reaction, recovery, rerouting, table, throughput, weights
from benchmarks.kept import keep, kept

QUICK: Mapping[str, dict[str, Any]] = {
    "evaluate": {"deliveries": 5, "rounds": 1},
    "memory_mb": {"deliveries": 5, "first": 2},
    "throughput": {"deliveries": 5, "rounds": 1, "at_once": 5},
    "weights": {"spaced_s": 0.1},
    "costs": {"deliveries": 3, "apart_s": 0.2, "starts": 10},
    "reaction": {"deliveries": 5, "lead_s": 3, "spread_s": 1, "senders": 1},
    "recovery": {"deliveries": 20, "falling_due": 5, "lead_s": 4},
    "reroute": {"stops": 4, "rounds": 1},
    "disruption": {"deliveries": 20},
}
"""What each part is told by --quick."""


def _throughput(**told: Any) -> Any:
    whole = asyncio.run(throughput.measure(**told))
    print(whole.render(), flush=True)
    return {**asdict(whole), "median_bare": median(whole.bare), "median_real": median(whole.real), "ratio": whole.ratio}


def _evaluate(**told: Any) -> Any:
    found = evaluate.measure(**told)
    for cost in found:
        print(cost.render(), flush=True)
    return [{**asdict(cost), "ratio": cost.ratio, "events_per_second": cost.events_per_second} for cost in found]


def _grown() -> Any:
    grown = evaluate.grown()
    print(f"2,000 deliveries that came and went left {grown:.1f} MB behind", flush=True)
    return grown


def _beside() -> Any:
    others = beside.measure()
    print(others.render(), flush=True)
    return {**asdict(others), "ratios": others.ratios}


def _reroute(**told: Any) -> Any:
    reroutes = asyncio.run(rerouting.measure(**told))
    print(reroutes.render(), flush=True)
    return {**asdict(reroutes), "median": median(reroutes.seconds)}


def _plain(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Of a part whose figures are its fields."""

    def measured(**told: Any) -> Any:
        found = asyncio.run(measure(**told))
        print(found.render(), flush=True)
        return asdict(found)

    return measured


PARTS: Mapping[str, Callable[..., Any]] = {
    "evaluate": _evaluate,
    "grown_by_2000_deliveries_mb": _grown,
    "beside": _beside,
    "memory_mb": _plain(memory.measure),
    "throughput": _throughput,
    "weights": _plain(weights.measure),
    "costs": _plain(costs.measure),
    "reaction": _plain(reaction.measure),
    "recovery": _plain(recovery.measure),
    "reroute": _reroute,
    "disruption": _plain(disruption.measure),
}


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few deliveries for each part; writes nothing")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}, separated by commas")
    told = parser.parse_args()
    wanted = told.only.split(",")
    if unknown := [name for name in wanted if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; parts are {', '.join(PARTS)}")
    found = {}
    for name in wanted:
        print(f"# {name}", flush=True)
        found[name] = PARTS[name](**(QUICK.get(name, {}) if told.quick else {}))
        if not told.quick:
            keep(name, found[name])
    print(table.render(found if told.quick else kept()), flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # short programs with the SDK sometimes abort at the interpreter's exit (temporalio/sdk-python#300)
