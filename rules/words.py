"""A sentence as a row of words, each with its place; and the reading hand that moves along it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NoReturn

from rules.problems import suggestion

WordKind = Literal["word", "quoted", "number", "quantity", "clock", "comma", "end"]

_WORD = re.compile(r"""(?P<comma>,)|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s,"'][^\s,]*)""")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_QUANTITY = re.compile(r"(?:-?\d+(?:\.\d+)?)(?:[a-z]+|%|°c)|(?:\d+[a-z]+){2,}")


_GOES_ON: Mapping[str, str] = {
    "for": "this sentence takes no for; use hold:",
    "and": "write what follows as a sentence of its own: all items of a list below when: have to be true",
    "but": "write what follows as a sentence of its own: all items of a list below when: have to be true",
    "or": "write the sentences as items of a list below any:",
}
"""What to do about a word behind a complete sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `low` is how it is compared; `at` and `length` count characters of the sentence, quotes included."""

    kind: WordKind
    text: str
    low: str
    at: int
    length: int

    @property
    def shown(self) -> str:
        return f'"{self.text}"' if self.text else "the end"


class SentenceError(ValueError):
    """A sentence that is not understood: where in it, why, and what to write instead."""

    def __init__(self, code: str, at: int, length: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.at, self.length, self.message, self.hint = code, at, length, message, hint


def words_of(text: str) -> list[Word]:
    """The words of a sentence; a quote that nothing closes raises SentenceError."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _WORD.match(text, at)
        if match is None:
            raise SentenceError("R100", at, 1, "this quotation mark is not closed", f"add another {text[at]}")
        found.append(_word(match))
        at = match.end()
    return found


def _word(match: re.Match[str]) -> Word:
    length = match.end() - match.start()
    for group in ("double", "single"):
        if match[group] is not None:
            return Word("quoted", match[group], match[group], match.start(), length)
    text = match[0]
    return Word(_kind(text.casefold()), text, text.casefold(), match.start(), length)


def _kind(low: str) -> WordKind:
    if low == ",":
        return "comma"
    if _NUMBER.fullmatch(low) and low.isascii():
        return "number"
    if _CLOCK.fullmatch(low) and low.isascii():
        return "clock"
    return "quantity" if _QUANTITY.fullmatch(low) else "word"


class Words:
    """Reads a sentence from left to right. Methods that need something raise SentenceError if it is not there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._words = words_of(text)
        self._end = Word("end", "", "", len(text.rstrip()), 1)

    def peek(self, ahead: int = 0) -> Word:
        place = self.at + ahead
        return self._words[place] if 0 <= place < len(self._words) else self._end

    def next(self) -> Word:
        word = self.peek()
        self.at += word.kind != "end"
        return word

    def is_at(self, *lows: str, ahead: int = 0) -> bool:
        """Whether the next words are these; a quoted word is never a keyword."""
        return all(
            self.peek(ahead + place).low == low and self.peek(ahead + place).kind != "quoted" for place, low in enumerate(lows)
        )

    def eat(self, *lows: str) -> bool:
        if not self.is_at(*lows):
            return False
        self.at += len(lows)
        return True

    def need(self, *lows: str, hint: str = "") -> None:
        for low in lows:
            if not self.eat(low):
                self.fail("R100", self.peek(), f'expected "{low}", found {self.peek().shown}', hint)

    def phrase(self, phrases: Iterable[str]) -> str | None:
        """The longest of the phrases that stands here, and past it."""
        for phrase in sorted(phrases, key=len, reverse=True):
            if self.eat(*phrase.split(" ")):
                return phrase
        return None

    def one_of(self, code: str, what: str, phrases: Iterable[str]) -> str:
        """One of the phrases; else the next word is an unknown `what`."""
        allowed = list(phrases)
        found = self.phrase(allowed)
        if found is None:
            word = self.peek()
            missing = word.kind in ("end", "comma")
            message = f"expected a {what}, found {word.shown}" if missing else f"unknown {what} {word.shown}"
            self.fail(code, word, message, suggestion(word.text, allowed))
        return found

    def has(self, *lows: str) -> bool:
        """Whether the words stand anywhere from here on."""
        return any(self.is_at(*lows, ahead=ahead) for ahead in range(len(self._words) - self.at))

    def rest(self) -> list[Word]:
        return self._words[self.at :]

    def has_duration(self) -> bool:
        """Whether a duration stands anywhere from here on."""
        return any(word.kind == "quantity" for word in self.rest()) or any(
            word.kind == "number" and after.kind == "word" for word, after in pairwise(self.rest())
        )

    def is_duration(self) -> bool:
        """Whether a duration stands here: `15m`, `2 days`, or a bare number."""
        return self.peek().kind in ("quantity", "number")

    def fail(self, code: str, word: Word, message: str, hint: str = "") -> NoReturn:
        raise SentenceError(code, word.at, word.length, message, hint)

    def end(self) -> None:
        word = self.peek()
        if word.kind != "end":
            hint = _GOES_ON.get(word.low, "the sentence was complete before it")
            self.fail("R101", word, f"{word.shown} is not understood here", hint)
