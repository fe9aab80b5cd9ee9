"""`FACT VALUE`: facts that a note, or a test's `given:`, states outright."""

from domain.stated import STATED
from rules import phrases
from rules.clock_times import Calendar, read_time
from rules.directory import Directory
from rules.tree import Value
from rules.vocabulary import VOCABULARY
from rules.words import SentenceError, Words


def read_statement(words: Words, calendar: Calendar) -> tuple[str, Value | None]:
    """`FACT VALUE`, where VALUE may be `unknown` (None): a fact that a note may state, and its value."""
    name = stated_fact(words)
    return name, value_of_fact(words, name, calendar)


def stated_fact(words: Words) -> str:
    """The name of a fact that a note may state, and past it."""
    first = words.peek()
    name = phrases.fact(words)
    if name not in STATED:
        length = words.peek(-1).at + words.peek(-1).length - first.at
        hint = "report it by an event" if VOCABULARY[name].reads else "write it under delivery:"
        raise SentenceError("R105", first.at, length, f'"{name}" can not be set', hint)
    return name


def value_of_fact(words: Words, name: str, calendar: Calendar) -> Value | None:
    """The value of a fact that a note may state; None for `unknown`."""
    word = words.peek()
    if words.eat("unknown"):
        if STATED[name].needed:
            words.fail("R105", word, f'"{name}" is always known', "give it a value")
        return None
    if VOCABULARY[name].type == "time":
        return read_time(words, calendar)[0]
    return phrases.value(words, name, Directory())
