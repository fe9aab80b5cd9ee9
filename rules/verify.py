"""Runs test files against their rulebooks: `doorstep rules test`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from domain.instant import NEVER, Instant
from rules.beside import TEST_ENDING, files_with_tests
from rules.book import Rulebook
from rules.compile import CompiledBook, compile_book
from rules.failures import Failure
from rules.judge import judge
from rules.line_setting import ReadEvent
from rules.order_forms import ReadOrder
from rules.problems import Problem, in_order
from rules.simulate import EndlessError, Moment, Part, simulate_together
from rules.stretch import Played
from rules.template_check import Templates
from rules.tested import Tested, read_tested
from rules.testfile import Case, Readers
from rules.unbuilt import NotBuiltError, refuse_unbuilt

Ending = Literal["passed", "failed", "todo"]
Saw = Callable[[Sequence[Moment], Instant], None]
"""Is told of a test that was played out: its moments and its end."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one test went. `line` is where it stands in its file."""

    name: str
    line: int
    ending: Ending
    failures: tuple[Failure, ...] = ()

    def as_json(self) -> dict[str, Any]:
        failures = [
            {"line": one.line, "at": one.at, "what": one.what, "expected": one.expected, "got": one.got, "why": list(one.why)}
            for one in self.failures
        ]
        return {"name": self.name, "line": self.line, "ending": self.ending, "failures": failures}


