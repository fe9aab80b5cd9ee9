"""What a person did about the rules of a delivery, as a line of a test tells it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.instant import SECOND, Instant
from rules.clock_times import Calendar


def whole_second(at: Instant) -> Instant:
    """The instant, rounded up."""
    return -(-at // SECOND) * SECOND


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person did with the incident of a rule, or with the rule: `until` is of a mute, `version` and
    `file` of the book that was adopted."""

    at: Instant
    what: str
    rule: str = ""
    until: Instant = 0
    version: str = ""
    file: str = ""

    @property
    def told_at(self) -> Instant:
        """The instant of its line."""
        return whole_second(self.at)

    def said(self, calendar: Calendar) -> str:
        """The line without its time."""
        return SAYINGS.get(self.what, _plainly)(self, calendar)


def _plainly(one: Decision, calendar: Calendar) -> str:
    return f"{one.what} {one.rule}"


def _answer(one: Decision, calendar: Calendar) -> str:
    return f"decide {one.rule} {one.what}"


def _mute(one: Decision, calendar: Calendar) -> str:
    return f"mute {one.rule} until {calendar.text(max(whole_second(one.until), one.told_at + SECOND))}"


def _adopt(one: Decision, calendar: Calendar) -> str:
    return f'adopt "{one.file}"'


SAYINGS: Mapping[str, Callable[[Decision, Calendar], str]] = {
    "approve": _answer,
    "reject": _answer,
    "mute": _mute,
    "adopt": _adopt,
}
"""What was decided -> how a line says it; other decisions are told plainly."""
