"""Which sentences can be unknown: those that speak of what a delivery may lack.

A feed that has fallen silent can make any sentence about events unknown; that is not counted here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rules.book import Rule
from rules.patterns import OWN_HUB
from rules.readings import Frame
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Between,
    Clock,
    Compare,
    Count,
    Counted,
    Daytime,
    EventPattern,
    InCalendar,
    Includes,
    Is,
    Later,
    Overdue,
    Same,
    Sentence,
    Sequence,
    Staying,
    TimeRef,
    Weekdays,
    WrongOrder,
)
from rules.vocabulary import VOCABULARY


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule's sentences stand on: its clock and directory, and the facts that its scope makes sure of."""

    frame: Frame
    given: frozenset[str]


def ground_of(rule: Rule, frame: Frame) -> Ground:
    """A rule that is for some hubs only is for no delivery without one."""
    scopes = (rule.applies_to, *rule.narrowed_to)
    named = {key for scope in scopes for key, patterns in scope.items() if any(not p.startswith("not ") for p in patterns)}
    return Ground(frame, frozenset(key.replace("_", " ") for key in named))


def may_be_unknown(sentence: Sentence, ground: Ground) -> bool:
    """Whether there are deliveries, in the rule's scope, of which the sentence is neither true nor false."""
    return DOUBTS.get(type(sentence), _never)(sentence, ground)


def _never(sentence: Any, ground: Ground) -> bool:
    return False


def _may_lack(fact: str, ground: Ground) -> bool:
    return not VOCABULARY[fact].always_known and fact not in ground.given


def _fact(sentence: Any, ground: Ground) -> bool:
    return _may_lack(sentence.fact, ground) or _counted(sentence.counted, ground)


def _time(ref: TimeRef, ground: Ground) -> bool:
    return ref.kind != "fact" or _may_lack(ref.name, ground)


def _at_own_hub(ground: Ground, *patterns: EventPattern | None) -> bool:
    """A delivery may have no hub."""
    return "hub" not in ground.given and any(pattern is not None and pattern.place == OWN_HUB for pattern in patterns)


def _counted(counted: Counted | None, ground: Ground) -> bool:
    """The calendar is unknown if it is that of the hub, which a delivery may lack, or is described nowhere."""
    if counted is None or counted.calendar in ground.frame.directory.calendars:
        return False
    return counted.calendar is not None or "hub" not in ground.given


def _clock(sentence: Any, ground: Ground) -> bool:
    """The depot's clock is that of the delivery's hub."""
    return ground.frame.clock is Clock.DEPOT and "hub" not in ground.given


DOUBTS: Mapping[type, Callable[[Any, Ground], bool]] = {
    Is: _fact,
    Includes: _fact,
    Same: lambda node, ground: _fact(node, ground) or _may_lack(node.other, ground),
    Compare: _fact,
    Between: _fact,
    Absent: lambda node, ground: _at_own_hub(ground, node.event, node.since) or _counted(node.counted, ground),
    AbsentBefore: lambda node, ground: _at_own_hub(ground, node.event) or _time(node.time, ground),
    Staying: lambda node, ground: _counted(node.counted, ground),
    Later: lambda node, ground: any(_time(ref, ground) for ref in (node.first, node.second)) or _counted(node.counted, ground),
    Around: lambda node, ground: _time(node.time, ground) or _counted(node.counted, ground),
    Overdue: lambda node, ground: True,
    Daytime: _clock,
    Weekdays: _clock,
    InCalendar: lambda node, ground: node.calendar not in ground.frame.directory.calendars or _clock(node, ground),
    Count: lambda node, ground: _at_own_hub(ground, node.event) or _counted(node.counted, ground),
    Sequence: lambda node, ground: _at_own_hub(ground, node.first, node.then) or _counted(node.counted, ground),
    WrongOrder: lambda node, ground: _at_own_hub(ground, node.first, node.second),
}
"""Sentence form -> when it can be unknown; the others never are."""
