"""Numbers and values in structured twins: an amount's currency may stand beside the first of them alone."""

from dataclasses import replace
from typing import Any

from rules import fields, phrases, quantities, wording
from rules.tree import Is, Value
from rules.twin_parts import Key, Part
from rules.words import Words


def number(field: str) -> Key:
    return Key(_read_number, lambda node: wording.amount_text(node, getattr(node, field)), (field, "currency"))


def _read_number(part: Part) -> Any:
    fact, beside = part.before.get("fact"), part.before.get("currency")
    return part.said(lambda words: _amount(words, fact, beside, "low" in part.before)) if fact else None


def _amount(words: Words, fact: str, beside: str | None, is_second: bool) -> tuple[int, str | None]:
    number, currency = quantities.amount(words, fact, beside)
    if is_second:
        quantities.refuse_late(words, beside, currency)
    return number, currency


def values(part: Part) -> tuple[Any, ...] | None:
    fact, currency = str(part.before.get("fact") or ""), None
    read: list[Any] = []
    for item in fields.items(part.node) if fact else ():
        value, currency = _value(replace(part, node=item), fact, currency, bool(read))
        read.append(value)
    if fact and not read:
        part.source.at_node("R013", part.node, f"{part.key} is empty", "name at least one value")
    return (tuple(read), currency) if read and None not in read else None


def _value(part: Part, fact: str, beside: str | None, is_later: bool) -> Any:
    def read(words: Words) -> tuple[Value, str | None]:
        found, currency = phrases.value_in(words, fact, part.directory, beside)
        if is_later:
            quantities.refuse_late(words, beside, currency)
        return found, currency

    return part.said(read) or (None, beside)


def shown_values(node: Is) -> Any:
    shown = [wording.value_text(node.fact, value, node.currency) for value in node.values]
    return shown if len(shown) > 1 else shown[0]
