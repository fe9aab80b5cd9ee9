"""The parts that sentences are made of: facts and their values, events, times."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import NoReturn

from domain.status import MILESTONES, Party
from rules.directory import Directory
from rules.meant import clock_hint, hint_for, lasting_state, sentence_meant, value_hint, written_value
from rules.problems import suggestion
from rules.quantities import amount, number
from rules.tree import EventPattern, TimeRef, Value
from rules.vocabulary import DUE, EVENTS, VOCABULARY
from rules.words import SentenceError, Word, Words

FACTS: Mapping[str, str] = {phrase: name for name, fact in VOCABULARY.items() for phrase in (name, *fact.synonyms)}
"""What a fact may be called -> its name."""

TIMES: Mapping[str, str] = {phrase: name for phrase, name in FACTS.items() if VOCABULARY[name].type == "time"}

YES_NO: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}

_OPERATORS = frozenset(
    ["is", "over", "under", "at", "between", "includes", "later", "earlier", "for", "not", "does", "then", "followed"]
)
OWN_HUB = "hub"
"""`at hub` is the delivery's own hub."""

CUTOFF = "hub cutoff"
OPENED = "opened"
"""`opened RULE` is an event: an incident of that rule opened on the delivery."""


def fact_here(words: Words) -> str | None:
    """The name of the fact that stands here; the words stay unread."""
    start = words.at
    phrase = words.phrase(FACTS)
    words.at = start
    return FACTS[phrase] if phrase else None


def fact(words: Words) -> str:
    """A fact's name, and past it."""
    phrase = words.phrase(FACTS)
    if phrase is None:
        _fail_unknown_fact(words)
    return FACTS[phrase or ""]


def numeric_fact(words: Words) -> str:
    """The name of a fact that is a number, and past it."""
    word, name = words.peek(), fact(words)
    if VOCABULARY[name].type != "number":
        hint = (
            f"write {name} later than ..., or {name} earlier than ..."
            if VOCABULARY[name].type == "time"
            else f"write {name} is ..."
        )
        words.fail("R109", word, f'"{name}" is not a number', hint)
    return name


def _fail_unknown_fact(words: Words) -> None:
    unknown = []
    for word in words.rest():
        if word.low in _OPERATORS or word.kind not in ("word", "quoted"):
            break
        unknown.append(word)
    first = words.peek()
    if not unknown:
        words.fail("R103", first, f"expected a fact, found {first.shown}", suggestion("", FACTS))
    text = " ".join(word.text for word in unknown)
    length = unknown[-1].at + unknown[-1].length - first.at
    near = suggestion(text, FACTS)
    hint = lasting_state(words) or hint_for(text, near) or sentence_meant(words.text) or near
    raise SentenceError("R103", first.at, length, f'unknown fact "{text}"', hint)


def value(words: Words, name: str, directory: Directory) -> Value:
    """A value that the fact can have."""
    word = words.peek()
    described = VOCABULARY[name]
    if described.type == "number":
        return number(words, name)
    if described.type == "yes_no":
        return YES_NO[words.one_of("R105", "answer", YES_NO)]
    if described.type in ("time", "list"):
        instead = "includes" if described.type == "list" else "later than, earlier than or is known"
        words.fail("R109", word, f'"{name}" is a {described.type}', f"use {instead}")
    if word.kind in ("end", "comma"):
        words.fail("R105", word, f'expected a value of "{name}", found {word.shown}', suggestion("", described.values))
    return _enum_value(words, name) if described.type == "enum" else _text_value(words, name, directory)


def value_in(words: Words, name: str, directory: Directory, beside: str | None) -> tuple[Value, str | None]:
    """A value, and its currency if it is an amount: its own, or that of the value that it stands `beside`."""
    if VOCABULARY[name].currency is not None:
        return amount(words, name, beside)
    return value(words, name, directory), None


def _enum_value(words: Words, name: str) -> str:
    word = words.next()
    allowed = VOCABULARY[name].values
    if not any(fnmatchcase(known, word.low) for known in allowed):
        words.at -= 1
        _fail_value(words, name)
    return word.low


def _fail_value(words: Words, name: str) -> NoReturn:
    """`out for delivery`, written with spaces, is close to a value that has underscores."""
    word, several = words.peek(), written_value(words)
    said = f"no {name} is called" if "*" not in word.low else f"no {name} matches"
    shown = " ".join(one.text for one in several) or word.text
    length = several[-1].at + several[-1].length - word.at if several else word.length
    raise SentenceError("R105", word.at, length, f'{said} "{shown}"', value_hint(name, shown.replace(" ", "_")))


