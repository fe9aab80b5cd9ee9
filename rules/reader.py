"""Reads a rulebook: YAML in, a checked rules.book.Rulebook out, or every mistake that is in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules import fields
from rules.actions_reader import ActionReader
from rules.beside import DIRECTORY_FILE
from rules.blueprints import Blueprints, Fetch
from rules.book import Rule, Rulebook
from rules.conditions_reader import ConditionReader
from rules.directory import Directory
from rules.directory_reader import read_directory_file
from rules.expansion import Expansion
from rules.hand import Reader
from rules.params import Table, not_a_plain_name, read_table, unknown_values
from rules.problems import Problem, in_order
from rules.relations import note_unknown
from rules.rule_reader import DEFAULT_KEYS
from rules.source import Items, Node, Pairs, Source, Text, compose, decoded, source_of
from rules.template_check import Templates

BOOK_KEYS = ("rulebook", "owner", "defaults", "define", "params", "rules", "final_grace", "expires_after")
_SPAN_KEYS = ("final_grace", "expires_after")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file: the book, unless an error is among the problems."""

    book: Rulebook | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)


def _nothing_beside(name: str) -> str | None:
    """A book that is read from a text has no files beside it."""
    return None


def read_book(
    text: str,
    name: str,
    directory: Directory | None = None,
    templates: Templates | None = None,
    fetch: Fetch = _nothing_beside,
) -> Reading:
    """The rulebook that a text holds. `name` is the file's, for messages; without `templates` their names are not checked.

    `fetch` gives the text of a file beside the book, for `params` and blueprints.
    """
    source = source_of(text, name)
    node = compose(source)
    book = _book(source, node, directory or Directory(), templates, fetch)
    problems = in_order(source.problems)
    return Reading(None if any(problem.is_error for problem in problems) else book, problems)


def read_file(path: Path, templates: Templates | None = None) -> Reading:
    """The rulebook of a file, checked against the directory.yaml beside it, if there is one."""
    known = read_directory_file(path.parent / DIRECTORY_FILE)
    try:
        text, problems = decoded(path.read_bytes(), str(path))
    except OSError as error:
        problems = (Problem(str(path), "R006", 0, 0, 1, f"cannot be read: {error.strerror}", "check the path"),)
    if problems:
        return Reading(None, (*known.problems, *problems))
    reading = read_book(text, str(path), known.directory, templates, lambda name: _beside(path, name))
    broken = any(problem.is_error for problem in known.problems)
    return Reading(None if broken else reading.book, (*known.problems, *reading.problems))


def _beside(path: Path, name: str) -> str | None:
    """The text of a file in the folder of a book; None if it cannot be read as UTF-8."""
    try:
        text, problems = decoded(path.with_name(name).read_bytes(), name)
    except (OSError, ValueError):
        return None
    return None if problems else text


def _book(source: Source, node: Node | None, directory: Directory, templates: Templates | None, fetch: Fetch) -> Rulebook | None:
    if node is None:
        _note_empty(source)
        return None
    if not isinstance(node, Pairs):
        source.at_node("R012", node, "a rulebook must be a mapping (key: value)", "begin with rulebook: NAME")
        return None
    fields.check_keys(source, node, "a rulebook", BOOK_KEYS)
    name = _name(source, node)
    reader = _reader(source, node, directory, templates)
    shared = _defaults(reader, node.get("defaults"))
    spans = {key: value for key in _SPAN_KEYS if (value := _book_span(source, node, key, shared)) is not None}
    expansion = Expansion(
        reader, shared, _defined(source, node), _table(source, node, directory, fetch), Blueprints(source, fetch)
    )
    rules = _rules(reader, node, expansion)
    for unused in expansion.unused():
        source.at_node("R305", unused, f'no rule uses "{unused.value}"', "remove it, or use it", level="warning")
    owner = node.get("owner")
    owned_by = fields.text(source, owner, "owner") if owner is not None else None
    return Rulebook(name=name or "", rules=rules, owner=owned_by, directory=directory, **spans)


