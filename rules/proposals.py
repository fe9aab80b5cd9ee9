"""Sentences that an editor may propose: one example for each form, and each fact of VOCABULARY with each value that it can have."""

from collections.abc import Iterator

from rules.directory import Directory
from rules.sentences import FORMS
from rules.vocabulary import SPAN, VOCABULARY, Fact


def sentences(directory: Directory) -> Iterator[str]:
    """Each can be read; the directory gives the carriers, zones and hubs."""
    yield from dict.fromkeys(form.example for form in FORMS)
    for name, fact in VOCABULARY.items():
        yield from _of_fact(name, fact, directory)


def _of_fact(name: str, fact: Fact, directory: Directory) -> Iterator[str]:
    if fact.type == "yes_no":
        yield from (name, f"not {name}")
    elif fact.type == "number":
        yield f"{name} at least {_amount(fact)}"
    elif fact.type in ("enum", "text"):
        known = tuple(getattr(directory, fact.register)) if fact.register else fact.values
        yield from (f"{name} is {value}" for value in known if " " not in value)
    if not fact.always_known:
        yield from (f"{name} is known", f"{name} is unknown")


def _amount(fact: Fact) -> str:
    """A number with the first of the fact's units."""
    if fact.units is SPAN or not fact.units:
        return "15m"
    unit = next(iter(fact.units))
    return f"10{unit}" if unit == "%" else f"10 {unit.upper() if len(unit) == 3 or unit == 'c' else unit}".strip()
