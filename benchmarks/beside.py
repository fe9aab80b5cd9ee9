"""Doorstep beside other engines, for `make bench`: measured now where they are installed, else what `make peers` found last."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".peers"
"""Where `make peers` installs them, so that they never get into our own environment."""

LAST = Path(__file__).parent / "peers.json"

OURS = "Doorstep, everything"


@dataclass(frozen=True, slots=True)
class Beside:
    """Microseconds of one core for an event, by engine, and the day on which one run measured them all."""

    measured: str
    us_an_event: Mapping[str, float]
    is_new: bool

    @property
    def ratios(self) -> Mapping[str, float]:
        """How many times as long as Doorstep each takes."""
        return {name: us / self.us_an_event[OURS] for name, us in self.us_an_event.items()}

    def render(self) -> str:
        when = (
            "in this run"
            if self.is_new
            else f"on {self.measured}, in one run; `make peers` installs the others and measures again"
        )
        rows = [f"{name:20} {us:9,.1f} us an event = {self.ratios[name]:6.2f} x" for name, us in self.us_an_event.items()]
        return "\n".join([f"the same 50 rules by others, measured {when}:", *rows])


def measure() -> Beside:
    """In a process of its own, since the others bring libraries of which we have other versions."""
    is_there = (PEERS / ".ready").exists()
    if is_there:
        told = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PEERS.glob("lib/python*/site-packages")))}
        subprocess.run([sys.executable, "-m", "benchmarks.peers"], cwd=ROOT, env=told, check=True, stdout=subprocess.DEVNULL)
    return last(is_new=is_there)


def last(is_new: bool = False) -> Beside:
    """What was measured last."""
    kept = json.loads(LAST.read_text())
    return Beside(kept["measured"], kept["us_an_event"], is_new)
