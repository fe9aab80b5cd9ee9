"""`python -m benchmarks`: measures everything in about five minutes, prints it and writes benchmarks/results.json."""

import asyncio
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import beside, disruption, evaluate, memory, rerouting, throughput

RESULTS = Path(__file__).parent / "results.json"


def measured() -> dict[str, Any]:
    """All figures by name."""
    costs = evaluate.measure()
    for cost in costs:
        print(cost.render(), flush=True)
    grown = evaluate.grown()
    print(f"2,000 deliveries that came and went left {grown:.1f} MB behind", flush=True)
    others = beside.measure()
    print(others.render(), flush=True)
    room = asyncio.run(memory.measure())
    print(room.render(), flush=True)
    whole = asyncio.run(throughput.measure())
    print(whole.render(), flush=True)
    reroutes = asyncio.run(rerouting.measure())
    print(reroutes.render(), flush=True)
    burst = asyncio.run(disruption.measure())
    print(burst.render(), flush=True)
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "evaluate": [{**asdict(cost), "ratio": cost.ratio, "events_per_second": cost.events_per_second} for cost in costs],
        "grown_by_2000_deliveries_mb": grown,
        "beside": {**asdict(others), "ratios": others.ratios},
        "memory_mb": asdict(room),
        "reroute": {**asdict(reroutes), "median": median(reroutes.seconds)},
        "disruption": asdict(burst),
        "throughput": {
            **asdict(whole),
            "median_bare": median(whole.bare),
            "median_real": median(whole.real),
            "ratio": whole.ratio,
        },
    }


def rounded(value: Any) -> Any:
    """Three digits behind the point are more than a measurement is worth."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    RESULTS.write_text(json.dumps(rounded(measured()), indent=2) + "\n")
    print(f"written to {RESULTS}")
    os._exit(0)  # short programs with the SDK sometimes abort at the interpreter's exit (temporalio/sdk-python#300)