@dataclass(frozen=True, slots=True)
class FileReport:
    """A test file: the results, or the mistakes (in it, or in its book) because of which nothing was run."""

    file: str
    book: str
    results: tuple[Result, ...] = ()
    problems: tuple[Problem, ...] = ()

    def count(self, ending: Ending) -> int:
        return sum(result.ending == ending for result in self.results)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all test files."""

    files: tuple[FileReport, ...]

    @property
    def ok(self) -> bool:
        return not any(problem.is_error for problem in self.problems) and not self.failed

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for file in self.files for problem in file.problems)

    @property
    def passed(self) -> int:
        return sum(file.count("passed") for file in self.files)

    @property
    def failed(self) -> int:
        return sum(file.count("failed") for file in self.files)

    @property
    def todo(self) -> int:
        return sum(file.count("todo") for file in self.files)

    def summary(self) -> str:
        """Every mistake and every failure, and the counts in the last line."""
        return "\n".join([*self._details(), self._counts()])

    def as_json(self) -> dict[str, Any]:
        """The report for programs; keys are stable."""
        files = [
            {
                "file": file.file,
                "book": file.book,
                "problems": [problem.as_json() for problem in file.problems],
                "tests": [result.as_json() for result in file.results],
            }
            for file in self.files
        ]
        return {"ok": self.ok, "passed": self.passed, "failed": self.failed, "todo": self.todo, "files": files}

    def _details(self) -> Iterator[str]:
        for file in self.files:
            yield from (problem.render() for problem in file.problems)
            for result in file.results:
                if result.ending == "todo":
                    yield f"{file.file}:{result.line}  todo  {result.name}"
                elif result.ending == "failed":
                    yield f"{file.file}:{result.line}  failed  {result.name}"
                    yield from (_indented(failure.render()) for failure in result.failures)

    def _counts(self) -> str:
        mistakes = sum(problem.is_error for problem in self.problems)
        counts = f"tests passed: {self.passed}; failed: {self.failed}; todo: {self.todo}"
        return f"{counts}; mistakes: {mistakes}, nothing was run where they are" if mistakes else counts


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


class Observer(Protocol):
    """Looks on while tests are played out."""

    def saw(self, book_path: str, book: CompiledBook, moments: Sequence[Moment], end: Instant) -> None:
        """One delivery of a test: everything that came of it, up to the end of the test."""


def run_file(
    path: Path,
    read_order: ReadOrder,
    read_event: ReadEvent,
    templates: Templates | None = None,
    observer: Observer | None = None,
) -> Report:
    """Runs a test file, the tests beside a rulebook, or all tests of a folder. The reference matcher decides: it costs nothing."""
    readers = Readers(read_order, read_event)
    tested = [read_tested(file, readers, templates) for file in files_with_tests(path)]
    return Report(tuple(_run(one, observer, templates) for one in tested) if tested else (_without_tests(path),))


def _without_tests(folder: Path) -> FileReport:
    hint = f"tests are files such as standard{TEST_ENDING}; docs/testing-rules.md shows how to write one"
    return FileReport(str(folder), "", problems=(Problem(str(folder), "R006", 0, 0, 1, f"no tests in {folder}", hint),))


def _run(tested: Tested, observer: Observer | None, templates: Templates | None) -> FileReport:
    try:
        if tested.book is not None:
            refuse_unbuilt(tested.book)
    except NotBuiltError as error:
        unbuilt = Problem(tested.book_path, "R014", 0, 0, 1, str(error), "use mode: off")
        return FileReport(tested.file, tested.book_path, problems=in_order([*tested.problems, unbuilt]))
    results = tuple(_results(tested, tested.book, observer, templates)) if tested.book is not None else ()
    return FileReport(tested.file, tested.book_path, results, tested.problems)


def _results(tested: Tested, book: Rulebook, observer: Observer | None, templates: Templates | None) -> Iterator[Result]:
    compiled = compile_book(book, "reference")

    def saw(moments: Sequence[Moment], end: Instant) -> None:
        if observer is not None:
            observer.saw(tested.book_path, compiled, moments, end)

    return (run_case(case, compiled, templates, saw) for case in tested.cases)


def run_case(case: Case, book: CompiledBook, templates: Templates | None = None, saw: Saw | None = None) -> Result:
    """Plays a test out and compares; messages are written with the templates."""
    if case.todo or case.order is None:
        return Result(case.name, case.line, "todo")
    try:
        failures = tuple(_failures(case, book, templates, saw))
    except EndlessError as error:
        failures = (Failure(case.line, case.calendar.text(case.known_at), "the test", "an end", str(error)),)
    return Result(case.name, case.line, "failed" if failures else "passed", failures)


def end_of(case: Case) -> Instant:
    """The last instant that a test is about."""
    last = max((one.at for one in case.expectations if one.scope != "forecast_at"), default=case.known_at)
    return max([last, *(line.at for line in case.lines)])


def _failures(case: Case, book: CompiledBook, templates: Templates | None, saw: Saw | None) -> Iterator[Failure]:
    """What was not as expected, delivery by delivery."""
    for (name, one), played in zip(case.each.items(), play(case, book, templates), strict=True):
        if saw is not None:
            saw(played.moments, end_of(case))
        for failure in judge(one.expectations, played):
            yield replace(failure, what=f"{name}: {failure.what}") if name else failure


def play(case: Case, book: CompiledBook, templates: Templates | None = None) -> tuple[Played, ...]:
    """A test, played out up to its end; each of its deliveries."""
    moments = moments_of(case, book, end_of(case))
    return tuple(_played(case, book, number, one, templates) for number, one in enumerate(moments))


def _played(case: Case, book: CompiledBook, number: int, moments: tuple[Moment, ...], templates: Templates | None) -> Played:
    def up_to(at: Instant) -> tuple[Moment, ...]:
        return moments_of(case, book, at, known_by=at)[number]

    return Played(book, case.calendar, moments, up_to, templates)


def moments_of(case: Case, book: CompiledBook, until: Instant, known_by: Instant = NEVER) -> tuple[tuple[Moment, ...], ...]:
    """What comes of each delivery of a test up to an instant, told of the lines that are known by then."""
    parts = [
        Part(one.order, one.known_at, tuple(line for line in one.lines if line.at <= known_by))
        for one in case.each.values()
        if one.order is not None
    ]
    return simulate_together(book, parts, until, case.script(), case.given)
