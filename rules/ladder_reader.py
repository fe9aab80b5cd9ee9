"""Reads what an incident does over time: `stages` and `escalate`."""

from typing import Any, cast, get_args

from domain.incident import Severity
from domain.instant import MINUTE
from rules import fields
from rules.book import Ladder, LadderStep, Repeat, Stage, Stop
from rules.durations import text_of
from rules.hand import Reader
from rules.source import Node, Pairs

MOST_REPEATS = 1_000
SHORTEST_REPEAT = MINUTE
"""A step that is done again more often keeps a delivery awake and nobody could follow it."""
STAGE_KEYS = ("when", "severity", "do")
LADDER_KEYS = ("stop_when", "steps")
STEP_KEYS = ("after", "do", "repeat")
REPEAT_KEYS = ("every", "at_most")
STOPS: tuple[Stop, ...] = get_args(Stop)


def stages(reader: Reader, node: Node, key: str, usual: Severity = Severity.MEDIUM) -> tuple[Stage, ...] | None:
    """The stages of a rule, mildest first as they are written; `usual` is the severity of one that names none."""
    found = [_stage(reader, item, usual) for item in fields.items(node)]
    if not found:
        reader.source.at_node("R013", node, "stages is empty", "write - {when: ..., severity: medium, do: [...]}")
    read = tuple(stage for stage in found if stage is not None)
    return read if read and len(read) == len(found) else None


def _stage(reader: Reader, node: Node, usual: Severity) -> Stage | None:
    mapping = fields.pairs(reader.source, node, "a stage")
    if mapping is None:
        return None
    fields.check_keys(reader.source, mapping, "a stage", STAGE_KEYS)
    when, severity, do = (mapping.get(key) for key in STAGE_KEYS)
    if when is None:
        reader.source.problem(
            "R011", mapping.start, 1, 'a stage needs "when"', "for example when: eta later than promised end by 10m"
        )
        return None
    condition = reader.conditions.read(when, "when")
    word = fields.word(reader.source, severity, "severity", list(Severity)) if severity is not None else usual.value
    steps = reader.actions.steps(do, "do") if do is not None else ()
    return Stage(condition, Severity(word), steps) if condition is not None and word else None


def escalate(reader: Reader, node: Node, key: str) -> Ladder | None:
    """The ladder of a rule."""
    mapping = fields.pairs(reader.source, node, key)
    if mapping is None:
        return None
    fields.check_keys(reader.source, mapping, key, LADDER_KEYS)
    listed, stops = mapping.get("steps"), mapping.get("stop_when")
    steps = [(item, _step(reader, item)) for item in fields.items(listed)] if listed is not None else []
    if not steps:
        reader.source.at_node("R011", node, 'escalate needs "steps"', "write steps: [{after: 15m, do: [...]}]")
    _note_order(reader, steps)
    read = tuple(step for _, step in steps if step is not None)
    if stops is None:
        return Ladder(read) if read else None
    words = [fields.word(reader.source, stop, "stop_when", STOPS) for stop in fields.items(stops)]
    return Ladder(read, tuple(cast(Stop, word) for word in words if word)) if read else None


def _step(reader: Reader, node: Node) -> LadderStep | None:
    mapping = fields.pairs(reader.source, node, "a step")
    if mapping is None:
        return None
    fields.check_keys(reader.source, mapping, "a step", STEP_KEYS)
    after, do, again = (mapping.get(key) for key in STEP_KEYS)
    if after is None or do is None:
        missing = "after" if after is None else "do"
        reader.source.at_node("R011", node, f'a step needs "{missing}"', "for example {after: 15m, do: [...]}")
        return None
    span, steps = fields.span(reader.source, after, "after"), reader.actions.steps(do, "do")
    repeat = _repeat(reader, again) if again is not None else None
    return LadderStep(span, steps, repeat) if span is not None else None


def _repeat(reader: Reader, node: Node) -> Repeat | None:
    mapping = fields.pairs(reader.source, node, "repeat")
    if mapping is None:
        return None
    fields.check_keys(reader.source, mapping, "repeat", REPEAT_KEYS)
    every, most = mapping.get("every"), mapping.get("at_most")
    if every is None:
        reader.source.at_node("R011", node, 'repeat needs "every"', "for example {every: 30m, at_most: 2}")
        return None
    span = fields.span(reader.source, every, "every")
    if span is not None and span < SHORTEST_REPEAT:
        said = f"every must be at least {text_of(SHORTEST_REPEAT)}, not {text_of(span)}"
        reader.source.at_node("R021", every, said, "for example 30m")
        return None
    times = fields.whole(reader.source, most, "at_most", 1, MOST_REPEATS) if most is not None else None
    return Repeat(span, times) if span is not None else None


def _note_order(reader: Reader, steps: list[tuple[Any, LadderStep | None]]) -> None:
    """Steps stand in the order in which they come."""
    last = 0
    for node, step in steps:
        if step is None:
            continue
        if step.after < last:
            where = node.get("after") if isinstance(node, Pairs) else node
            said = f"a step after {text_of(step.after)} stands behind one after {text_of(last)}"
            reader.source.at_node("R012", where or node, said, "after counts from the opening; put the steps in order")
        last = max(last, step.after)
