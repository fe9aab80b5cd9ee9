"""What people write who do not know the words yet, and what they mean by it. Nothing here is understood; it only makes hints."""

from difflib import get_close_matches
from typing import NoReturn

from rules.problems import suggestion
from rules.tree import State
from rules.vocabulary import VOCABULARY
from rules.words import SentenceError, Word, Words

LATER_THAN = {">": "later than", ">=": "later than", "<": "earlier than", "<=": "earlier than", "over": "later than", "above": "later than",
              "after": "later than", "under": "earlier than", "below": "earlier than", "before": "earlier than", "more": "later than", "less": "earlier than"}  # fmt: skip
"""What is written between two times -> the word for it."""

COMPARED = {"over": "over", "under": "under", "more": "over", "after": "later than", "before": "earlier than", "above": "over", "greater": "over", "less": "under", "below": "under",
            "fewer": "under", "later": "later than", "earlier": "earlier than"}  # fmt: skip
"""What is written behind `is` for a comparison, which has no `is`."""

STATES = tuple(state.value.replace("_", " ") for state in State)

_STATES_MEANT = {"parked": "stopped", "idle": "stopped", "standing still": "stopped", "standing": "stopped", "waiting": "at same stop",
                 "driving": "moving", "offline": "silent", "unreachable": "silent", "no signal": "silent", "off the route": "off route"}  # fmt: skip

_VALUES_MEANT = {
    "on_the_way": ("out_for_delivery", "in_transit"), "on_its_way": ("out_for_delivery", "in_transit"), "en_route": ("in_transit", "out_for_delivery"),
    "on_the_road": ("out_for_delivery", "in_transit"), "on_the_van": ("out_for_delivery",), "with_the_driver": ("out_for_delivery",),
    "shipped": ("picked_up", "in_transit"), "done": ("delivered",), "completed": ("delivered",), "failed": ("attempt_failed",),
    "at_the_hub": ("at_hub",), "at_the_door": ("arrived",), "canceled": ("cancelled",),
}  # fmt: skip
"""What a status or a reason is called elsewhere -> the values that are near."""

_NO_UNITS = frozenset(
    ["since", "before", "after", "by", "and", "or", "for", "counted", "ago", "in", "at", "with", "then", "later", "earlier"]
)
_BEHIND_A_VALUE = frozenset(["or", "and", "received", "by", "from", "before", "since"])


def is_unit(word: Word) -> bool:
    """Whether a word behind a bare number was meant as its unit."""
    return word.kind == "word" and word.low not in _NO_UNITS


def value_hint(name: str, written: str) -> str:
    """For a value that a fact cannot have, its words joined by `_`: those that are close, the fact that has it, or what there is."""
    allowed, low = VOCABULARY[name].values, written.casefold()
    near = [value for value in _VALUES_MEANT.get(low, ()) if value in allowed] or get_close_matches(low, allowed, n=3, cutoff=0.6)
    if near:
        return 'did you mean "' + '" or "'.join(near) + '"?'
    others = [other for other, fact in VOCABULARY.items() if low in fact.values]
    return f'did you mean "{others[0]} is {low}"?' if others else suggestion("", allowed)


def written_value(words: Words) -> list[Word]:
    """The words from here on that were meant as one value: `out for delivery`, but not what stands before `for 2h`."""
    found: list[Word] = []
    for ahead, word in enumerate(words.rest()):
        before_span = word.low == "for" and words.peek(ahead + 1).kind != "word"
        if word.kind != "word" or word.low in _BEHIND_A_VALUE or before_span:
            break
        found.append(word)
    return found


def yes_no_meant(words: list[Word]) -> str:
    """The yes/no fact that words were meant as (`driver on brake`), what is said of how long left out; "" if none is close."""
    lows = [word.low for word in words]
    written = " ".join(lows[: lows.index("for")] if "for" in lows else lows)
    known = [phrase for name, fact in VOCABULARY.items() if fact.type == "yes_no" for phrase in (name, *fact.synonyms)]
    return next(iter(get_close_matches(written, known, n=1, cutoff=0.75)), "")


def refuse_is(words: Words, name: str | None) -> None:
    """`driver is not on break` and `eta is later than`: sentences that have no `is`. `name` is the fact that stands here."""
    lows = [word.low for word in words.rest()]
    for verb in ("is", "has", "was"):
        if verb in lows[1:]:
            _refuse_verb(words, lows, lows.index(verb, 1), name)


def _refuse_verb(words: Words, lows: list[str], at: int, name: str | None) -> None:
    before, after = lows[:at], lows[at + 1 :]
    negated = after[:1] == ["not"]
    after = after[negated:]
    _refuse_yes_no(words.peek(at), words, before, after, "not " * negated)
    if before == ["driver"] and words.peek(at + 1).kind == "word":
        _refuse_state(words.peek(at), words, " ".join(after))
    if name and lows[at] == "is" and not negated:
        _refuse_comparison(words.peek(at), words, name, after)


