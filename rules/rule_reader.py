"""Reads one rule: every key that a rule may have, each with the function that reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.actions import ACTION_ARGUMENTS
from domain.incident import Mode, Resolution, Severity
from rules import fields
from rules.actions_reader import ActionReader
from rules.book import Rule, Step
from rules.conditions_reader import ConditionReader
from rules.directory import Directory
from rules.scope_reader import scope
from rules.source import Node, Pairs, Source
from rules.tree import Clock


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reading of a rule needs."""

    source: Source
    directory: Directory
    conditions: ConditionReader
    actions: ActionReader


Read = Callable[[Reader, Node, str], Any]


def _text(reader: Reader, node: Node, key: str) -> str | None:
    return fields.text(reader.source, node, key)


def _name(reader: Reader, node: Node, key: str) -> str | None:
    return fields.name(reader.source, node, key)


def _span(reader: Reader, node: Node, key: str) -> int | None:
    return fields.span(reader.source, node, key)


def _yes_no(reader: Reader, node: Node, key: str) -> bool | None:
    return fields.yes_no(reader.source, node, key)


def _percent(reader: Reader, node: Node, key: str) -> int | None:
    return fields.percent(reader.source, node, key)


def _priority(reader: Reader, node: Node, key: str) -> int | None:
    return fields.whole(reader.source, node, key, 0, 1000)


def _mode(reader: Reader, node: Node, key: str) -> Mode | None:
    built = [mode.value for mode in Mode if mode is not Mode.PROPOSE]
    word = fields.word(reader.source, node, key, built, {"propose": "use shadow to see what it would do"})
    return Mode(word) if word else None


def _severity(reader: Reader, node: Node, key: str) -> Severity | None:
    word = fields.word(reader.source, node, key, [severity.value for severity in Severity])
    return Severity(word) if word else None


def _clock(reader: Reader, node: Node, key: str) -> Clock | None:
    word = fields.word(reader.source, node, key, [clock.value for clock in Clock])
    return Clock(word) if word else None


def _condition(reader: Reader, node: Node, key: str) -> Any:
    return reader.conditions.read(node, key)


def _scope(reader: Reader, node: Node, key: str) -> Any:
    return scope(reader.source, node, reader.directory)


def _steps(reader: Reader, node: Node, key: str) -> tuple[Step, ...]:
    return reader.actions.steps(node, key)


def _on_resolve(reader: Reader, node: Node, key: str) -> dict[str, tuple[Step, ...]]:
    """A list runs when the incident is cured; a mapping names other ends."""
    ends = [resolution.value for resolution in Resolution if resolution.value not in LATER_ENDS]
    if not isinstance(node, Pairs) or any(name.value in ACTION_ARGUMENTS for name, _ in node.pairs):
        steps = reader.actions.steps(node, key)
        return {Resolution.CURED.value: steps} if steps else {}
    fields.check_keys(reader.source, node, key, ends, LATER_ENDS)
    return {name.value: reader.actions.steps(value, name.value) for name, value in node.pairs if name.value in ends}


LATER_ENDS: Mapping[str, str] = {Resolution.SUPERSEDED.value: "leave it out: no incident gives way to another yet"}
"""Ends of an incident that cannot happen yet -> what to do meanwhile."""

DEFAULT_KEYS: Mapping[str, Read] = {
    "mode": _mode,
    "rollout": _percent,
    "hold": _span,
    "stay_clear": _span,
    "cooldown": _span,
    "severity": _severity,
    "priority": _priority,
    "clock": _clock,
    "after_final": _yes_no,
}
"""Keys that may stand in a rule and under `defaults`."""

RULE_KEYS: Mapping[str, Read] = {
    "id": _name,
    "says": _text,
    "applies_to": _scope,
    "only_when": _condition,
    "when": _condition,
    "clears_when": _condition,
    "detects": _name,
    "do": _steps,
    "on_resolve": _on_resolve,
    **DEFAULT_KEYS,
}

LATER_RULE_KEYS: Mapping[str, str] = {
    "stages": "write one rule for each stage",
    "group": "leave it out: each delivery then has its own incident",
    "escalate": "leave it out for now",
    "decision": "leave it out for now",
    "suppressed_by": "leave it out for now",
    "quiet_hours": "use only_when: between 08:00 and 21:00",
    "limits": "use cooldown",
    "in_flight": "leave it out: running deliveries keep their rulebook",
    "approve_above": "leave it out for now",
    "propose_for": "leave it out for now",
    "unanswered": "leave it out for now",
    "acknowledge_expires": "leave it out: acknowledgements do not expire",
    "use": "write the rule out",
    "overrides": "write one rule for each scope",
    "final_grace": "write it under defaults",
    "expires_after": "write it under defaults",
}
"""Keys of the language that are not built yet -> what to do meanwhile."""


def rule(reader: Reader, node: Node, defaults: Mapping[str, Any]) -> Rule | None:
    """A rule with the defaults of its book; None if something that it cannot do without is missing or wrong."""
    mapping = fields.pairs(reader.source, node, "a rule")
    if mapping is None:
        return None
    fields.check_keys(reader.source, mapping, "a rule", RULE_KEYS, LATER_RULE_KEYS)
    _note_missing(reader, mapping)
    read = {key.value: RULE_KEYS[key.value](reader, value, key.value) for key, value in mapping.pairs if key.value in RULE_KEYS}
    values = {**defaults, **{key: value for key, value in read.items() if value is not None}}
    if "id" not in values or "when" not in values:
        return None
    return Rule(**{"says": str(values["id"]).replace("-", " "), **values})


def _note_missing(reader: Reader, mapping: Pairs) -> None:
    for key, example in (("id", "id: missed-scan"), ("when", "when: no scan for 2h since out_for_delivery")):
        if mapping.get(key) is None and mapping.get("stages") is None:
            reader.source.problem("R011", mapping.start, 1, f'a rule needs "{key}"', f"for example {example}")
