"""A rulebook as it is published: immutable, named by the SHA-256 of its canonical JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter

from domain.incident import Mode, Severity
from domain.instant import DAY, Span
from rules.directory import Directory
from rules.tree import Clock, Condition


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a `do` list, what to do if it failed or could not help, and what if a question is not answered."""

    action: str
    args: Mapping[str, Any] = field(default_factory=dict)
    otherwise: tuple["Step", ...] = ()
    unanswered: tuple["Step", ...] = ()

    @property
    def inner(self) -> tuple[tuple[str, tuple["Step", ...]], ...]:
        """The lists of steps under this one, each with its name in paths."""
        return (("otherwise", self.otherwise), ("unanswered", self.unanswered))


Patterns: TypeAlias = Mapping[str, tuple[str, ...]]
"""Scope key -> its patterns (globs; a leading "not " excludes)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an incident: reached when `when` is first true in the episode; its `do` then runs, once."""

    when: Condition
    severity: Severity = Severity.MEDIUM
    do: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often a ladder step is done again after the first time; `at_most` counts the repeats (None: until the ladder stops)."""

    every: Span
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step of an escalation; `after` counts from the opening of the episode."""

    after: Span
    do: tuple[Step, ...]
    repeat: Repeat | None = None


Stop = Literal["cleared", "acknowledged", "claimed"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """An escalation. It ends with the episode; `stop_when` holds it up while the condition is clear, or the incident
    acknowledged (until the acknowledgement expires) or claimed. Steps stand in the order of their `after`."""

    steps: tuple[LadderStep, ...]
    stop_when: tuple[Stop, ...] = ("cleared",)


AtEnd = Literal["recheck_then_send", "send", "drop"]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When some actions wait. `actions` names them ("notify", or "notify.customer" for one addressee); `start` and `end` are
    milliseconds since local midnight on the rule's clock, across midnight when `start` is later; `at_end` is what then happens."""

    actions: tuple[str, ...]
    start: Span
    end: Span
    at_end: AtEnd = "recheck_then_send"


Limited = Literal["customer_message", "staff_message", "ticket", "reroute", "reassign"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many effects of a kind on a delivery within a span; what goes beyond is withheld."""

    what: Limited
    at_most: int
    within: Span


GroupedBy = Literal["carrier", "zone", "hub", "lane", "route", "driver", "shipper"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """One disruption when the rule opens on at least so many deliveries that share `by`, within a span (0: however far apart).
    With `gather` the members wait so long for it; with `instead` the disruption acts and its members do not."""

    by: GroupedBy
    at_least: int = 2
    within: Span = 0
    gather: Span = 0
    instead: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """Above this cost (in minor units of the currency) a person is asked first."""

    cost: int
    currency: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Spans are in milliseconds, rollout in percent.

    `applies_to` maps a scope key to its patterns (globs; a leading "not " excludes).
    `on_resolve` maps a resolution ("cured", "final", ...) to the steps that then run.
    `stages`: `when` then is true while any stage's is, and `severity` and `do` stand in the stages only.
    `overrides` names the rule that this one is a layer of. A layer, and a rule with values from a table, has an id with "@" in it
    (see `public_name`); the delivery has to fit all of `narrowed_to` as well, and none of `left_to_others`, so that of the
    rules of one public name at most one is for a delivery.
    """

    id: str
    says: str
    when: Condition
    mode: Mode = Mode.LIVE
    rollout: int = 100
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_when: Condition | None = None
    hold: Span = 0
    clears_when: Condition | None = None
    stay_clear: Span = 0
    cooldown: Span = 0
    detects: str | None = None
    severity: Severity = Severity.MEDIUM
    priority: int = 50
    clock: Clock = Clock.RECIPIENT
    after_final: bool = False
    do: tuple[Step, ...] = ()
    on_resolve: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    decision: str | None = None
    suppressed_by: tuple[str, ...] = ()
    escalate: Ladder | None = None
    acknowledge_expires: Span | None = None
    quiet_hours: QuietHours | None = None
    limits: tuple[Limit, ...] = ()
    group: Grouping | None = None
    approve_above: Approval | None = None
    propose_for: Span | None = None
    unanswered: Literal["act", "drop"] = "drop"
    in_flight: Literal["keep", "adopt"] = "adopt"
    final_grace: Span | None = None
    overrides: str | None = None
    narrowed_to: tuple[Patterns, ...] = ()
    left_to_others: tuple[Patterns, ...] = ()

    @property
    def name(self) -> str:
        """What people call it: `missed-scan` for `missed-scan@gold`."""
        return public_name(self.id)


def public_name(rule_id: str) -> str:
    """The name of a rule without the layer or the row of a table that it has been made for."""
    return rule_id.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked rulebook with the directory that it names. Compare by `sha256`."""

    name: str
    rules: tuple[Rule, ...]
    owner: str | None = None
    final_grace: Span = 0
    expires_after: Span = 30 * DAY
    directory: Directory = field(default_factory=Directory)

    @property
    def names(self) -> tuple[str, ...]:
        """What people call its rules, each once."""
        return tuple(dict.fromkeys(rule.name for rule in self.rules))

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


_BOOK: TypeAdapter[Rulebook] = TypeAdapter(Rulebook)


def canonical_json(book: Rulebook) -> str:
    """The book as JSON with sorted keys and no white space: what is stored, hashed and compiled."""
    return json.dumps(_BOOK.dump_python(book, mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(canonical: str) -> str:
    """The name of a published version."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def from_canonical(canonical: str) -> Rulebook:
    """The book of a canonical JSON text; raises pydantic.ValidationError if it is none."""
    return _BOOK.validate_json(canonical)
