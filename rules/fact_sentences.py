"""Forms 1, 2 and 3: what a fact is, how large it is, whether it is known. Each takes what may end in `for D`."""

from typing import Any

from rules import phrases, quantities
from rules.directory import Directory
from rules.meant import LATER_THAN, yes_no_meant
from rules.tree import Between, Compare, Includes, Is, Known, Same, Sentence
from rules.vocabulary import VOCABULARY
from rules.words import Word, Words

_COMPARISONS = {"over": "over", "under": "under", "at least": "at_least", "at most": "at_most"}
MEANT = {
    ">": "over", "<": "under", ">=": "at least", "<=": "at most", "=": "is", "==": "is", "!=": "is not", "equals": "is", "are": "is",
    "above": "over", "below": "under", "more": "over", "less": "under", "exceeds": "over", "contains": "includes", "has": "includes",
    "in": "is one of", "after": "later than", "before": "earlier than", "isn't": "is not", "was": "is",
}  # fmt: skip
"""What people write for a word of the language."""


def is_sentence(words: Words, directory: Directory) -> Sentence:
    """Form 1."""
    negated = words.eat("not")
    start, first, written = words.at, words.peek(), words.rest()
    name = phrases.fact(words)
    if VOCABULARY[name].type == "yes_no" and (words.peek().kind == "end" or words.is_at("for")):
        return Is(name, (True,), negated, *quantities.held(words, directory))
    if negated:
        near = yes_no_meant(written)
        hint = f'did you mean "not {near}"?' if near else f"write {name} is not ..."
        words.fail("R100", first, f'"not" stands before a yes/no fact only, and "{name}" is none', hint)
    if words.is_at("includes") or words.is_at("does", "not", "include") or words.is_at("not", "includes"):
        return _includes(words, name, directory)
    words.at = start
    return _is_value(words, directory)


def _includes(words: Words, name: str, directory: Directory) -> Sentence:
    word = words.peek()
    negated = words.eat("does", "not", "include") or words.eat("not", "includes")
    if not negated:
        words.need("includes")
    if VOCABULARY[name].type != "list":
        words.fail("R109", word, f'"{name}" is not a list', f"write {name} is ...")
    value = words.next()
    if value.kind in ("end", "comma"):
        words.fail("R105", value, f"expected a word, found {value.shown}")
    return Includes(name, value.text, negated, *quantities.held(words, directory))


def _is_value(words: Words, directory: Directory) -> Sentence:
    written = words.rest()
    name = phrases.fact(words)
    _need_is(words, name, written)
    negated = words.eat("not")
    other = _other_fact(words, name)
    if other:
        return Same(name, other, negated, *quantities.held(words, directory))
    several = words.eat("one", "of")
    first, first_currency = phrases.value_in(words, name, directory, None)
    values, currency = [first], first_currency
    while words.is_at(",") or (several and words.is_at("or")):
        following, currency = _next_value(words, name, directory, currency, several=several)
        values.append(following)
    quantities.refuse_late(words, first_currency, currency)
    return Is(name, tuple(values), negated, *quantities.held(words, directory), currency)


def _need_is(words: Words, name: str, written: list[Word]) -> None:
    word = words.peek()
    if words.eat("is"):
        return
    signs = LATER_THAN if VOCABULARY[name].type == "time" else MEANT
    meant = yes_no_meant(written) or signs.get(word.low)
    goes_on = (
        "includes"
        if VOCABULARY[name].type == "list"
        else "is, is not, is one of, is known, over, under, at least, later than, ..."
    )
    hint = f'did you mean "{meant}"?' if meant else f"it goes on with {goes_on}"
    words.fail("R100", word, f'{word.shown} cannot follow "{name}"', hint)


def _next_value(words: Words, name: str, directory: Directory, currency: str | None, *, several: bool) -> Any:
    comma = words.next()
    if not several:
        words.fail("R100", comma, "several values need is one of", f"write {name} is one of A, B")
    words.eat("or")
    return phrases.value_in(words, name, directory, currency)


def _other_fact(words: Words, name: str) -> str | None:
    """The fact that is compared with, if what stands here is one of the same type and not a value."""
    start = words.at
    other = phrases.fact_here(words)
    if other is None or VOCABULARY[other].type != VOCABULARY[name].type or words.peek().low in VOCABULARY[name].values:
        return None
    phrases.fact(words)
    if words.peek().kind == "end" or words.is_at("for"):
        return other
    words.at = start
    return None


def compared(words: Words, directory: Directory) -> Sentence:
    """Form 2."""
    name = phrases.numeric_fact(words)
    if words.eat("between"):
        low, high, currency = quantities.number_range(words, name)
        return Between(name, low, high, *quantities.held(words, directory), currency)
    op: Any = _COMPARISONS[words.one_of("R100", "comparison", _COMPARISONS)]
    number, currency = quantities.amount(words, name)
    return Compare(name, op, number, *quantities.held(words, directory), currency)


def known(words: Words, directory: Directory) -> Sentence:
    """Form 3."""
    name = phrases.fact(words)
    words.need("is")
    negated = words.eat("not")
    known = words.one_of("R100", "word", ("known", "unknown")) == "known"
    return Known(name, known is not negated, *quantities.held(words, directory))
