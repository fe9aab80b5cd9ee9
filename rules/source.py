"""YAML as we allow it: plain lists, mappings and texts, each with its place in the file. Values keep their text; readers give them types.

PyYAML's C parser gives the events; the tree is ours, so that nothing is guessed (`no` stays a word, `22:30` stays a clock time),
a key given twice is a mistake, and every word of every scalar can be pointed at.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import yaml

from rules.problems import Level, Problem, shorten
from rules.scalars import Text as Text
from rules.scalars import word_offsets
from rules.yaml_hints import QUOTED, Gave, advice

DEEPEST = 50
LARGEST = 2_000_000
"""Characters of a file. The largest rulebook that we know of has 300 rules and 150,000."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping, in the order written."""

    pairs: tuple[tuple[Text, "Node"], ...]
    start: int
    end: int

    def get(self, key: str) -> "Node | None":
        return next((value for name, value in self.pairs if name.value == key), None)


Node: TypeAlias = Text | Items | Pairs


class StopReading(Exception):
    """The rest of the file cannot be understood."""


@dataclass
class Source:
    """A file's text and what is wrong with it so far. Positions are offsets into `text`, which has no byte order mark."""

    text: str
    name: str
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def problem(self, code: str, offset: int, length: int, message: str, hint: str = "", level: Level = "error") -> None:
        line, col = self.position(min(offset, len(self.text)))
        said, advice = shorten(message), shorten(hint)
        self.problems.append(Problem(self.name, code, line, col, max(1, length), said, advice, level, self.line(line)))

    def at_node(self, code: str, node: Node, message: str, hint: str = "", level: Level = "error") -> None:
        self.problem(code, node.start, _shown_length(self, node), message, hint, level)

    def at_word(self, code: str, node: Text, at: int, length: int, message: str, hint: str = "") -> None:
        """A mistake within a scalar: `at` and `length` count in its value."""
        offsets = word_offsets(self.text, node)
        start = offsets[min(at, len(offsets) - 1)]
        last = offsets[max(0, min(at + length - 1, len(offsets) - 1))]
        self.problem(code, start, last - start + 1 if length else 1, message, hint)


def decoded(content: bytes, name: str) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file's bytes; what is not UTF-8 is a problem at the line where it stands."""
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        line = len(_LINE_END.findall(before)) + 1
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        return "", (Problem(name, "R004", line, 1, 1, message, "save the file as UTF-8"),)


def compose(source: Source) -> Node | None:
    """The file's tree; None if it is empty or cannot be read. Mistakes go to `source.problems`."""
    try:
        _refuse_unreadable(source)
        return _Composer(source).document()
    except StopReading:
        return None
    except yaml.YAMLError as error:
        _syntax_problem(source, error)
        return None


def source_of(text: str, name: str) -> Source:
    return Source(text.removeprefix("\ufeff"), name)


def _refuse_unreadable(source: Source) -> None:
    if len(source.text) > LARGEST:
        source.problem(
            "R003",
            0,
            1,
            f"the file has {len(source.text)} characters, at most {LARGEST} are read",
            "split it into several rulebooks",
        )
        raise StopReading
    forbidden = _FORBIDDEN.search(source.text)
    if forbidden:
        source.problem("R004", forbidden.start(), 1, f"character U+{ord(forbidden[0]):04X} is not allowed in YAML", "remove it")
        raise StopReading


def _syntax_problem(source: Source, error: yaml.YAMLError) -> None:
    mark, since = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or str(error)
    offset = min(mark.index if mark else 0, len(source.text))
    found = advice(Gave(source.text, offset, said, since.index if since else None))
    if found is None:
        source.problem("R001", offset, 1, f"not readable as YAML: {said}", "the reading stops here; what follows was not checked")
    elif not any(problem.hint == found.hint for problem in source.problems):
        source.problem("R001", found.at, found.length, f"not readable as YAML: {found.message}", found.hint)


