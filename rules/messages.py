"""What a test expects to be said: `message: {to: customer, contains: "17:40"}`. The templates are filled in as they would be sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.actions import QUESTIONS
from domain.sending import TemplateError
from rules import fields
from rules.deeds import Deed
from rules.source import Node, Pairs, Source
from rules.template_check import Templates

OF_OTHERS = "en"
"""The language of what is said to drivers and our own people."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A message to somebody, in which all of these texts stand."""

    to: str
    contains: tuple[str, ...]

    def __str__(self) -> str:
        return f"to {self.to}, with {' and '.join(self.contains) or 'any text'}"


def read_messages(source: Source, node: Node) -> tuple[Wording, ...]:
    """One mapping, or a list of them."""
    found = [_read(source, item) for item in fields.items(node)]
    return tuple(wording for wording in found if wording is not None)


def _read(source: Source, node: Node) -> Wording | None:
    mapping = fields.pairs(source, node, "message")
    if mapping is None:
        return None
    fields.check_keys(source, mapping, "message", ("to", "contains"))
    to = _text(source, mapping, "to")
    given = mapping.get("contains")
    contains = [fields.text(source, item, "contains") for item in (fields.items(given) if given is not None else ())]
    return Wording(to, tuple(text for text in contains if text)) if to else None


def _text(source: Source, mapping: Pairs, key: str) -> str | None:
    node = mapping.get(key)
    if node is None:
        source.problem("R011", mapping.start, 1, f'message needs "{key}"', "for example message: {to: customer, contains: late}")
        return None
    return fields.text(source, node, key)


def is_said(wanted: Wording, deeds: Iterable[Deed], templates: Templates) -> bool:
    """Whether one of the messages is the one wanted, on any of its channels. White space counts as one space."""
    return any(
        all(_plain(text) in _plain(said) for text in wanted.contains)
        for deed in deeds
        if _addressee(deed) == wanted.to
        for said in texts_of(deed, templates)
    )


def texts_of(deed: Deed, templates: Templates) -> Iterator[str]:
    """What a message says, channel by channel: its subject and its text; why not, if a template cannot be filled in."""
    args, request = deed.request.args, deed.request
    language = request.customer.language if _addressee(deed) == "customer" else OF_OTHERS
    context: Mapping[str, Any] = {"now": request.asked_at, **request.context}
    for channel in args.get("channels") or ("email",):
        try:
            message = templates.render(
                str(args["template"]), channel, language=language, timezone=request.destination.timezone, context=context
            )
        except TemplateError as error:
            yield str(error)
        else:
            yield f"{message.subject}\n{message.text}".strip()


def _addressee(deed: Deed) -> str | None:
    """Who is told; questions go to the customer."""
    return "customer" if deed.action in QUESTIONS else deed.request.args.get("who")


def _plain(text: str) -> str:
    return " ".join(text.split())
