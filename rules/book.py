"""A rulebook as it is published: immutable, named by the SHA-256 of its canonical JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from domain.incident import Mode, Severity
from domain.instant import DAY, Span
from rules.directory import Directory
from rules.tree import Clock, Condition


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a `do` list, and what to do if it failed or could not help."""

    action: str
    args: Mapping[str, Any] = field(default_factory=dict)
    otherwise: tuple["Step", ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Spans are in milliseconds, rollout in percent.

    `applies_to` maps a scope key to its patterns (globs; a leading "not " excludes).
    `on_resolve` maps a resolution ("cured", "final", ...) to the steps that then run.
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


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked rulebook with the directory that it names. Compare by `sha256`."""

    name: str
    rules: tuple[Rule, ...]
    owner: str | None = None
    final_grace: Span = 0
    expires_after: Span = 30 * DAY
    directory: Directory = field(default_factory=Directory)

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
