"""Rules that compete on a delivery: those that share a decision, and those that a rule is suppressed by."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from domain.incident import Mode
from rules.book import Rule
from rules.machine import Cell


@dataclass(frozen=True, slots=True)
class Rival:
    """A rule whose open incident holds another one back; with `ends` its opening also supersedes an open incident of the other."""

    rule: str
    why: Literal["decision", "suppressed"]
    ends: bool


def rivals_of(rule: Rule, rules: Iterable[Rule]) -> tuple[Rival, ...]:
    """The rules that may hold a rule back. What only pretends to act (a shadow) holds back only its like."""
    others = (other for other in rules if other.name != rule.name and other.mode in (Mode.LIVE, rule.mode))
    return tuple(rival for other in others for rival in _rival(rule, other))


def _rival(rule: Rule, other: Rule) -> Iterator[Rival]:
    if other.name in rule.suppressed_by:
        yield Rival(other.id, "suppressed", ends=True)
    elif rule.decision is not None and rule.decision == other.decision and other.priority >= rule.priority:
        yield Rival(other.id, "decision", ends=other.priority > rule.priority)


def holding_back(rivals: Iterable[Rival], cells: Mapping[str, Cell]) -> tuple[Rival, ...]:
    """The rivals that have an open incident."""
    return tuple(rival for rival in rivals if rival.rule in cells and cells[rival.rule].is_open)
