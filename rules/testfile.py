"""Reads a test file: YAML in, cases to be played out, or every mistake that is in it with its place."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from domain.actions import ACTION_ARGUMENTS, Outcome
from domain.instant import Instant
from domain.order import Order
from rules import clock, fields
from rules.book import Rulebook
from rules.clock_times import Calendar, day_number
from rules.expectations import Expectation, ExpectationReader, read_clock
from rules.given import given_events, read_given
from rules.line_setting import ReadBook, ReadEvent, Setting, no_book
from rules.order_forms import DEFAULT_TIMEZONE, OrderForm, ReadOrder, timezone_of
from rules.outcomes import Came, Script
from rules.outside import NOTHING_GIVEN, Given
from rules.problems import Problem, in_order, suggestion
from rules.several import Several
from rules.source import Items, Node, Pairs, Source, Text
from rules.telling import Adopted, Line
from rules.timeline import read_line
from rules.words import SentenceError

FILE_KEYS = ("rulebook", "tests")
CASE_KEYS = ("name", "delivery", "deliveries", "day", "known_at", "timeline", "expect", "outcomes", "todo", "given")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")

DEFAULT_DAY = date(2026, 11, 23)
"""A Monday on which no clock is changed."""

SIMULATED = [outcome.value for outcome in Outcome if outcome is Outcome.DONE or outcome.calls_for_otherwise]
"""What `outcomes` may say."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `outcomes` maps actions, or rules with actions, to what comes of them. A todo is not read further.

    A test of several deliveries has a case for each of them in `members`, by name; its own order is that of the first, its own
    lines and expectations are those of all.
    """

    name: str
    line: int
    calendar: Calendar
    order: Order | None = None
    known_at: Instant = 0
    lines: tuple[Line, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    outcomes: Mapping[str, Came] | None = None
    todo: bool = False
    given: Given = NOTHING_GIVEN
    members: Mapping[str, "Case"] = field(default_factory=dict)

    @property
    def each(self) -> Mapping[str, "Case"]:
        """The deliveries that are played out, by name; "" for the only one."""
        return self.members or {"": self}

    def script(self) -> Script:
        """What comes of the actions of one run."""
        return Script(self.outcomes or {})


@dataclass(frozen=True, slots=True)
class Cases:
    """What came of reading a file: its tests, unless there is a mistake among the problems."""

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Readers:
    """How orders and events are read that tests hold as JSON: handed in, since their models are not ours. `book` reads those that
    timelines adopt."""

    order: ReadOrder
    event: ReadEvent
    book: ReadBook = no_book


def read_cases(source: Source, node: Node | None, book: Rulebook, readers: Readers) -> Cases:
    """The tests of a composed file against a book."""
    reader = _Reader(source, book, readers)
    found = reader.cases(node)
    problems = in_order(source.problems)
    return Cases(() if any(problem.is_error for problem in problems) else found, problems)


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Source
    book: Rulebook
    readers: Readers

    def cases(self, node: Node | None) -> tuple[Case, ...]:
        if not isinstance(node, Pairs):
            self._note_no_tests(node)
            return ()
        fields.check_keys(self.source, node, "a test file", FILE_KEYS)
        tests = node.get("tests")
        if not isinstance(tests, Items):
            self._note_no_tests(tests or node)
            return ()
        seen: dict[str, int] = {}
        found = [self._case(item, seen) for item in tests.items]
        return tuple(case for case in found if case)

    def _note_no_tests(self, node: Node | None) -> None:
        if node is None and not self.source.problems:
            self.source.problem("R013", 0, 1, "the file is empty", "begin with tests:")
        elif node is not None:
            self.source.problem("R011", node.start, 1, 'a test file needs "tests", a list', "begin each test with - name: ...")

    def _case(self, node: Node, seen: dict[str, int]) -> Case | None:
        mapping = fields.pairs(self.source, node, "a test")
        if mapping is None:
            return None
        name, line = self._name(mapping, seen), self.source.position(mapping.start)[0]
        calendar = self._calendar(mapping)
        if self._is_todo(mapping):
            return Case(name, line, calendar, todo=True)
        fields.check_keys(self.source, mapping, "a test", CASE_KEYS)
        deliveries = mapping.get("deliveries")
        if deliveries is not None:
            return self._several(deliveries, mapping, Case(name, line, calendar))
        order = OrderForm(self.source, calendar, self.readers.order).order(mapping.get("delivery"), mapping)
        return self._told(mapping, Case(name, line, calendar, order))

    def _told(self, mapping: Pairs, case: Case) -> Case:
        """The case of one delivery with all that is said of it."""
        calendar, order = case.calendar, case.order
        lines = self._lines(mapping.get("timeline"), calendar, order)
        books = _all_of(self.book, lines)
        expectations = ExpectationReader(self.source, books, calendar).read(mapping.get("expect"))
        self._note_no_expectation(mapping, expectations)
        known_at = self._known_at(mapping, calendar, lines)
        given = read_given(self.source, mapping.get("given"), order.carrier if order else "test", calendar)
        outcomes = self._outcomes(mapping.get("outcomes"), books)
        lines = (*given_events(given, known_at, order.carrier if order else "test"), *lines)
        return replace(case, known_at=known_at, lines=lines, expectations=expectations, outcomes=outcomes, given=given)

    def _several(self, node: Node, mapping: Pairs, case: Case) -> Case | None:
        """The case of several deliveries: the same is told of each, but for what has the name of one before it."""
        deliveries = fields.pairs(self.source, node, "deliveries")
        if deliveries is None or self._is_misnamed(deliveries, mapping):
            return None
        several = Several(self.source, [key.value for key, _ in deliveries.pairs])
        members: dict[str, Case] = {}
        for key, value in deliveries.pairs:
            form = OrderForm(self.source, case.calendar, self.readers.order, delivery_id=f"D-{key.value}")
            order = form.order(value, key)
            members[key.value] = self._told(several.told_of(mapping, key.value), replace(case, order=order))
        self.source.problems[:] = dict.fromkeys(self.source.problems)  # what is said of all was read for each
        return _together(members)

    def _is_misnamed(self, deliveries: Pairs, mapping: Pairs) -> bool:
        before = len(self.source.problems)
        both = mapping.get("delivery")
        if both is not None:
            self.source.at_node("R010", both, "a test has delivery, or deliveries", "keep one of them")
        if not deliveries.pairs:
            self.source.at_node("R013", deliveries, "deliveries is empty", "for example deliveries: {A: {}, B: {}}")
        for key, _ in deliveries.pairs:
            if not _NAME.fullmatch(key.value):
                said = f'"{key.value}" is not a good name of a delivery'
                self.source.at_node("R016", key, said, "begin with a letter; letters, digits, - and _ may follow")
        return len(self.source.problems) > before

    def _name(self, mapping: Pairs, seen: dict[str, int]) -> str:
        node = mapping.get("name")
        if node is None:
            self.source.problem("R011", mapping.start, 1, 'a test needs "name"', "say what is to happen, in one line")
            return ""
        name = fields.text(self.source, node, "name") or ""
        if name in seen:
            self.source.at_node("R015", node, f"a test of this name stands in line {seen[name]}", "give each test its own")
        seen.setdefault(name, self.source.position(node.start)[0])
        return name

    def _is_todo(self, mapping: Pairs) -> bool:
        node = mapping.get("todo")
        return bool(fields.yes_no(self.source, node, "todo")) if node is not None else False

    def _note_no_expectation(self, mapping: Pairs, expectations: tuple[Expectation, ...]) -> None:
        if not expectations and not isinstance(mapping.get("expect"), Items):
            hint = 'for example expect: [{until: "18:00", open: []}]'
            self.source.problem("R011", mapping.start, 1, 'a test needs "expect", a list', hint)

    def _calendar(self, mapping: Pairs) -> Calendar:
        zone = timezone_of(mapping.get("delivery"))
        # A wrong zone is told with the rest of the order.
        known = clock.zone(zone.value if zone else DEFAULT_TIMEZONE) or ZoneInfo(DEFAULT_TIMEZONE)
        return Calendar(day_number(self._day(mapping.get("day"))), known)

    def _day(self, node: Node | None) -> date:
        text = fields.text(self.source, node, "day") if node is not None else None
        try:
            return date.fromisoformat(text) if text else DEFAULT_DAY
        except ValueError:
            if node is not None:
                self.source.at_node("R025", node, f'"{text}" is not a date', "for example 2026-11-23")
            return DEFAULT_DAY

    def _lines(self, node: Node | None, calendar: Calendar, order: Order | None) -> tuple[Line, ...]:
        parcels = tuple(parcel.parcel_id for parcel in order.parcels) if order else ()
        carrier, rules = order.carrier if order else "test", list(self.book.names)
        setting = Setting(calendar, carrier, rules, self.readers.event, parcels, read_book=self.readers.book)
        found: list[Line] = []
        for item in fields.items(node) if node is not None else ():
            line = self._line(item, len(found) + 1, setting)
            if line is None:
                continue
            if found and line.at < found[-1].at:
                said = f"this line is earlier than the one before, {calendar.text(found[-1].at)}"
                self.source.at_node("R108", item, said, "put lines in the order in which they become known; see (happened ...)")
            found.append(line)
        return tuple(found)

    def _line(self, node: Node, number: int, setting: Setting) -> Line | None:
        text = fields.text(self.source, node, "a line")
        if text is None or not isinstance(node, Text):
            return None
        try:
            return read_line(text, number, setting)
        except SentenceError as error:
            self.source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
            return None

    def _known_at(self, mapping: Pairs, calendar: Calendar, lines: tuple[Line, ...]) -> Instant:
        """The first line's time, unless it is said; the day's beginning if there is neither."""
        midnight = calendar.instant(0, 0)
        first = lines[0].at if lines else midnight or 0
        node = mapping.get("known_at")
        known = read_clock(self.source, node, "known_at", calendar) if node is not None else None
        if known is not None and lines and known > first and node is not None:
            said = f"the first line is known earlier, at {calendar.text(first)}"
            self.source.at_node("R108", node, said, "nothing is known of a delivery before its order")
        return first if known is None else known

    def _outcomes(self, node: Node | None, books: Rulebook) -> dict[str, Came]:
        mapping = fields.pairs(self.source, node, "outcomes") if node is not None else None
        found: dict[str, Came] = {}
        for key, value in mapping.pairs if mapping else ():
            words = [fields.word(self.source, item, "outcome", SIMULATED) for item in fields.items(value)]
            if self._is_action(key, books):
                came = tuple(Outcome(word) for word in words if word)
                found[key.value] = Came(came, in_turn=isinstance(value, Items))
        return found

    def _is_action(self, key: Text, books: Rulebook) -> bool:
        """`reroute`, `notify.customer`, `RULE.reroute` or `RULE.notify.customer`."""
        rest = key.value
        for name in books.names:
            rest = rest.removeprefix(f"{name}.") if key.value.startswith(f"{name}.") else rest
        if rest.partition(".")[0] in ACTION_ARGUMENTS:
            return True
        near = suggestion(rest, ACTION_ARGUMENTS)
        self.source.at_node("R024", key, f'"{key.value}" is neither an action nor a rule with an action', near)
        return False


def _together(members: Mapping[str, Case]) -> Case:
    """The case of several deliveries, with all that is said of each."""
    each = list(members.values())
    return replace(
        each[0],
        order=None if any(one.order is None for one in each) else each[0].order,
        known_at=min(one.known_at for one in each),
        lines=tuple(line for one in each for line in one.lines),
        expectations=tuple(expectation for one in each for expectation in one.expectations),
        members=members,
    )


def _all_of(book: Rulebook, lines: Iterable[Line]) -> Rulebook:
    """The book with the rules of those that are adopted: what a test may speak of."""
    more = [rule for line in lines if isinstance(line, Adopted) for rule in line.book.rules]
    return replace(book, rules=(*book.rules, *more)) if more else book
