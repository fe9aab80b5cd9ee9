"""What a customer's reply means: for which delivery, and what it asks for. Pure.

A reply counts by the question that is open: those of its `answers` that it names, by word or by number; yes, no and later in every
language that messages are written in. What nobody asked for is kept as a note.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.conversation import SAID, Conversation, Meaning, meaning_of, plain
from domain.folds import AGAIN, NO_MORE
from domain.instant import Instant


class Wish(StrEnum):
    """What a reply asks for."""

    YES = "yes"
    NO = "no"
    LATER = "later"
    ANSWER = "answer"
    """One of the answers of the question, or, if it names none, any words."""
    OTHER = "other"
    """Words that are no answer to what was asked."""
    NOTE = "note"
    """Nothing was asked."""
    STOP = "stop"
    START = "start"
    HELP = "help"
    WHICH = "which"
    """It could be for more than one delivery."""
    UNKNOWN = "unknown"
    """We never wrote to this number."""


WORDS: Mapping[Wish, frozenset[str]] = {
    **{Wish(meaning): words for meaning, words in SAID.items()},
    Wish.STOP: NO_MORE | {"end", "cancel", "quit", "stopp", "lopeta", "seis", "abmelden"},
    Wish.START: AGAIN | {"aloita", "jatka", "anmelden"},
    Wish.HELP: frozenset({"help", "info", "apua", "ohje", "hilfe"}),
}
"""The words by which people say it, in English, Finnish and German."""

OF_ANY_MESSAGE = (Wish.STOP, Wish.START, Wish.HELP)
"""What can be said at any time. Only if it is not one of a question's own answers."""

BY_PROVIDER: Mapping[str, Wish] = {"STOP": Wish.STOP, "START": Wish.START, "HELP": Wish.HELP}
"""Twilio's OptOutType."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a reply means. `text` is what was said, or the answer that it names; `about` the deliveries that it is for."""

    wish: Wish
    text: str
    about: tuple[Conversation, ...] = ()


def understood(text: str, known: tuple[Conversation, ...], now: Instant, said_by_provider: str = "") -> Understood:
    """What a reply means, to a number with these conversations, the latest first."""
    alive = tuple(one for one in known if not one.is_over)
    named, rest = _named(text, alive)
    about = (named,) if named is not None else alive
    if wish := BY_PROVIDER.get(said_by_provider.upper()) or _of_any(plain(rest), about, now):
        return Understood(wish, text, known if not alive else about)
    if not known:
        return Understood(Wish.UNKNOWN, text)
    asking = tuple(one for one in about if one.is_asking(now))
    if len(asking) > 1 or (not asking and len(about) > 1):
        return Understood(Wish.WHICH, text, asking or about)
    if asking:
        return _answered(rest, asking[0])
    return Understood(Wish.NOTE, rest, about or known[:1])


def _of_any(said: str, about: Iterable[Conversation], now: Instant) -> Wish | None:
    own = {plain(answer) for one in about if one.is_asking(now) and one.question for answer in one.question.answers}
    return next((wish for wish in OF_ANY_MESSAGE if said in WORDS[wish] and said not in own), None)


def _named(text: str, known: Iterable[Conversation]) -> tuple[Conversation | None, str]:
    """The delivery whose code stands first or last, and the words without it."""
    words = text.split()
    for place in (0, -1) if words else ():
        found = next((one for one in known if plain(words[place]) == one.code.casefold()), None)
        if found is not None:
            rest = words[1:] if place == 0 else words[:-1]
            return found, " ".join(rest)
    return None, text.strip()


def _answered(text: str, one: Conversation) -> Understood:
    answers = one.question.answers if one.question else ()
    said = plain(text)
    if not said:
        return Understood(Wish.OTHER, text, (one,))
    if not answers:
        meaning = meaning_of(said)
        return Understood(_wish(None if meaning is Meaning.LATER else meaning), text, (one,))
    answer = _of(said, answers)
    if answer is None:
        return Understood(Wish.OTHER, text, (one,))
    return Understood(_wish(meaning_of(answer)), answer, (one,))


def _of(said: str, answers: Sequence[str]) -> str | None:
    """The answer that is named: by its word, by its number from 1, or by a word of another language for the same."""
    if said.isascii() and said.isdigit() and 1 <= int(said[:3]) <= len(answers):
        return answers[int(said[:3]) - 1]
    meaning = meaning_of(said)
    same = (answer for answer in answers if plain(answer) == said)
    alike = (answer for answer in answers if meaning is not None and meaning_of(answer) is meaning)
    return next(same, None) or next(alike, None)


def _wish(meaning: Meaning | None) -> Wish:
    return Wish.ANSWER if meaning is None else Wish(meaning)
