"""The table of a rulebook's `params`: a CSV file beside it, with columns of scope keys and then of named values.

The first row that fits a delivery, and has every value that a rule needs, is the one that counts for that rule.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from rules.book import Patterns
from rules.directory import Directory
from rules.holes import NAME
from rules.problems import Problem, suggestion
from rules.scope_reader import SCOPE_KEYS, known_values

MOST_ROWS = 200
ANY = ("", "*")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: which deliveries it is for, and what it says. `line` counts from 1, the header included."""

    line: int
    scope: Patterns
    values: dict[str, str]

    @property
    def name(self) -> str:
        """What tells the row from others, in ids: `acme+north-*`, or `rest` for the row that is for every delivery."""
        written = "+".join(",".join(patterns) for patterns in self.scope.values())
        return re.sub(r"[^A-Za-z0-9._*?!+,-]", "_", written.replace("not ", "!")) or "rest"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read, and what is wrong with it."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()

    def rows_with(self, holes: Collection[str]) -> tuple[Row, ...]:
        """The rows that have a value for each of the holes."""
        return tuple(row for row in self.rows if all(row.values.get(hole) for hole in holes))


def read_table(text: str, file: str) -> Table:
    """The table of a CSV text. Cells of scope columns take patterns as `applies_to` does, several with | between; empty: any."""
    lines = [(number, cells) for number, cells in _lines(text) if any(cells)]
    if not lines:
        return Table(file, (), (), (_problem(file, 1, "the table is empty", "begin with a line of column names"),))
    header = tuple(name.casefold().replace(" ", "_") for name in lines[0][1])
    columns = tuple(name for name in header if name not in SCOPE_KEYS)
    problems = [*_header_problems(file, header), *_line_problems(file, header, lines[1:])]
    rows = [_row(number, header, cells) for number, cells in lines[1 : MOST_ROWS + 1] if len(cells) == len(header)]
    return Table(file, columns, tuple(rows), (*problems, *_shadowed(file, rows)))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text.replace("\0", "")), skipinitialspace=True)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error:
        return


def _row(line: int, header: tuple[str, ...], cells: list[str]) -> Row:
    scope = {
        key: tuple(pattern.strip() for pattern in cell.split("|") if pattern.strip())
        for key, cell in zip(header, cells, strict=True)
        if key in SCOPE_KEYS and cell not in ANY
    }
    values = {key: cell for key, cell in zip(header, cells, strict=True) if key not in SCOPE_KEYS}
    return Row(line, {key: patterns for key, patterns in scope.items() if patterns}, values)


def unknown_values(table: Table, directory: Directory) -> Iterator[Problem]:
    """Values of scope columns that directory.yaml, or the vocabulary, does not have."""
    for row in table.rows:
        for key, patterns in row.scope.items():
            known = known_values(key, directory)
            for wanted in (pattern.removeprefix("not ").strip() for pattern in patterns):
                if known and not any(fnmatchcase(value, wanted) for value in known):
                    said = f'unknown {key} "{wanted}"'
                    yield Problem(table.file, "R023", row.line, 1, 1, said, suggestion(wanted, known))


def _header_problems(file: str, header: tuple[str, ...]) -> Iterator[Problem]:
    for place, name in enumerate(header):
        if name in header[:place]:
            yield _problem(file, 1, f'the column "{name}" stands twice', "keep one of them")
        elif not NAME.fullmatch(name):
            yield _problem(file, 1, f'"{name}" is not a good name of a column', "use small letters, digits and _")
    if all(name in SCOPE_KEYS for name in header):
        yield _problem(file, 1, "the table has no column of values", "add one, for example halt")


def _line_problems(file: str, header: tuple[str, ...], lines: list[tuple[int, list[str]]]) -> Iterator[Problem]:
    for number, cells in lines:
        if len(cells) != len(header):
            yield _problem(file, number, f"{len(cells)} cells where the header has {len(header)}", "fill or remove cells")
    if len(lines) > MOST_ROWS:
        yield _problem(file, lines[MOST_ROWS][0], f"more than {MOST_ROWS} rows", "use patterns such as north-*")
    if not lines:
        yield _problem(file, 1, "the table has no rows", "add at least one")


def _shadowed(file: str, rows: list[Row]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.name in seen:
            said = f"this row is for the same deliveries as line {seen[row.name]}, which comes first"
            yield _problem(file, row.line, said, "keep one of them")
        seen.setdefault(row.name, row.line)


def _problem(file: str, line: int, message: str, hint: str) -> Problem:
    return Problem(file, "R115", line, 1, 1, message, hint)


def not_a_plain_name(name: str) -> bool:
    """Whether a file name leads out of the folder of the book."""
    return PurePath(name).name != name or "\\" in name


def unknown_hole(hole: str, table: Table | None) -> tuple[str, str]:
    """What to say of a hole that nothing fills, and what to do."""
    if table is None:
        return f"nothing gives a value for {{{hole}}}", "name a table under params:, or write the value itself"
    return f"{table.file} has no column {hole}", suggestion(hole, table.columns)