def _note_empty(source: Source) -> None:
    if not source.problems:
        source.problem("R013", 0, 1, "the file is empty", "begin with rulebook: NAME")


def _name(source: Source, node: Pairs) -> str | None:
    name = node.get("rulebook")
    if name is None:
        source.problem("R011", node.start, 1, 'a rulebook needs "rulebook"', "begin with rulebook: NAME")
        return None
    return fields.name(source, name, "name of a rulebook")


def _reader(source: Source, node: Pairs, directory: Directory, templates: Templates | None) -> Reader:
    define = node.get("define")
    defined = fields.pairs(source, define, "define") if define is not None else None
    conditions = ConditionReader(source, directory, defined)
    conditions.read_definitions()
    return Reader(source, directory, conditions, ActionReader(source, directory, templates))


def _defaults(reader: Reader, node: Node | None) -> dict[str, Any]:
    mapping = fields.pairs(reader.source, node, "defaults") if node is not None else None
    if mapping is None:
        return {}
    fields.check_keys(reader.source, mapping, "defaults", [*DEFAULT_KEYS, *_SPAN_KEYS])
    values = {
        key.value: DEFAULT_KEYS[key.value](reader, value, key.value) for key, value in mapping.pairs if key.value in DEFAULT_KEYS
    }
    spans = {key: fields.span(reader.source, value, key) for key in _SPAN_KEYS if (value := mapping.get(key)) is not None}
    return {key: value for key, value in {**values, **spans}.items() if value is not None}


def _book_span(source: Source, node: Pairs, key: str, shared: dict[str, Any]) -> int | None:
    """A span that belongs to the whole book, whether it stands at the top or under defaults."""
    from_defaults = shared.pop(key, None)
    own = node.get(key)
    found = fields.span(source, own, key) if own is not None else from_defaults
    return int(found) if found is not None else None


def _defined(source: Source, node: Pairs) -> Pairs | None:
    define = node.get("define")
    return define if isinstance(define, Pairs) else None


def _table(source: Source, node: Pairs, directory: Directory, fetch: Fetch) -> Table | None:
    """The table that `params` names; None, with a problem noted, if it cannot be read."""
    named = node.get("params")
    file = fields.text(source, named, "params") if named is not None else None
    if named is None or file is None:
        return None
    text = None if not_a_plain_name(file) else fetch(file)
    if text is None:
        source.at_node(
            "R006", named, f"there is no readable file {file} beside the book", "params names a CSV file in its folder"
        )
        return None
    table = read_table(text, file)
    source.problems.extend([*table.problems, *unknown_values(table, directory)])
    return table


def _rules(reader: Reader, node: Pairs, expansion: Expansion) -> tuple[Rule, ...]:
    listed = node.get("rules")
    if listed is None:
        reader.source.problem("R011", node.start, 1, 'a rulebook needs "rules"', "rules: [] if there are none yet")
        return ()
    if isinstance(listed, Pairs) or (isinstance(listed, Text) and not listed.is_empty):
        reader.source.at_node("R012", listed, "rules must be a list", "begin each rule with - id: NAME")
    seen: dict[str, int] = {}
    items = listed.items if isinstance(listed, Items) else ()
    for item in items:
        _refuse_twice(reader.source, item, seen)
    found = expansion.rules(items)
    if not any(problem.is_error for problem in reader.source.problems):
        note_unknown(reader.source, items, found)
    return found


def _refuse_twice(source: Source, node: Node, seen: dict[str, int]) -> None:
    named = node.get("id") if isinstance(node, Pairs) else None
    value = getattr(named, "value", None)
    if named is None or not value:
        return
    if value in seen:
        source.at_node(
            "R015", named, f'the id "{value}" stands twice, first in line {seen[value]}', "give each rule an id of its own"
        )
    seen.setdefault(value, source.position(named.start)[0])