def _refuse_yes_no(verb: Word, words: Words, before: list[str], after: list[str], negation: str) -> None:
    for fact in (fact for fact, known in VOCABULARY.items() if known.type == "yes_no"):
        parts = fact.split(" ")
        rest = parts[len(before) :]
        if rest and before == parts[: len(before)] and after[: len(rest)] == rest:
            words.fail("R100", verb, f'"{fact}" is a fact by itself, without "{verb.text}"', f"write {negation}{fact}")


def _refuse_state(verb: Word, words: Words, after: str) -> None:
    """`driver is stopped for 45m` would be about a driver whose name is stopped."""
    state = next((state for state in STATES if f"{after} ".startswith(f"{state} ")), None)
    if state:
        words.fail("R100", verb, f'"{state}" is a state of the delivery, not a driver', f"write {state} for 15m")


def _refuse_comparison(verb: Word, words: Words, name: str, after: list[str]) -> None:
    two = " ".join(after[:2])
    compared = two if two in ("at least", "at most") else COMPARED.get(two.partition(" ")[0])
    kind = VOCABULARY[name].type
    if compared and kind in ("number", "time"):
        meant = LATER_THAN.get(after[0], compared) if kind == "time" else compared
        words.fail("R100", verb, 'a comparison has no "is"', f"write {name} {meant} ...")


_FACTS_MEANT = {
    "cash": "cod over 50 EUR", "payment": "cod over 50 EUR", "price": "value over 500 EUR", "worth": "value over 500 EUR",
    "scanned": "no scan for 2h", "seen": "no scan for 2h", "waiting": "at same stop for 15m", "proof": "not proof present",
    "late": "eta later than promised end by 20m", "delayed": "eta later than promised end by 20m", "delay": "eta later than promised end by 20m",
    "overdue": "condition is late", "tries": "attempts at least 2", "city": "zone is north-*", "depot": "hub is HEL1", "time": "between 08:00 and 20:00",
    "today": "on weekdays", "weekday": "on weekdays", "weekdays": "on weekdays", "weekend": "on saturday, sunday", "van": "stopped for 30m", "parcel": "status is at_hub", "delivery": "status is at_hub",
    "package": "status is at_hub", "shipment": "status is at_hub",
}  # fmt: skip
"""How people begin who look for a sentence -> one that says such things."""


def hint_for(text: str, near: str) -> str:
    """What to write instead of something that is no fact, or no sentence: a word that is `near`, unless a single word says
    enough; nothing where neither is known."""
    if near.startswith("did") and text.casefold().strip() not in _FACTS_MEANT:
        return near
    return sentence_meant(text)


def sentence_meant(text: str) -> str:
    """`for example "cod over 50 EUR"`, by the first word that is known; nothing where none is."""
    found = next((_FACTS_MEANT[word] for word in text.casefold().split() if word in _FACTS_MEANT), None)
    return f'for example "{found}"' if found else ""


def refuse_undefined(words: Words) -> None:
    """`on the van` looks like `on monday`, and is a condition that the book does not define."""
    if words.peek().low in ("the", "its", "a"):
        whole = " ".join(words.text.split())
        said = f'"{whole}" is neither a sentence nor a name below define:'
        raise SentenceError("R100", 0, len(words.text), said, "define it, or write for example status is out_for_delivery")


def absence_hint(words: Words, fact: str | None) -> str:
    """`no eta` is about a fact, `no scan 2h` about an event without its `for`."""
    behind = words.peek()
    if fact is not None and behind.kind == "end":
        return f'write "{fact} is unknown"'
    given = " ".join(word.text for word in words.rest() if word.low not in ("in", "within", "since", "after"))
    event = " ".join(words.text[: behind.at].split())
    return f'write "{event} for {given}"' if words.has_duration() else '"no EVENT for 2h" or "no EVENT before TIME"'


def clock_hint(word: Word) -> str:
    """`after 18:00`: times of day stand in a sentence of their own."""
    return f'write "between {word.text} and 24:00", or "between 00:00 and {word.text}"'


def lasting_state(words: Words) -> str:
    """What to write for `the van is stopped for 30m`; nothing where no state is to last."""
    state = next((state for state in STATES if words.has(*state.split(" "))), None)
    return f'write "{state} for 30m", without what is before it' if state and words.has("for") else ""


def fail_state(words: Words) -> NoReturn:
    """`parked for 45m`: something that is no state is to last."""
    whole = " ".join(words.text.split())
    written, _, span = whole.partition(" for ")
    near = _STATES_MEANT.get(written.casefold()) or next(iter(get_close_matches(written.casefold(), STATES, n=1)), None)
    meant = f'did you mean "{near} for {span}"? ' if near else ""
    raise SentenceError(
        "R100", words.peek().at, len(written), f'there is no state "{written}"', f"{meant}states: {', '.join(STATES)}"
    )
