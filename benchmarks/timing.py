"""`python -m benchmarks.timing PYTHON`: four rules about time on the same events by Doorstep and by the Drools of ansible-rulebook.

PYTHON is that of a venv with ansible-rulebook, see `make ansible-peers`. Both clocks are made to go on to each event.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import books, healthy
from benchmarks.evaluate import START
from domain.event import Event
from domain.instant import MINUTE
from domain.status import Kind, Status
from rules.compile import CompiledBook, compile_book
from rules.evaluate import ChangeKind
from rules.watch import Look, Watch, look

RESULTS = Path(__file__).parent / "ansible.json"
DELIVERIES = 10

BOOK = """rulebook: timing
rules:
  - {id: once, says: It stopped, mode: shadow, when: stopped received, clears_when: moving received, cooldown: 10m}
  - {id: window, says: Attempts fail, mode: shadow, when: attempt_failed at least 3 times in 60m}
  - {id: not-all, says: Not sent out, mode: shadow, when: picked_up not followed by out_for_delivery within 30m}
  - {id: absence, says: Not arrived, mode: shadow, when: no arrived for 20m since at_hub}
"""

TOLD: tuple[tuple[int, str], ...] = (
    *((minute, name) for start in (1, 4, 8, 13) for minute, name in ((start, "stopped"), (start + 1, "moving"))),
    *((minute, "attempt_failed") for minute in (20, 32, 44)),
    (46, "picked_up"),
    *((minute, "scan") for minute in range(50, 80)),
    (85, "at_hub"),
    *((minute, "scan") for minute in range(90, 120)),
    (125, "arrived"),
)
"""Minutes and what then happens; each rule opens once, `once` twice."""


def events() -> list[Event]:
    """The same as reports."""
    return [_event(number, START + minute * MINUTE, name) for number, (minute, name) in enumerate(TOLD)]


def _event(number: int, at: int, name: str) -> Event:
    if name in ("picked_up", "at_hub", "arrived"):
        return Event(f"e{number}", Kind.STATUS, at, at, "acme", status=Status(name))
    return Event(f"e{number}", Kind(name), at, at, "acme")


def watched(book: CompiledBook, reports: list[Event]) -> Counter[str]:
    """How often each rule opened on one delivery, with a look at each report and at each wake-up."""
    opened: Counter[str] = Counter()
    looked = look(Watch(healthy.delivery(START), 1, "timing", looked_at=START), book, (), START)
    for event in reports:
        while looked.wake is not None and looked.wake.at < event.occurred_at:
            looked = look(looked.watch, book, (), looked.wake.at)
            opened.update(_opened(looked))
        looked = look(looked.watch, book, (event,), event.occurred_at)
        opened.update(_opened(looked))
    return opened


def _opened(looked: Look) -> list[str]:
    return [change.rule for change in looked.changes if change.kind is ChangeKind.OPENED]


def ours() -> tuple[float, dict[str, int]]:
    """Seconds for all deliveries, and how often each rule opened."""
    book, reports = compile_book(books.read(BOOK)), events()
    watched(book, reports)
    began = time.perf_counter()
    opened = sum((watched(book, reports) for _ in range(DELIVERIES)), Counter[str]())
    return time.perf_counter() - began, dict(opened)


def theirs(python: str) -> tuple[float, dict[str, int]]:
    """The same by Drools, from Python, as ansible-rulebook calls it."""
    told = json.dumps({"deliveries": DELIVERIES, "events": TOLD})
    script = str(Path(__file__).parent / "by_drools.py")
    done = subprocess.run([python, script], input=told, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(f"{python} {script} failed:\n{done.stderr[-2_000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["fired"]


def measure(python: str) -> dict[str, float]:
    """Microseconds an event, ours first. Raises ValueError where the two find different things."""
    (spent, opened), (their_time, fired) = ours(), theirs(python)
    if opened != fired:
        raise ValueError(f"Doorstep opened {opened}, and Drools fired {fired}")
    each = DELIVERIES * len(TOLD) / 1e6
    return {"Doorstep, everything": spent / each, "Drools of ansible-rulebook": their_time / each}


if __name__ == "__main__":
    found = measure(sys.argv[1])
    for name, spent in found.items():
        print(f"{name:28} {spent:9.1f} us an event")
    RESULTS.write_text(json.dumps({name: round(spent, 1) for name, spent in found.items()}, indent=2) + "\n")
