"""Looks for rules that can be read but hardly mean what they say. Only doubts: they never stop a rulebook."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from domain.instant import DAY, Span
from rules.book import Rule
from rules.durations import text_of
from rules.tree import All, AnyOf, Around, AtLeast, Between, Compare, Condition, Daytime, Group, Is, NoneOf, Received, Weekdays
from rules.vocabulary import COUNT, PERCENT, VOCABULARY

LONG_COOLDOWN = DAY
"""A rule that is blind for longer than this after an incident is worth a second look."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is odd, and the key of the rule that it concerns."""

    code: str
    key: str
    message: str
    hint: str = ""


def doubts(rule: Rule) -> Iterator[Doubt]:
    """Everything odd about one rule."""
    for key in ("when", "only_when", "clears_when"):
        condition: Condition | None = getattr(rule, key)
        if condition is not None:
            yield from (doubt for sentence in sentences(condition) for doubt in _sentence_doubts(sentence, key))
            yield from _contradictions(condition, key)
    yield from _endless(rule)
    yield from _long_cooldown(rule)
    if _letters(rule.says) == _letters(rule.name):
        hint = "says: one line for people, not the id once more"
        yield Doubt("R308", "says", f"rule {rule.name} does not say what it means", hint)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def sentences(condition: Condition) -> Iterator[Any]:
    """The sentences of a condition, from left to right."""
    if isinstance(condition, Group):
        for child in condition.children:
            yield from sentences(child)
    else:
        yield condition


def _sentence_doubts(sentence: Any, key: str) -> Iterator[Doubt]:
    check = _CHECKS.get(type(sentence))
    always = check(sentence) if check else None
    if always is not None:
        code, word = ("R302", "always") if always else ("R301", "never")
        yield Doubt(code, key, f'"{sentence.text}" is {word} true', "correct the numbers, or remove the sentence")


def _between(sentence: Between) -> bool | None:
    return False if sentence.low > sentence.high else None


def _daytime(sentence: Daytime) -> bool | None:
    if sentence.start == sentence.end:
        return False
    return True if sentence.end - sentence.start == DAY else None


def _weekdays(sentence: Weekdays) -> bool | None:
    return True if len(sentence.days) == 7 else None


def _compare(sentence: Compare) -> bool | None:
    """Counts are never below 0, percentages never above 100."""
    units = VOCABULARY[sentence.fact].units
    if units is not COUNT and units is not PERCENT:
        return None
    if (sentence.op, sentence.number) == ("at_least", 0):
        return True
    if (sentence.op, sentence.number) == ("under", 0):
        return False
    above = {("over", 100): False, ("at_most", 100): True}
    return above.get((sentence.op, sentence.number)) if units is PERCENT else None


_CHECKS: Mapping[type, Callable[[Any], bool | None]] = {
    Between: _between,
    Daytime: _daytime,
    Weekdays: _weekdays,
    Compare: _compare,
}
"""Sentence -> whether it is always true (True), never true (False) or neither (None)."""


def _contradictions(condition: Condition, key: str) -> Iterator[Doubt]:
    """`all` of two sentences that no value of their fact satisfies together."""
    if isinstance(condition, AnyOf | NoneOf | AtLeast):
        for child in condition.children:
            yield from _contradictions(child, key)
    if not isinstance(condition, All):
        return
    left: dict[str, set[str]] = {}
    for child in condition.children:
        yield from _contradictions(child, key)
        if isinstance(child, Is) and VOCABULARY[child.fact].type == "enum":
            possible = left.setdefault(child.fact, set(VOCABULARY[child.fact].values))
            possible &= _values(child)
            if not possible:
                yield Doubt(
                    "R301", key, f'"{child.text}" is never true together with what stands before it', "use any: instead of a list"
                )


def _values(sentence: Is) -> set[str]:
    every = VOCABULARY[sentence.fact].values
    named = {value for value in every if any(fnmatchcase(value, str(pattern)) for pattern in sentence.values)}
    return set(every) - named if sentence.negated else named


def _endless(rule: Rule) -> Iterator[Doubt]:
    if rule.clears_when is None and _stays_true(rule.when):
        hint = "add clears_when, or a sentence that ends, such as status is not delivered"
        yield Doubt("R307", "when", f"rule {rule.name}: nothing but a final status or a person clears its incidents", hint)


def _stays_true(condition: Condition) -> bool:
    """Whether nothing in the condition ever makes it false again."""
    if isinstance(condition, All):
        opened_by_event = any(isinstance(child, Received) for child in condition.children)
        return opened_by_event or all(_stays_true(child) for child in condition.children)
    if isinstance(condition, AnyOf):
        return any(_stays_true(child) for child in condition.children)
    return isinstance(condition, Received) or (isinstance(condition, Around) and condition.side != "within_before")


def _long_cooldown(rule: Rule) -> Iterator[Doubt]:
    if rule.cooldown > LONG_COOLDOWN:
        message = f"after an incident the rule opens nothing for {text_of(rule.cooldown)}"
        yield Doubt("R303", "cooldown", message, "a cooldown is mostly shorter than a day")


def grace_doubts(rule: Rule, grace: Span) -> Iterator[Doubt]:
    """Rules that go on after the end of a delivery, but for too short a time to do anything then."""
    if not rule.after_final:
        return
    if rule.hold > grace:
        message = f"what becomes true with the end never opens: hold is {text_of(rule.hold)}, and the grace {text_of(grace)}"
        yield Doubt("R314", "hold", message, f"a shorter hold, or final_grace: {text_of(rule.hold)} or more")
    elif grace == 0:
        message = "there is no final_grace: what opens with the end is resolved at the same instant"
        yield Doubt("R314", "after_final", message, "for example final_grace: 1h")
