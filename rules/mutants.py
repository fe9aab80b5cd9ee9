"""Mutants of a rulebook: the book as it would be with one threshold shifted by one grain."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from domain.incident import Mode
from rules.beside import BLUEPRINT_ENDING
from rules.blueprints import Fetch
from rules.book import Rulebook
from rules.params import read_table
from rules.reader import read_book
from rules.scope_reader import SCOPE_KEYS
from rules.source import Items, Node, Pairs, Source, Text, compose, decoded, source_of
from rules.thresholds import Threshold, in_table, thresholds

Fate = Literal["mutant", "no change", "not a book"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a threshold stands: `col` and `line` count from 1; `text` is its line."""

    file: str
    line: int
    col: int
    text: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One shift. `book` is None where it cannot be written (a hold below 0s, say) or leaves the book as it is, as `fate` tells;
    `rules` are the ids of the rules that differ (none: what counts for the whole book does)."""

    place: Place
    before: str
    after: str
    fate: Fate
    book: Rulebook | None = None
    rules: frozenset[str] = frozenset()


def mutants(path: Path, book: Rulebook) -> Iterator[Mutant]:
    """Every threshold of a book's files, shifted by one grain down and up, in the order written."""
    files = _Files(path)
    for source, threshold in files.thresholds():
        for texts in threshold.shifts:
            yield _mutant(files, book, source, threshold, texts)


def _mutant(files: "_Files", book: Rulebook, source: Source, threshold: Threshold, texts: tuple[str, ...]) -> Mutant:
    line, col = source.position(threshold.start)
    place = Place(threshold.file, line, col, source.line(line))
    for text in texts:
        changed = files.read(threshold, text, book)
        if changed is None:
            continue
        rules = _differing(book, changed)
        if changed == book or (rules and rules <= _off(book)):
            return Mutant(place, threshold.written, text, "no change")
        return Mutant(place, threshold.written, text, "mutant", changed, rules)
    return Mutant(place, threshold.written, texts[0] if texts else "", "not a book")


def _differing(book: Rulebook, other: Rulebook) -> frozenset[str]:
    known = {rule.id: rule for rule in book.rules}
    return frozenset(rule.id for rule in other.rules if known.get(rule.id) != rule)


def _off(book: Rulebook) -> frozenset[str]:
    """The rules that do nothing, whatever they say."""
    return frozenset(rule.id for rule in book.rules if rule.mode is Mode.OFF)


class _Files:
    """A rulebook's file and those beside it that it is made of."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: dict[str, str | None] = {}
        text = self._text(path.name) or ""
        self._book = source_of(text, str(path))
        self._node = compose(self._book)

    def thresholds(self) -> Iterator[tuple[Source, Threshold]]:
        """Each with the file that it stands in."""
        if self._node is None:
            return
        yield from ((self._book, one) for one in thresholds(self._book, self._node))
        named = self._node.get("params") if isinstance(self._node, Pairs) else None
        if isinstance(named, Text) and (text := self._text(named.value)) is not None:
            yield from ((source_of(text, self._name(named.value)), one) for one in _of_table(text, self._name(named.value)))
        for name in sorted(set(_blueprints(self._node))):
            source = source_of(self._text(f"{name}{BLUEPRINT_ENDING}") or "", self._name(f"{name}{BLUEPRINT_ENDING}"))
            node = compose(source)
            yield from ((source, one) for one in (thresholds(source, node) if node is not None else ()))

    def read(self, threshold: Threshold, shifted: str, book: Rulebook) -> Rulebook | None:
        """The book with another text in the place of a threshold; None if that is none."""
        name = Path(threshold.file).name
        text = self._text(name) or ""
        changed = f"{text[: threshold.start]}{shifted}{text[threshold.end :]}"
        fetch: Fetch = lambda wanted: changed if wanted == name else self._text(wanted)  # noqa: E731
        whole = changed if name == self._path.name else self._book.text
        return read_book(whole, str(self._path), book.directory, None, fetch).book

    def _name(self, name: str) -> str:
        return str(self._path.with_name(name))

    def _text(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = _text_of(self._path.with_name(name))
        return self._texts[name]


def _text_of(file: Path) -> str | None:
    try:
        text, problems = decoded(file.read_bytes(), file.name)
    except (OSError, ValueError):
        return None
    return None if problems else text.removeprefix("\ufeff")


def _of_table(text: str, file: str) -> Iterator[Threshold]:
    header = [name.strip().casefold().replace(" ", "_") for name in text.partition("\n")[0].split(",")]
    if not read_table(text, file).problems:
        yield from in_table(text, file, frozenset(n for n, name in enumerate(header) if name not in SCOPE_KEYS))


def _blueprints(node: Node) -> Iterator[str]:
    """The names of the blueprints that a book uses."""
    if isinstance(node, Items):
        for item in node.items:
            yield from _blueprints(item)
    elif isinstance(node, Pairs):
        for key, value in node.pairs:
            named = value.get("blueprint") if isinstance(value, Pairs) else value
            if key.value == "use" and isinstance(named, Text):
                yield named.value.split()[0]
            else:
                yield from _blueprints(value)
