"""Forms 6 and 7: how often something happened, and in what order."""

from rules import phrases, quantities, time_sentences
from rules.directory import Directory
from rules.tree import Count, EventPattern, Sentence, Sequence, Skipped, WrongOrder
from rules.vocabulary import DUE
from rules.words import Words

MOST_TIMES = 500
"""A delivery keeps its last 500 events; a higher count would never be reached."""


def counted(words: Words, directory: Directory) -> Sentence:
    """Form 6."""
    event = phrases.event(words)
    words.need("at", "least")
    number = times(words)
    if not words.eat("time"):
        words.need("times", hint="for example attempt_failed at least 2 times in 24h")
    span, calendar = quantities.length(words, directory) if words.eat("in") else (None, None)
    return Count(event, number, span, calendar)


def times(words: Words) -> int:
    """How often: a whole number from 1."""
    word = words.next()
    if word.kind != "number" or not word.text.isdigit() or not 1 <= int(word.text[:9]) <= MOST_TIMES:
        words.fail("R106", word, f"a count can not be {word.text or 'missing'}", f"a whole number from 1 to {MOST_TIMES}")
    return int(word.text)


def ordered(words: Words, directory: Directory) -> Sentence:
    """Form 7."""
    if words.is_at("skipped", ahead=1):
        milestone = time_sentences.milestone(words)
        words.need("skipped")
        return Skipped(milestone)
    first = phrases.event(words)
    if words.eat("before"):
        return WrongOrder(first, _second(words))
    negated = _is_negated(words)
    then = phrases.event(words)
    words.need("within", hint="say how soon, for example within 45m")
    span, calendar = quantities.length(words, directory)
    return Sequence(first, then, span, negated, calendar)


def _is_negated(words: Words) -> bool:
    """Past `then` or `not followed by`."""
    if words.eat("then"):
        return False
    word = words.peek()
    if words.eat("followed", "by"):
        words.fail("R100", word, '"followed by" is written "then"', "write A then B within D, or A not followed by B within D")
    words.need("not", "followed", "by", hint="write A then B within D, or A not followed by B within D")
    return True


def _second(words: Words) -> EventPattern:
    word, start = words.peek(), words.at
    if words.phrase(phrases.TIMES) or words.phrase(DUE) or words.phrase((phrases.CUTOFF,)):
        said = f'"{words.text[word.at :].strip()}" is a time, not an event'
        words.fail("R104", word, said, "write no EVENT before TIME, or last EVENT earlier than TIME")
    words.at = start
    return phrases.event(words)
