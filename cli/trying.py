"""`doorstep rules try`: a file of events played through a rule or a rulebook. No server is needed."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from cli.command import FINDINGS, FINE
from cli.errors import InputError
from cli.recording import read_event, read_order
from cli.why import MARKS, plain, told
from domain.instant import Instant, iso
from domain.order import Order
from rules.beside import rulebook_files
from rules.book import Rulebook
from rules.clock import zone
from rules.clock_times import UTC_ZONE, Calendar, day_number
from rules.compile import compile_book
from rules.event_file import read_events
from rules.local_time import LocalClock
from rules.order_forms import OrderForm, timezone_of
from rules.problems import Problem, in_order, suggestion
from rules.reader import read_file
from rules.scalars import Text
from rules.source import Source, compose, decoded, source_of
from rules.testfile import DEFAULT_DAY, Readers
from rules.trying import Tried, to_be_tried, tried
from rules.unbuilt import NotBuiltError

READERS = Readers(read_order, read_event)


def try_rules(path: Path, rule: str | None, events: Path, delivery: Path | None, day: str | None, format: str) -> int:
    """Prints what the rule, or each rule of the book, did with each delivery of a file; 1 if a file has a mistake."""
    book, problems = book_with(path, rule)
    sources = [_source(file) for file in (events, *([delivery] if delivery is not None else ()))]
    parts = []
    if book is not None:
        order = _order(sources[1], _day(day)) if delivery is not None else None
        parts = [] if sources[-1].problems else read_events(sources[0], book, READERS, order, _day(day) if day else None)
    problems += tuple(problem for source in sources for problem in source.problems)
    if book is None or any(problem.is_error for problem in problems):
        print(mistakes(problems, format))
        return FINDINGS
    try:
        compiled = compile_book(to_be_tried(book, rule), "reference")
    except NotBuiltError as error:
        raise InputError(f"{path}: {error}") from None
    found = [tried(compiled, part, rule) for part in parts]
    if format == "json":
        print(json.dumps({"rulebook": book.name, "deliveries": [one.as_json() for one in found]}, indent=2))
    else:
        print("\n\n".join("\n".join(_told(one, book, rule)) for one in found))
    return FINE


def book_with(path: Path, rule: str | None) -> tuple[Rulebook | None, tuple[Problem, ...]]:
    """The rulebook of a file, or the one of a folder that has the rule (the only one, or `standard`, for all rules).

    None with its mistakes if it has some. Raises InputError if there is no such rule.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; give a rulebook, or a folder that holds some")
    files = [path] if path.is_file() else rulebook_files(path)
    readings = [read_file(file) for file in files]
    books = [reading.book for reading in readings if reading.book is not None]
    fitting = [book for book in books if rule is None or rule in book.names]
    if len(fitting) > 1:
        _tell_apart(fitting, rule)
        fitting = [book for book in fitting if book.name == "standard"]
    if len(fitting) == 1:
        return fitting[0], ()
    mistakes = tuple(problem for reading in readings for problem in reading.errors)
    if mistakes:
        return None, mistakes
    if rule is not None and not any(rule in book.names for book in books):
        near = suggestion(rule, [name for book in books for name in book.names])
        raise InputError(f"{path}: there is no rule {rule}; {near}")
    raise InputError(f"{path}: say which rulebook with --book: {', '.join(map(str, files)) or 'there is none'}")


def _tell_apart(fitting: Sequence[Rulebook], rule: str | None) -> None:
    """Says, beside what is printed, that another book has the rule too."""
    names = [book.name for book in fitting]
    if rule is not None and "standard" in names:
        others = ", ".join(name for name in names if name != "standard")
        print(f"{rule} of standard; for that of {others} name the file with --book", file=sys.stderr)


def _source(path: Path) -> Source:
    text, problems = decoded(path.read_bytes(), str(path))
    source = source_of(text, str(path))
    source.problems += problems
    return source


def _day(day: str | None) -> date:
    try:
        return date.fromisoformat(day) if day else DEFAULT_DAY
    except ValueError:
        raise InputError(f'--day: "{day}" is not a date; for example 2026-11-23') from None


def _order(source: Source, day: date) -> Order | None:
    """A DeliveryOrder as JSON, or what a test says under `delivery`."""
    if source.text.lstrip().startswith("{"):
        return _order_of_json(source)
    node = compose(source)
    written = timezone_of(node)
    calendar = Calendar(day_number(day), (zone(written.value) if written else None) or UTC_ZONE)
    return OrderForm(source, calendar, READERS.order).order(node, Text("", 0, 0)) if not source.problems else None


def _order_of_json(source: Source) -> Order | None:
    try:
        return READERS.order(json.loads(source.text))
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            where = ".".join(map(str, wrong["loc"]))
            at = max(0, source.text.find(f'"{wrong["loc"][-1]}"')) if wrong["loc"] else 0
            source.problem("R012", at, 1, f"{where}: {wrong['msg'].removeprefix('Value error, ')}", "see docs/schema")
    except ValueError as error:
        source.problem("R012", getattr(error, "pos", 0), 1, f"not JSON: {error}", "a DeliveryOrder, see docs/schema")
    return None


def mistakes(problems: tuple[Problem, ...], format: str) -> str:
    """The mistakes of files, in reading order."""
    if format == "json":
        return json.dumps([problem.as_json() for problem in in_order(problems)], indent=2)
    return "\n".join(problem.render() for problem in in_order(problems))


def _told(one: Tried, book: Rulebook, rule: str | None) -> Iterator[str]:
    """The lines for one delivery."""
    date_and_zone = f"{one.calendar.date}, {one.calendar.zone.key}"
    yield f"{one.delivery_id} by {rule or 'all rules'} of {book.name}; {date_and_zone}; every action succeeds, nothing is sent"
    clock = LocalClock.of({"as_of": iso(one.ended_at), "timezone": one.calendar.zone.key})
    for deed in one.deeds:
        entry = deed.entry
        yield f"  {_clock(one, entry.at)}  {entry.rule} {entry.says}{entry.more}"
        for sentence in deed.because:
            yield f"            {MARKS[sentence['truth']]}  {sentence['text']}  (then: {clock.told(plain(sentence['value']))})"
    if not one.deeds:
        yield "  nothing was done"
    yield f"at the end, {_clock(one, one.ended_at)}:"
    yield from (f"  {clock.told(line)}" for line in told(one.rules, in_full=rule is not None))
    yield "then, if nothing more comes:"
    yield from (f"  {_clock(one, entry.at)}  {entry.rule} {entry.says}{entry.more}" for entry in one.to_come.entries)
    if not one.to_come.entries:
        yield "  nothing"


def _clock(one: Tried, at: Instant) -> str:
    return one.calendar.text(at)
