"""`given` of a test: how things stand outside when it begins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from domain.instant import Instant
from rules import fields, guard_sentences, quantities
from rules.outside import ALWAYS, DisruptionTurned, FeedTurned, Given
from rules.source import Node, Source, Text
from rules.words import SentenceError, Words


def read_given(source: Source, node: Node | None, carrier: str) -> Given:
    """`{feed acme: stale, disruption hub:HEL1: open, weather warning: orange, traffic delay: 12m}`, each key as in a sentence."""
    mapping = fields.pairs(source, node, "given") if node is not None else None
    given = Given()
    for key, value in mapping.pairs if mapping else ():
        read = _read(source, key, lambda words: _subject(words, carrier))
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


def _subject(words: Words, carrier: str) -> Callable[[Words], Mapping[str, Any]]:
    """What a key speaks of: how its value is read."""
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
    return replace(given, **answer)
