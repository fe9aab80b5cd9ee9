"""The templates of messages: Liquid files named `<name>.<channel>.<language>.liquid`.

Channels are `email` (its first line is `Subject: ...`, or it has a `subject:` in front matter), `sms`, `whatsapp` and `html`, the
other face of a mail. A template that lacks a language or a channel falls back to another one. One for WhatsApp may name in front
matter the approved template that is sent in its place to who has not written to us within a day, and what fills its gaps:

    ---
    content: HX0123456789abcdef0123456789abcdef
    1: {{ customer.name }}
    ---
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError

from domain.message import AT_SENDING
from domain.sending import Content, Message, TemplateError
from integrations.messaging.filters import FILTERS, LANGUAGE, NOW, TIMEZONE

FILE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9-]*)\.(?P<channel>email|html|sms|whatsapp)\.(?P<language>[a-z]{2}(-[A-Z]{2})?)\.liquid"
)
FRONT_MATTER = re.compile(r"---\n\s*subject:(?P<subject>[^\n]*)\n---\n(?P<body>.*)", re.DOTALL)
CONTENT = re.compile(r"---\n(?P<head>.*?)\n---\n(?P<body>.*)", re.DOTALL)
CONTENT_SID = re.compile(r"HX[0-9a-f]{32}")
LAST_RESORT = "en"

OTHER_CHANNELS = {"email": ("sms", "whatsapp"), "sms": ("whatsapp", "email"), "whatsapp": ("sms", "email")}
"""Where the text is taken from that a channel lacks, the nearest first."""

EMPTY = "-"
"""What fills a gap for which there is nothing: WhatsApp takes no empty text."""

IMPLICIT = frozenset({TIMEZONE, LANGUAGE, NOW})
"""Variables that a message always has."""


@dataclass(frozen=True, slots=True)
class Source:
    """One template file. Only an `email` has a subject, and only a `whatsapp` an approved template with its `gaps` and what fills
    them. `wrong` says why it cannot be sent, with its line."""

    path: Path
    body: str
    subject: str = ""
    wrong: str = ""
    content: str = ""
    gaps: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> str:
        """All that is filled in."""
        return "\n".join((self.subject, *(text for _, text in self.gaps), self.body))


Key = tuple[str, str, str]
"""Name, channel, language."""


class Templates:
    """The templates in some folders; a file in an earlier folder stands before one of the same name in a later one."""

    def __init__(self, *folders: Path) -> None:
        self._sources = _read(folders)
        self._plain = _environment(autoescape=False)
        self._html = _environment(autoescape=True)

    def names(self) -> tuple[str, ...]:
        """The names that a rule may use, sorted."""
        return tuple(sorted({name for name, channel, _ in self._sources if channel != "html"}))

    def channels(self, name: str) -> tuple[str, ...]:
        """The channels that a template is written for, sorted."""
        return tuple(sorted({channel for known, channel, _ in self._sources if known == name}))

    def variables(self, name: str) -> tuple[str, ...]:
        """The variables that a template reads in any of its files, dotted (`customer.name`), sorted."""
        paths = (self._reads(key) for key in self._sources if key[0] == name)
        return tuple(sorted(set().union(*paths)))

    def problems(self) -> dict[str, str]:
        """What is wrong with which file, if it cannot be parsed."""
        found = {}
        for key, source in self._sources.items():
            try:
                self._reads(key)
            except TemplateError as error:
                found[source.path.name] = str(error)
        return found

    def render(self, name: str, channel: str, *, language: str, timezone: str, context: Mapping[str, Any]) -> Message:
        """A message for a channel in the nearest language; raises TemplateError."""
        key = self._nearest(name, channel, language)
        values = {NOW: 0, **AT_SENDING, **context, TIMEZONE: timezone, LANGUAGE: key[2]}
        text = self._filled(key, self._sources[key].body, values).strip()
        if channel != "email":
            return Message(text, content=self._content(key, values) if channel == "whatsapp" else None)
        message = Message(text + "\n", subject=self._subject(key, values))
        html = (name, "html", key[2])
        return replace(message, html=self._filled(html, self._sources[html].body, values)) if html in self._sources else message

    def render_text(self, text: str, *, timezone: str, context: Mapping[str, Any], language: str = LAST_RESORT) -> str:
        """A text that stands in a rule, such as the title of a ticket; raises TemplateError."""
        return _render(self._plain, text, f"{text!r}", {NOW: 0, **AT_SENDING, **context, TIMEZONE: timezone, LANGUAGE: language})

    def _nearest(self, name: str, channel: str, language: str) -> Key:
        for tried in (channel, *OTHER_CHANNELS[channel]):
            languages = sorted(known for found, of, known in self._sources if (found, of) == (name, tried))
            for wanted in (language, language[:2], LAST_RESORT, *languages):
                if wanted in languages:
                    return name, tried, wanted
        raise TemplateError(f"there is no template {name!r}; there are {', '.join(self.names()) or 'none'}")

    def _content(self, key: Key, values: Mapping[str, Any]) -> Content | None:
        source = self._sources[key]
        if not source.content:
            return None
        filled = {name: " ".join(self._filled(key, text, values).split()) or EMPTY for name, text in source.gaps}
        return Content(source.content, filled)

    def _subject(self, key: Key, values: Mapping[str, Any]) -> str:
        """A template written only for SMS has no subject; its name is the best there is."""
        written = self._filled(key, self._sources[key].subject, values).strip()
        return written or key[0].replace("-", " ").capitalize()

    def _filled(self, key: Key, text: str, values: Mapping[str, Any]) -> str:
        _refuse_wrong(self._sources[key])
        return _render(self._environment_of(key), text, self._sources[key].path.name, values)

    def _environment_of(self, key: Key) -> Environment:
        return self._html if key[1] == "html" else self._plain

    def _reads(self, key: Key) -> set[str]:
        source = self._sources[key]
        _refuse_wrong(source)
        return _variables(_parsed(self._environment_of(key), source.whole, source.path.name))


def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(undefined=StrictUndefined, autoescape=autoescape)
    for name, apply in FILTERS.items():
        environment.add_filter(name, apply)
    return environment


def _read(folders: Iterable[Path]) -> dict[Key, Source]:
    sources: dict[Key, Source] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.liquid")):
            if match := FILE.fullmatch(path.name):
                sources.setdefault((match["name"], match["channel"], match["language"]), _source(path, match["channel"]))
    return sources


def _source(path: Path, channel: str) -> Source:
    text = path.read_text("utf-8-sig")
    if channel == "whatsapp" and (front := CONTENT.match(text)):
        return _approved(path, front["head"], front["body"])
    if channel != "email":
        return Source(path, text)
    if front := FRONT_MATTER.match(text):
        return _mail(path, front["subject"].strip(), front["body"], text)
    first, _, rest = text.partition("\n")
    word, colon, subject = first.partition(":")
    named = bool(colon) and word.strip().casefold() == "subject"
    return _mail(path, subject.strip() if named else "", rest, text)


def _mail(path: Path, subject: str, body: str, text: str) -> Source:
    """Without a subject, the first line of what was meant to be read would be lost in the place of the subject."""
    if subject:
        return Source(path, body, subject)
    first = text.partition("\n")[0].strip()
    return Source(path, text, wrong=f'{path.name}:1: the first line must be "Subject: ...", not "{first[:60]}"')


def _approved(path: Path, head: str, body: str) -> Source:
    """With the approved template that is sent in the text's place."""
    lines = [
        (name.strip(), text.strip()) for name, _, text in (line.partition(":") for line in head.splitlines()) if name.strip()
    ]
    content = dict(lines).get("content", "")
    if not CONTENT_SID.fullmatch(content):
        wrong = f'{path.name}:2: "content:" must name an approved template, HX and 32 hexadecimal digits, not "{content[:60]}"'
        return Source(path, body, wrong=wrong)
    return Source(path, body, content=content, gaps=tuple(line for line in lines if line[0] != "content"))


