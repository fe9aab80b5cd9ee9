"""`given` of a test: how things stand outside when it begins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from domain.event import Event
from domain.instant import Instant
from domain.status import Kind
from rules import fields, guard_sentences, phrases, quantities
from rules.clock_times import Calendar
from rules.outside import ALWAYS, DisruptionTurned, FeedTurned, Given
from rules.simulate import Reported
from rules.source import Node, Source, Text
from rules.statements import stated_fact, value_of_fact
from rules.words import SentenceError, Words


def read_given(source: Source, node: Node | None, carrier: str, calendar: Calendar) -> Given:
    """`{feed acme: stale, disruption hub:HEL1: open, weather warning: orange, traffic delay: 12m, sibling scans at the hub: 2}`,
    each key as in a sentence."""
    mapping = fields.pairs(source, node, "given") if node is not None else None
    given = Given()
    for key, value in mapping.pairs if mapping else ():
        read = _read(source, key, lambda words: _subject(words, carrier, calendar))
        answer = _read(source, value, read) if read is not None and isinstance(value, Text) else None
        if read is not None and not isinstance(value, Text):
            source.at_node("R010", value, "what is given is one text", "for example feed acme: stale")
        given = given if answer is None else _with(given, answer)
    return given


def _read(source: Source, node: Text, read: Callable[[Words], Any]) -> Any:
    try:
        words = Words(node.value)
        found = read(words)
        words.end()
    except SentenceError as error:
        source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
        return None
    return found


def given_events(given: Given, known_at: Instant, carrier: str) -> tuple[Reported, ...]:
    """The notes that state the facts which are given, known with the order."""
    notes = (
        Event(f"given {name}", Kind.NOTE, known_at, known_at, carrier, detail={"fact": name, "value": value})
        for name, value in given.facts.items()
    )
    return tuple(Reported(known_at, note) for note in notes)


def _subject(words: Words, carrier: str, calendar: Calendar) -> Callable[[Words], Mapping[str, Any]]:
    """What a key speaks of: how its value is read."""
    if phrases.fact_here(words) is not None:
        fact = stated_fact(words)
        return lambda value: {"facts": {fact: value_of_fact(value, fact, calendar)}}
    name = words.one_of("R104", "thing to be given", ["feed", "disruption", "weather", "traffic"])
    if name == "feed":
        feed = guard_sentences.feed(words) or carrier
        return lambda value: {"turned": FeedTurned(ALWAYS, feed, _is(value, "alive", "stale"))}
    if name == "disruption":
        place = guard_sentences.place(words)
        return lambda value: {"turned": _disruption(value, place, ALWAYS)}
    if name == "weather":
        words.need("warning")
        return lambda value: {"weather": guard_sentences.level(value)}
    words.need("delay")
    return lambda value: {"traffic": quantities.duration(value)}


def _is(words: Words, yes: str, no: str) -> bool:
    return words.one_of("R104", "state", [yes, no]) == yes


def _disruption(words: Words, place: str, at: Instant) -> DisruptionTurned:
    opens = _is(words, "open", "closed")
    return DisruptionTurned(at, place, opens, guard_sentences.kind(words) if words.eat("of") else None)


def _with(given: Given, answer: Mapping[str, Any]) -> Given:
    if "turned" in answer:
        return replace(given, turned=(*given.turned, answer["turned"]))
    if "facts" in answer:
        return replace(given, facts={**given.facts, **answer["facts"]})
    return replace(given, **answer)
