"""A test file read together with the rulebook that it tests: for `rules test`, and for `rules check`."""

from dataclasses import dataclass, replace
from pathlib import Path

from rules.book import Rulebook
from rules.problems import Problem, in_order
from rules.reader import read_file
from rules.source import Node, Pairs, Source, Text, compose, decoded, source_of
from rules.template_check import Templates
from rules.testfile import Case, Readers, read_cases
from rules.unbuilt import refuse_unbuilt

_START = Text("", 0, 0)
"""The first character of a file."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of it. `book_path` is "" if it is not known; problems are those of the test file, or of a book that cannot be used."""

    file: str
    book_path: str = ""
    book: Rulebook | None = None
    cases: tuple[Case, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_tested(path: Path, readers: Readers, templates: Templates | None) -> Tested:
    """A test file with its book; every mistake is among the problems."""
    try:
        text, problems = decoded(path.read_bytes(), str(path))
    except OSError as error:
        problems = (Problem(str(path), "R006", 0, 0, 1, f"cannot be read: {error.strerror}", "write tests beside the rulebook"),)
    if problems:
        return Tested(str(path), problems=problems)
    source = source_of(text, str(path))
    node = compose(source)
    book_path = _book_path(path, node)
    if not book_path.is_file():
        hint = "the rulebook has the same name without .test, or is named: rulebook: PATH"
        source.at_node("R006", _named_book(node) or _START, f"there is no rulebook {book_path}", hint)
        return Tested(str(path), str(book_path), problems=in_order(source.problems))
    return _against(source, node, book_path, readers, templates)


def _against(source: Source, node: Node | None, book_path: Path, readers: Readers, templates: Templates | None) -> Tested:
    reading = read_file(book_path, templates)
    if reading.book is None:
        return Tested(source.name, str(book_path), problems=in_order([*source.problems, *reading.errors]))
    beside = replace(readers, book=lambda name: _read_beside(Path(source.name).parent / name, templates))
    read = read_cases(source, node, reading.book, beside)
    return Tested(source.name, str(book_path), reading.book, read.cases, read.problems)


def _read_beside(path: Path, templates: Templates | None) -> Rulebook:
    """A rulebook that a test adopts; raises ValueError with its first mistake."""
    if not path.is_file():
        raise ValueError("there is no such file")
    reading = read_file(path, templates)
    if reading.book is None:
        first = reading.errors[0]
        raise ValueError(f"line {first.line}: {first.message}")
    refuse_unbuilt(reading.book)
    return reading.book


def _book_path(path: Path, node: Node | None) -> Path:
    """The book that is named, relative to the test file; else the one beside it with the same stem, which may end otherwise."""
    if named := _named_book(node):
        return path.parent / named.value
    same = path.with_name(path.name.replace(".test.", "."))
    other = same.with_suffix(".yml" if same.suffix == ".yaml" else ".yaml")
    return other if other.is_file() and not same.is_file() else same


def _named_book(node: Node | None) -> Text | None:
    named = node.get("rulebook") if isinstance(node, Pairs) else None
    return named if isinstance(named, Text) and not named.is_empty else None
