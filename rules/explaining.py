"""A rule in plain words: whom it is for, when it opens, what holds it back, what is done, how it ends. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.currencies import amount_text
from domain.incident import Mode
from domain.instant import DAY
from rules.book import Ladder, QuietHours, Rule, Step
from rules.evidence import in_words
from rules.limits import WORDS as LIMITED
from rules.limits import kind_of
from rules.quiet import is_quieted
from rules.tree import All, AnyOf, AtLeast, Clock, Condition, Group, NoneOf, Received
from rules.ways import name_of, steps_of
from rules.wording import clock_text, sentence_of

MODES: Mapping[Mode, str] = {
    Mode.OFF: "It is off: nothing of this happens.",
    Mode.SHADOW: "It is a shadow: it notes what it would do, and does nothing.",
    Mode.PROPOSE: "It proposes: a person is asked before anything is done.",
    Mode.LIVE: "It is live: it acts.",
}

CLOCKS = {Clock.RECIPIENT: "the recipient's clock", Clock.DEPOT: "the hub's clock", Clock.UTC: "UTC"}

AT_END = {
    "recheck_then_send": "is done when they end, if it is still called for",
    "send": "is done when they end",
    "drop": "is not done at all",
}


def explained(rule: Rule) -> Iterator[str]:
    """The rule in lines of text; what belongs to a line stands below it, indented."""
    severity = "" if rule.stages else f" Severity {rule.severity.value}."
    yield f"{rule.id}: {rule.says}"
    yield f"{MODES[rule.mode]}{severity}"
    yield from _scope(rule)
    yield from _opening(rule)
    yield from _held_back(rule)
    yield from _done(rule)
    yield from _escalation(rule.escalate, rule)
    yield from _kept_back(rule)
    yield from _ending(rule)


def _scope(rule: Rule) -> Iterator[str]:
    share = f", and of these for {rule.rollout}% (always the same)" if rule.rollout < 100 else ""
    patterns = [rule.applies_to, *rule.narrowed_to]
    said = [f"{key.replace('_', ' ')} {_or(values)}" for one in patterns for key, values in one.items()]
    yield f"It is for {'deliveries with ' + '; '.join(said) if said else 'every delivery'}{share}."
    if rule.overrides is not None:
        yield f"It is a layer of {rule.overrides}: for these deliveries it takes its place."


def _or(values: Sequence[str]) -> str:
    wanted = [value for value in values if not value.startswith("not ")]
    unwanted = [value for value in values if value.startswith("not ")]
    return ", ".join(filter(None, [" or ".join(wanted), *unwanted]))


def _opening(rule: Rule) -> Iterator[str]:
    hold = f", and that has been so for {in_words(rule.hold)}" if rule.hold else ""
    if rule.stages:
        yield f"It opens when one of its stages is true{hold}."
        for number, stage in enumerate(rule.stages, start=1):
            yield f"  Stage {number}, severity {stage.severity.value}, when"
            yield from _indented(_condition(stage.when), 2)
    else:
        yield from _when("It opens when", rule.when, hold)
    if rule.only_when is not None:
        yield from _when(f"It opens only while (by {CLOCKS[rule.clock]})", rule.only_when)


def _when(begins: str, condition: Condition, lasting: str = "") -> Iterator[str]:
    """A condition with what its sentences have to be, as the heading of those."""
    node = condition
    while isinstance(node, Group) and len(node.children) == 1 and not isinstance(node, NoneOf):
        node = node.children[0]
    if not isinstance(node, Group):
        yield f"{begins} this is true{lasting}:"
        yield from _indented(_condition(node))
        return
    verb = "is" if isinstance(node, AnyOf | NoneOf) else "are"
    yield f"{begins} {_heading(node)} {verb} true{lasting}:"
    for child in node.children:
        yield from _indented(_condition(child))


def _condition(node: Condition) -> Iterator[str]:
    """A sentence as it was written, or the heading of a group with what is in it."""
    if not isinstance(node, Group):
        yield f"- {node.text or sentence_of(node)}"
        return
    if len(node.children) == 1 and not isinstance(node, NoneOf):
        yield from _condition(node.children[0])
        return
    yield f"- {_heading(node)}:"
    for child in node.children:
        yield from _indented(_condition(child))


def _heading(node: Group) -> str:
    if isinstance(node, All):
        return "all of these"
    if isinstance(node, AnyOf):
        return "any of these"
    return f"at least {node.n} of these" if isinstance(node, AtLeast) else "none of these"


def _held_back(rule: Rule) -> Iterator[str]:
    if rule.decision is not None:
        yield f"Among the rules of the decision {rule.decision} the highest priority opens; its own is {rule.priority}."
    if rule.suppressed_by:
        yield f"It does not open while an incident of {' or '.join(rule.suppressed_by)} is open."
    if rule.cooldown:
        yield f"After an incident has ended it does not open again for {in_words(rule.cooldown)}."
    if rule.after_final:
        grace = f" for {in_words(rule.final_grace)}" if rule.final_grace else " for the grace of its rulebook"
        yield f"It may also open after the delivery has ended,{grace}."


def _done(rule: Rule) -> Iterator[str]:
    if rule.do:
        yield "Then, in order:"
        yield from _indented(_steps(rule.do))
    for number, stage in enumerate(rule.stages, start=1):
        if stage.do:
            yield f"When stage {number} is reached, in order:"
            yield from _indented(_steps(stage.do))
    if not rule.do and not any(stage.do for stage in rule.stages):
        yield "Nothing is done; the incident is only seen."
    if rule.mode is Mode.PROPOSE and rule.propose_for is not None:
        unanswered = "it is done all the same" if rule.unanswered == "act" else "it is dropped"
        yield f"If nobody answers within {in_words(rule.propose_for)}, {unanswered}."
    if rule.approve_above is not None:
        cost = amount_text(rule.approve_above.cost, rule.approve_above.currency)
        yield f"A person is asked before anything that costs more than {cost}."


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        yield f"{number}. {name_of(step)}{_arguments(step)}"
        for words, inner in (("that fails or does not help", step.otherwise), ("nobody answers in time", step.unanswered)):
            if inner:
                yield f"   if {words}:"
                yield from _indented(_steps(inner), 2)


def _arguments(step: Step) -> str:
    said = [f"{key.replace('_', ' ')} {_value(key, value)}" for key, value in step.args.items() if key != "who"]
    return f" ({'; '.join(said)})" if said else ""


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and key.endswith("_within"):
        return in_words(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _escalation(ladder: Ladder | None, rule: Rule) -> Iterator[str]:
    if ladder is None:
        return
    stops = {"cleared": "the condition is false", "acknowledged": "somebody has acknowledged it", "claimed": "it is claimed"}
    held = " or ".join(stops[stop] for stop in ladder.stop_when)
    yield f"If the incident stays open, counted from its opening{f' (held up while {held})' if held else ''}:"
    for step in ladder.steps:
        repeat = step.repeat
        most = f", at most {_times(repeat.at_most)}" if repeat is not None and repeat.at_most is not None else ""
        again = f", and again every {in_words(repeat.every)}{most}" if repeat is not None else ""
        yield f"  after {in_words(step.after)}{again}:" if step.after else f"  at once{again}:"
        yield from _indented(_steps(step.do), 2)
    if rule.acknowledge_expires is not None:
        yield f"An acknowledgement expires after {in_words(rule.acknowledge_expires)}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _kept_back(rule: Rule) -> Iterator[str]:
    names = {name_of(step) for step in steps_of(rule)}
    if rule.quiet_hours is not None and any(is_quieted(rule.quiet_hours, name) for name in names):
        yield _quiet(rule.quiet_hours, rule.clock)
    kinds = {kind_of(name) for name in names}
    for limit in (one for one in rule.limits if one.what in kinds):
        what = LIMITED.get(limit.what, limit.what)
        within = in_words(limit.within)
        yield f"At most {limit.at_most} {what}{'s' if limit.at_most != 1 else ''} within {within} on a delivery, by all rules."
    if rule.group is not None:
        instead = ", which acts instead of them" if rule.group.instead else ""
        yield f"On {rule.group.at_least} deliveries of one {rule.group.by} it is one disruption{instead}."


def _quiet(quiet: QuietHours, clock: Clock) -> str:
    window = f"{clock_text(quiet.start % DAY)} and {clock_text(quiet.end % DAY)}"
    return f"Quiet hours: between {window} ({CLOCKS[clock]}) {' or '.join(quiet.actions)} {AT_END[quiet.at_end]}."


def _ending(rule: Rule) -> Iterator[str]:
    stays = f", and has been for {in_words(rule.stay_clear)}" if rule.stay_clear else ""
    if rule.clears_when is not None:
        yield from _when("It resolves when", rule.clears_when, stays)
        yield "It also resolves when the delivery ends, or a person resolves it."
    elif isinstance(rule.when, Received):
        yield "It stays open until the delivery ends or a person resolves it."
    else:
        yield f"It resolves when that is false again{stays}; also when the delivery ends, or a person resolves it."
    for how, steps in rule.on_resolve.items():
        yield f"When it has ended as {how.replace('_', ' ')}, in order:"
        yield from _indented(_steps(steps))


def _indented(lines: Iterator[str], by: int = 1) -> Iterator[str]:
    return (f"{'  ' * by}{line}" for line in lines)
