"""Sentences of the rule language -> conditions. One parse function per form; FORMS is the table of them all.

`parse` looks for the first form whose `looks` recognises the sentence; from then on that form alone reads it, so that a mistake
is explained in the terms of what was meant.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from rules import event_sentences, fact_sentences, guard_sentences, meant, phrases, time_sentences
from rules.directory import Directory
from rules.problems import suggestion
from rules.tree import Condition, Sentence
from rules.vocabulary import EVENTS, VOCABULARY
from rules.words import SentenceError, Word, Words

__all__ = ["FORMS", "Form", "SentenceError", "parse"]

LONGEST_SENTENCE = 10_000
"""Characters. A list of several hundred places is shorter; how long a mistake is sought grows with the square of it."""


def parse(text: str, directory: Directory | None = None) -> Condition:
    """The condition that a sentence states; raises SentenceError, with the place within the text, at its first mistake."""
    if len(text) > LONGEST_SENTENCE:
        too_long = f"the sentence has {len(text)} characters, at most {LONGEST_SENTENCE} are read"
        raise SentenceError("R003", 0, 1, too_long, "state it in several sentences, under all: or any:")
    words = Words(text)
    if words.peek().kind == "end":
        words.fail("R100", words.peek(), "the sentence is empty", "for example: status is out_for_delivery")
    _refuse_holes(words)
    meant.refuse_is(words, phrases.fact_here(words))
    form = next(form for form in FORMS if form.looks(words))
    node = form.parse(words, directory or Directory())
    words.end()
    return replace(node, text=" ".join(text.split()))


def _refuse_holes(words: Words) -> None:
    for word in words.rest():
        if word.kind != "quoted" and word.text.startswith("{"):
            words.fail(
                "R114", word, f"nothing gives a value for {word.text}", "name a table under params:, or write the value itself"
            )


def _not_a_sentence(words: Words, directory: Directory) -> Sentence:
    word, text = words.peek(), " ".join(words.text.split())
    if words.phrase(EVENTS):
        _refuse_event(word, word.text, word.length)
    if word.low == phrases.OPENED and words.peek(1).kind == "word":
        opened = words.peek(1)
        _refuse_event(word, f"{word.text} {opened.text}", opened.at + opened.length - word.at)
    words.at = 0
    if phrases.fact_here(words) is None and not any(_is_operator(after) for after in words.rest()):
        if words.has("for") and words.peek().low != "for":
            meant.fail_state(words)
        whole = len(words.text.rstrip()) - word.at
        raise SentenceError("R100", word.at, whole, f'"{text}" is not a sentence of the rule language', _closest(text))
    return fact_sentences.is_sentence(words, directory)


def _refuse_event(word: Word, event: str, length: int) -> NoReturn:
    hint = f'"{event} received", "no {event} for 2h" or "{event} at least 2 times in 24h"'
    raise SentenceError("R100", word.at, length, f'"{event}" is an event; say what about it', hint)


def _is_operator(word: Word) -> bool:
    return word.low in ("is", "over", "under", "at", "between", "includes") or word.low in fact_sentences.MEANT


def _closest(text: str) -> str:
    near = suggestion(text, [*(form.example for form in FORMS), *phrases.FACTS])
    return meant.hint_for(text, near) or "see docs/rules-reference.md for the forms that a sentence can have"


def _follows_fact(words: Words, *openings: tuple[str, ...]) -> bool:
    """Whether a fact stands here, followed by one of the openings."""
    start = words.at
    found = words.phrase(phrases.FACTS) is not None and any(words.is_at(*opening) for opening in openings)
    words.at = start
    return found


def _looks_counted(words: Words) -> bool:
    counted = any(
        words.is_at("at", "least", ahead=n) and words.peek(n + 3).low in ("time", "times") for n in range(len(words.rest()))
    )
    name = phrases.fact_here(words)
    return (counted and (name is None or VOCABULARY[name].type != "number")) or (name is None and _is_event_at_least(words))


def _is_event_at_least(words: Words) -> bool:
    """Whether an event stands here, and `at least` behind it: a count whose `times` was forgotten."""
    start = words.at
    found = words.phrase(EVENTS) is not None and words.is_at("at", "least")
    words.at = start
    return found


def _looks_about_time(words: Words) -> bool:
    return (
        words.peek().low in ("within", "after", "before")
        or words.is_duration()
        or words.has("later")
        or words.has("earlier")
        or words.is_at("overdue", ahead=1)
    )


def _looks_calendar(words: Words) -> bool:
    return words.peek().low in ("between", "on", "in") or words.is_at("not", "in")


def _looks_guarded(words: Words) -> bool:
    openings = ("feed", "disruption"), ("weather", "warning"), ("traffic", "delay")
    return words.peek().low in openings[0] or any(words.is_at(*opening) for opening in openings[1:])


def _looks_ordered(words: Words) -> bool:
    return (
        words.has("then")
        or words.has("followed")
        or words.has("skipped")
        or (words.has("before") and phrases.fact_here(words) is None)
    )


def _looks_is(words: Words) -> bool:
    return phrases.fact_here(words) is not None or (words.is_at("not") and words.peek(1).kind != "end")


_IS_KNOWN = (("is", "known"), ("is", "unknown"), ("is", "not", "known"), ("is", "not", "unknown"))
_COMPARED = (("over",), ("under",), ("at", "least"), ("at", "most"), ("between",))


@dataclass(frozen=True, slots=True)
class Form:
    """One row of the language. `looks` tells whether a sentence is meant to have this form."""

    number: int
    pattern: str
    example: str
    looks: Callable[[Words], bool]
    parse: Callable[[Words, Directory], Sentence]


FORMS: tuple[Form, ...] = (
    Form(4, "no E for D [since A] [counted in calendar C]; no E before T", "no scan for 2h since out_for_delivery", lambda w: w.is_at("no"), time_sentences.absent),
    Form(9, "between H1 and H2; on weekdays; on WEEKDAY, ...; in / not in calendar C", "between 08:00 and 20:00", _looks_calendar, time_sentences.daytime),
    Form(10, "feed of carrier / feed X stale for D; disruption open on S [of kind K]; weather warning at least LEVEL; traffic delay over D", "disruption open on hub", _looks_guarded, guard_sentences.guarded),
    Form(6, "E at least N times [in D]", "attempt_failed at least 2 times in 24h", _looks_counted, event_sentences.counted),
    Form(8, "T1 later than T2 [by D]; [within] D before T; D after T; MILESTONE overdue [by D]", "eta later than promised end by 20m", _looks_about_time, time_sentences.about_time),
    Form(7, "A then B within D; A not followed by B within D; A before B; MILESTONE skipped", "arrived at hub not followed by scan at hub within 45m", _looks_ordered, event_sentences.ordered),
    Form(11, "E received", "scan received", lambda w: w.has("received"), time_sentences.received),
    Form(5, "at same stop / at same hub / stopped / moving / silent / off route, for D", "at same stop for 15m", lambda w: any(w.is_at(*state.split(" ")) for state in time_sentences.STATES), time_sentences.staying),
    Form(3, "F is known / is unknown", "eta is unknown", lambda w: _follows_fact(w, *_IS_KNOWN), fact_sentences.known),
    Form(2, "F over / under / at least / at most N unit; F between A and B", "attempts at least 2", lambda w: _follows_fact(w, *_COMPARED), fact_sentences.compared),
    Form(1, "F is V / is not V; F is one of A, B; F includes V; F is F2; a yes/no fact alone or negated", "status is out_for_delivery", _looks_is, fact_sentences.is_sentence),
    Form(1, "F is V", "status is out_for_delivery", lambda w: True, _not_a_sentence),
)  # fmt: skip
"""In the order in which they are tried; the last row takes what no other form knows and says so."""