class _Composer:
    """Makes the tree from the parser's events."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events: Iterator[Any] = yaml.parse(source.text, Loader=yaml.CLoader)

    def document(self) -> Node | None:
        node = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._refuse_document(event, second=node is not None)
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                node = self._node(event, 1, in_flow=False)
        return node

    def _refuse_document(self, event: Any, *, second: bool) -> None:
        if second:
            self._refuse(event, "R002", "a second document starts here", "a file holds one rulebook; remove the ---")
            raise StopReading
        if event.version or event.tags:
            self._refuse(event, "R002", "YAML directives are not used here", "remove the line that starts with %")

    def _node(self, event: Any, depth: int, *, in_flow: bool) -> Node:
        start, end = _span(event)
        if depth > DEEPEST:
            self._refuse(event, "R003", f"nested more than {DEEPEST} deep", "name inner conditions under define:")
            raise StopReading
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                event,
                "R002",
                f"aliases (*{event.anchor}) are not used here",
                f'a pattern needs quotes: "*{event.anchor}"; a value has to be repeated',
            )
            return Text("", start, end, refused=True)
        refused = self._refuse_dress(event)
        if isinstance(event, yaml.ScalarEvent):
            return Text(event.value, start, end, plain=not event.style, in_flow=in_flow, refused=refused)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, depth)
        return self._pairs(event, depth)

    def _refuse_dress(self, event: Any) -> bool:
        if event.anchor:
            self._refuse(
                event,
                "R002",
                f"anchors (&{event.anchor}) are not used here",
                "repeat the value, or name a condition under define:",
            )
        if event.tag:
            hint = f'to exclude, write "not {event.tag[1:]}"' if re.fullmatch(r"!\w[\w.*-]*", event.tag) else "remove it"
            self._refuse(event, "R002", f"tags ({event.tag}) are not used here", hint)
        return bool(event.tag)

    def _items(self, start: Any, depth: int) -> Items:
        items: list[Node] = []
        event = next(self._events)
        while not isinstance(event, yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1, in_flow=start.flow_style))
            event = next(self._events)
        return Items(tuple(items), _span(start)[0], _span(event)[1])

    def _pairs(self, start: Any, depth: int) -> Pairs:
        pairs: dict[str, tuple[Text, Node]] = {}
        event = next(self._events)
        while not isinstance(event, yaml.MappingEndEvent):
            key = self._node(event, depth + 1, in_flow=start.flow_style)
            value = self._node(next(self._events), depth + 1, in_flow=start.flow_style)
            self._keep(pairs, key, value)
            event = next(self._events)
        return Pairs(tuple(pairs.values()), _span(start)[0], _span(event)[1])

    def _keep(self, pairs: dict[str, tuple[Text, Node]], key: Node, value: Node) -> None:
        if isinstance(key, Pairs) and self._source.text[key.start - 1 : key.start + 1] == "{{":
            message = "not readable as YAML: a text with {{ }} or {% %} needs quotes"
            self._source.problem("R001", key.start - 1, key.end - key.start + 2, message, QUOTED)
        elif not isinstance(key, Text):
            self._source.at_node("R012", key, "a key must be a word, not a list or a mapping")
        elif key.plain and key.value == "<<":
            self._source.at_node("R002", key, "merge keys (<<) are not used here", "write the keys out, or use defaults:")
        elif key.value in pairs:
            line = self._source.position(pairs[key.value][0].start)[0]
            self._source.at_node("R005", key, f'"{key.value}" stands twice, first in line {line}', "keep one of them")
        else:
            pairs[key.value] = (key, value)

    def _refuse(self, event: Any, code: str, message: str, hint: str) -> None:
        start, end = _span(event)
        line_end = _LINE_END.search(self._source.text, start)
        self._source.problem(code, start, min(end, line_end.start() if line_end else end) - start, message, hint)


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _shown_length(source: Source, node: Node) -> int:
    """How much of a node to underline: it, or the rest of its first line."""
    line_end = _LINE_END.search(source.text, node.start)
    first_line = source.text[node.start : min(node.end, line_end.start() if line_end else node.end)]
    return len(first_line.rstrip())
