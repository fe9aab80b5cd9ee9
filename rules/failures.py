"""Expectations of tests that were not met, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.instant import Instant
from rules.clock_times import Calendar
from rules.expectations import NOTHING
from rules.machine import Phase


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that was not met: the line that it stands in, the instant, both sides in words, and why, line by line."""

    line: int
    at: str
    what: str
    expected: str
    got: str
    why: tuple[str, ...] = ()

    def render(self) -> str:
        head = f"line {self.line}, at {self.at}: {self.what}: expected {self.expected}, got {self.got}"
        return "\n".join([head, *(f"    {line}" for line in self.why)])


def told(told: Mapping[str, Any]) -> Iterator[str]:
    """A rule that is open: what makes it true; one that is not: what is missing."""
    if not told["applies"]:
        yield f"{told['rule']} is {told['phase']}: it is not for this delivery: {told['left_out']}"
        return
    if told["near_miss"] or told["phase"] in (Phase.IDLE, Phase.PENDING):
        reasons = "; ".join(told["near_miss"]) or "nothing is missing"
        yield f"{told['rule']} is {told['phase']}: {reasons}"
        return
    when = [one for one in told["sentences"] if one["in"] == "when" and one["truth"] == ("true" if one["wanted"] else "false")]
    reasons = "; ".join(f'"{one["text"]}" is {one["truth"]}{_value(one)}' for one in when)
    yield f"{told['rule']} is {told['phase']}: {reasons}"


def _value(sentence: Mapping[str, Any]) -> str:
    return f" ({sentence['value']})" if sentence["value"] is not None else ""


def listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def paired(values: Mapping[str, Any]) -> str:
    return f"[{', '.join(f'{rule} {value}' for rule, value in sorted(values.items()))}]"


def shown(openings: Iterable[tuple[Instant, str]], calendar: Calendar) -> str:
    return ", ".join(f"{rule} opens at {calendar.text(at)}" for at, rule in sorted(openings)) or NOTHING
