"""Form 10: guards, which look at something outside the delivery and only when the rest of a rule is true."""

from collections.abc import Mapping
from typing import cast, get_args

from rules import quantities
from rules.directory import Directory
from rules.problems import suggestion
from rules.tree import DisruptionOpen, DisruptionScope, FeedStale, Sentence, TrafficDelay, WeatherLevel, WeatherWarning
from rules.words import Words

LEVELS: Mapping[str, WeatherLevel] = {
    **{level: level for level in get_args(WeatherLevel)},
    "moderate": "yellow",
    "severe": "orange",
    "extreme": "red",
}
"""A level of warning as it is written -> the level of meteoalarm.org. CAP's words for severity mean the same."""

OWN_CARRIER = "carrier"
"""`feed of carrier` is the feed of whoever has the delivery."""


def guarded(words: Words, directory: Directory) -> Sentence:
    """Form 10."""
    if words.eat("disruption"):
        return _disruption(words)
    if words.eat("weather", "warning"):
        words.need("at", "least", hint="for example weather warning at least orange")
        return WeatherWarning(level(words))
    if words.eat("traffic", "delay"):
        words.need("over", hint="for example traffic delay over 10m")
        return TrafficDelay(quantities.duration(words))
    words.need("feed")
    found = feed(words)
    words.need("stale", "for", hint="say how long, for example stale for 2h")
    return FeedStale(quantities.duration(words), found)


def feed(words: Words) -> str | None:
    """`of carrier`, or the name of a feed; None for the carrier's."""
    if words.eat("of"):
        words.need(OWN_CARRIER, hint="write feed of carrier, or feed NAME")
        return None
    word = words.next()
    if word.kind in ("end", "comma") or word.low == "stale":
        words.fail("R100", word, "say which feed", "write feed of carrier, or feed NAME")
    return None if word.low == OWN_CARRIER and word.kind != "quoted" else word.text


def _disruption(words: Words) -> Sentence:
    words.need("open", "on", hint="for example disruption open on hub")
    where, word = scope(words), words.peek()
    if word.kind in ("word", "number", "quoted") and word.low != "of":
        hint = f"it is the delivery's own {where}; applies_to: {{{where}: ...}} says for which deliveries the rule is"
        words.fail("R101", word, f"{word.shown} is not understood here", hint)
    return DisruptionOpen(where, kind(words) if words.eat("of") else None)


def scope(words: Words) -> DisruptionScope:
    """What a disruption is on."""
    return cast(DisruptionScope, words.one_of("R105", "scope", get_args(DisruptionScope)))


def kind(words: Words) -> str:
    """`kind K`: snow, strike, down ..., whatever disruptions are declared with."""
    words.need("kind", hint="for example of kind snow")
    word = words.next()
    if word.kind in ("end", "comma"):
        words.fail("R105", word, f"expected a kind of disruption, found {word.shown}", "for example of kind snow")
    return word.text


def level(words: Words) -> WeatherLevel:
    """A level of warning."""
    word = words.next()
    if word.low not in LEVELS:
        words.fail("R105", word, f"unknown level {word.shown}", suggestion(word.text, LEVELS))
    return LEVELS[word.low]


def place(words: Words) -> str:
    """SCOPE:KEY, `hub:HEL1`: what a disruption of a test is on."""
    word = words.next()
    where, colon, key = word.text.partition(":")
    if not colon or not key:
        words.fail("R100", word, f"expected SCOPE:KEY, found {word.shown}", "for example hub:HEL1")
    if where not in get_args(DisruptionScope):
        words.fail("R105", word, f'unknown scope "{where}"', suggestion(where, get_args(DisruptionScope)))
    return word.text
