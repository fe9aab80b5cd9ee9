"""Reads one rule: every key that a rule may have, each with the function that reads it."""

from collections.abc import Mapping
from typing import Any

from domain.actions import ACTION_ARGUMENTS
from domain.incident import Mode, Resolution, Severity
from rules import fields
from rules.book import Rule, Stage, Step
from rules.hand import Read, Reader
from rules.ladder_reader import escalate, stages
from rules.restraint_reader import approve_above, group, limits, names, quiet_hours
from rules.scope_reader import scope
from rules.source import Node, Pairs
from rules.tree import AnyOf, Clock, Condition


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
    word = fields.word(reader.source, node, key, [mode.value for mode in Mode])
    return Mode(word) if word else None


def _severity(reader: Reader, node: Node, key: str) -> Severity | None:
    word = fields.word(reader.source, node, key, [severity.value for severity in Severity])
    return Severity(word) if word else None


def _clock(reader: Reader, node: Node, key: str) -> Clock | None:
    word = fields.word(reader.source, node, key, [clock.value for clock in Clock])
    return Clock(word) if word else None


def _unanswered(reader: Reader, node: Node, key: str) -> str | None:
    return fields.word(reader.source, node, key, ("act", "drop"))


def _in_flight(reader: Reader, node: Node, key: str) -> str | None:
    return fields.word(reader.source, node, key, ("keep", "adopt"))


def _condition(reader: Reader, node: Node, key: str) -> Any:
    return reader.conditions.read(node, key)


def _scope(reader: Reader, node: Node, key: str) -> Any:
    return scope(reader.source, node, reader.directory)


def _steps(reader: Reader, node: Node, key: str) -> tuple[Step, ...]:
    return reader.actions.steps(node, key)


def _on_resolve(reader: Reader, node: Node, key: str) -> dict[str, tuple[Step, ...]]:
    """A list runs when the incident is cured; a mapping names other ends."""
    ends = [resolution.value for resolution in Resolution]
    if not isinstance(node, Pairs) or any(name.value in ACTION_ARGUMENTS for name, _ in node.pairs):
        steps = reader.actions.steps(node, key)
        return {Resolution.CURED.value: steps} if steps else {}
    fields.check_keys(reader.source, node, key, ends)
    return {name.value: reader.actions.steps(value, name.value) for name, value in node.pairs if name.value in ends}


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
    "acknowledge_expires": _span,
    "quiet_hours": quiet_hours,
    "limits": limits,
    "approve_above": approve_above,
    "propose_for": _span,
    "unanswered": _unanswered,
    "in_flight": _in_flight,
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
    "stages": stages,
    "escalate": escalate,
    "decision": _name,
    "suppressed_by": names,
    "group": group,
    "final_grace": _span,
    **DEFAULT_KEYS,
}

MADE_OF_OTHERS = ("use", "overrides")
"""Keys that make a rule of a blueprint or of another rule; they are gone when it is read (see rules.expansion)."""

BOOK_ONLY: Mapping[str, str] = {"expires_after": "it counts for the whole book: write it under defaults"}


def rule(reader: Reader, node: Node, defaults: Mapping[str, Any]) -> Rule | None:
    """A rule with the defaults of its book; None if something that it cannot do without is missing or wrong."""
    mapping = fields.pairs(reader.source, node, "a rule")
    if mapping is None:
        return None
    _check_keys(reader, mapping)
    _note_missing(reader, mapping)
    read = {key.value: _read(reader, value, key.value, defaults) for key, value in mapping.pairs if key.value in RULE_KEYS}
    values = {**defaults, **{key: value for key, value in read.items() if value is not None}}
    if values.get("stages"):
        values |= _from_stages(values["stages"])
    if "id" not in values or "when" not in values:
        return None
    return Rule(**{"says": str(values["id"]).replace("-", " "), **values})


def _read(reader: Reader, node: Node, key: str, defaults: Mapping[str, Any]) -> Any:
    if key == "stages":
        return stages(reader, node, key, defaults.get("severity", Severity.MEDIUM))
    return RULE_KEYS[key](reader, node, key)


def _from_stages(read: tuple[Stage, ...]) -> dict[str, Any]:
    """The rule is true while any stage is; it opens as the mildest."""
    whens: list[Condition] = [stage.when for stage in read]
    return {"when": whens[0] if len(whens) == 1 else AnyOf(tuple(whens)), "severity": read[0].severity}


def _check_keys(reader: Reader, mapping: Pairs) -> None:
    for key, _ in mapping.pairs:
        if key.value in BOOK_ONLY:
            reader.source.at_node("R010", key, f'a rule has no key "{key.value}"', BOOK_ONLY[key.value])
        elif key.value in STAGED and mapping.get("stages") is not None:
            reader.source.at_node("R012", key, f'"{key.value}" stands in the stages only', "move it into a stage")
    known = [*RULE_KEYS, *MADE_OF_OTHERS, *BOOK_ONLY]
    fields.check_keys(reader.source, mapping, "a rule", known)


STAGED = ("when", "severity", "do")
"""Keys that stand in the stages of a rule that has some."""


def _note_missing(reader: Reader, mapping: Pairs) -> None:
    for key, example in (("id", "id: missed-scan"), ("when", "when: no scan for 2h since out_for_delivery")):
        if mapping.get(key) is None and (key == "id" or mapping.get("stages") is None):
            reader.source.problem("R011", mapping.start, 1, f'a rule needs "{key}"', f"for example {example}")