def _text_value(words: Words, name: str, directory: Directory) -> str:
    word = words.next()
    register = VOCABULARY[name].register
    known = tuple(getattr(directory, register)) if register else ()
    if known and not is_glob(word.text) and word.text not in known:
        words.fail("R023", word, f'unknown {(register or "")[:-1]} "{word.text}"', suggestion(word.text, known))
    return word.text


def is_glob(text: str) -> bool:
    return any(character in text for character in "*?[")


def event(words: Words) -> EventPattern:
    """E with its qualifiers, each at most once."""
    word = words.peek()
    name = _opened(words) if words.eat(OPENED) else words.phrase(EVENTS)
    if name is None:
        _fail_unknown_event(words, word)
    qualifiers: dict[str, str] = {}
    while (key := _qualifier_here(words)) and key not in qualifiers:
        qualifiers[key] = _QUALIFIERS[key](words)
    by = qualifiers.get("by")
    return EventPattern(
        name or "", qualifiers.get("place"), qualifiers.get("reason"), Party(by) if by else None, qualifiers.get("source")
    )


def _opened(words: Words) -> str:
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R104", word, f"expected the id of a rule, found {word.shown}", "for example opened missed-scan")
    return f"{OPENED} {word.text}"


def _fail_unknown_event(words: Words, word: Word) -> None:
    states = [name for name in EVENTS if name.startswith(f"{word.low} ")]
    if word.kind in ("end", "comma") or states:
        words.fail("R104", word, f"expected an event, found {word.shown}", suggestion(word.text, states or EVENTS))
    words.fail("R104", word, f'unknown event "{word.text}"', suggestion(_joined_event(words), EVENTS))


def _joined_event(words: Words) -> str:
    name = takewhile(lambda word: word.kind == "word" and word.low not in _OPERATORS, words.rest()[:3])
    return "_".join(word.text for word in name)


def _qualifier_here(words: Words) -> str | None:
    if words.is_at("at") and words.peek(1).low not in ("least", "most"):
        return "place"
    if words.is_at("by") and words.peek(1).kind in ("quantity", "number"):
        return None
    return {"with": "reason", "by": "by", "from": "source"}.get(words.peek().low)


def _place(words: Words) -> str:
    words.need("at")
    name = _named(words, "place")
    return name.casefold() if name.casefold() == OWN_HUB else name


def _source(words: Words) -> str:
    words.need("from")
    return _named(words, "source")


def _named(words: Words, what: str) -> str:
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R104", word, f"expected the name of a {what}, found {word.shown}")
    return word.text


def _reason(words: Words) -> str:
    words.need("with", "reason")
    return _enum_value(words, "last reason")


def _by(words: Words) -> str:
    words.need("by")
    return words.one_of("R104", "party", [party.value for party in Party])


_QUALIFIERS = {"place": _place, "reason": _reason, "by": _by, "source": _source}


def time(words: Words) -> TimeRef:
    """T: a fact that is a time, `MILESTONE due`, `hub cutoff`, or `last E`."""
    start = words.at
    phrase = words.phrase(TIMES)
    if phrase and (words.peek().kind == "end" or words.peek().low in _AFTER_TIME):
        return TimeRef("fact", TIMES[phrase])
    words.at = start
    due = words.phrase(DUE)
    if due:
        return TimeRef("due", due.removesuffix(" due"))
    if words.phrase((CUTOFF,)):
        return TimeRef("cutoff", CUTOFF)
    if words.eat("last"):
        narrowed = event(words)
        return TimeRef("last", narrowed.name, None if narrowed == EventPattern(narrowed.name) else narrowed)
    if words.phrase(TIMES):
        return TimeRef("fact", TIMES[phrase or ""])
    _fail_unknown_time(words)
    raise AssertionError("unreachable")


_AFTER_TIME = ("later", "earlier", "by", "counted")
"""What may follow a time; `last scan at HEL1` is the last of some scans, `last scan at` is a fact."""


def _fail_unknown_time(words: Words) -> None:
    word = words.peek()
    if word.low in {milestone.value for milestone in MILESTONES}:
        words.fail("R111", word, f'"{word.text}" is a status, not a time', f'write "{word.low} due" or "last {word.low}"')
    if word.kind == "clock":
        words.fail("R111", word, f"{word.text} is a time of day", clock_hint(word))
    name = fact_here(words)
    if name:
        words.fail("R109", word, f'"{name}" is not a time', suggestion("", TIMES))
    text = " ".join(after.text for after in words.rest()[:2] if after.low not in _OPERATORS)
    words.fail("R111", word, f"unknown time {word.shown}", suggestion(text, [*TIMES, *DUE, CUTOFF]))