def _refuse_wrong(source: Source) -> None:
    if source.wrong:
        raise TemplateError(source.wrong)


def _parsed(environment: Environment, text: str, where: str) -> BoundTemplate:
    try:
        template = environment.from_string(text)
    except LiquidError as error:
        raise TemplateError(f"{where} cannot be read: {_line(error)}") from error
    unknown = sorted(set(template.filter_names()) - environment.filters.keys())
    if unknown:
        raise TemplateError(f"{where} cannot be read: {_unknown_filter(unknown[0], environment.filters)}")
    return template


def _unknown_filter(name: str, known: Collection[str]) -> str:
    if near := get_close_matches(name, known, n=1):
        return f'unknown filter {name!r}; did you mean "{near[0]}"?'
    of_liquid = ", ".join(sorted(set(known) - FILTERS.keys()))
    return f"unknown filter {name!r}; there are {', '.join(sorted(FILTERS))}, and of Liquid {of_liquid}"


def _render(environment: Environment, text: str, where: str, values: Mapping[str, Any]) -> str:
    template = _parsed(environment, text, where)
    try:
        return template.render(dict(values))
    except LiquidError as error:
        raise TemplateError(f"{where} cannot be filled in: {_line(error)}") from error


def _variables(template: BoundTemplate) -> set[str]:
    return {path for path in template.global_variable_paths() if path not in IMPLICIT}


def _line(error: LiquidError) -> str:
    return str(error).splitlines()[0]
