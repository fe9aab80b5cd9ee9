"""Tests the tests: each threshold of a rulebook is shifted by one grain, and some test has to notice it.

A mutant is tried against the tests in which one of its rules was for the delivery, those that name it first; the first that fails
is enough. One that no test notices survives, with a hint where a test would have to look.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.instant import DAY, Instant
from rules.beside import files_with_tests
from rules.book import Rulebook, public_name
from rules.compile import CompiledBook, compile_book
from rules.mutants import Mutant, mutants
from rules.simulate import EndlessError, Moment
from rules.template_check import Templates
from rules.tested import Tested, read_tested
from rules.testfile import Case, Readers
from rules.verify import end_of, moments_of, run_case

AFTERWARDS = 2 * DAY
"""How far past its end a test is looked at for a hint."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed, and where one would have to look."""

    mutant: Mutant
    hint: str


@dataclass(frozen=True, slots=True)
class Mutated:
    """What came of the mutants of one book. `idle` leave the book as it is, `impossible` ones are no book at all."""

    book: str
    killed: int
    survivors: tuple[Survivor, ...]
    idle: int
    impossible: int

    @property
    def tried(self) -> int:
        return self.killed + len(self.survivors)


@dataclass(frozen=True, slots=True)
class _Known:
    """A test, what each of its deliveries shows with the book as it is, the ids of the rules that it is about and the names of those in its expectations."""

    case: Case
    moments: tuple[tuple[Moment, ...], ...]
    rules: frozenset[str]
    named: frozenset[str]


def mutate(path: Path, readers: Readers, templates: Templates | None = None) -> tuple[Mutated, ...]:
    """The mutants of every book that the tests of a file or folder are about; the tests pass."""
    tested: dict[str, list[Tested]] = {}
    for file in files_with_tests(path):
        one = read_tested(file, readers, templates)
        if one.book is not None:
            tested.setdefault(one.book_path, []).append(one)
    return tuple(
        _mutated(book, [case for one in ones for case in one.cases], ones[0].book, templates) for book, ones in tested.items()
    )


def _mutated(path: str, cases: Sequence[Case], book: Rulebook | None, templates: Templates | None) -> Mutated:
    if book is None:
        return Mutated(path, 0, (), 0, 0)
    known = tuple(_known_tests(cases, compile_book(book, "reference")))
    fates = {"mutant": 0, "no change": 0, "not a book": 0}
    survivors = []
    for mutant in mutants(Path(path), book):
        fates[mutant.fate] += 1
        hint = _survives(mutant, known, templates) if mutant.book is not None else None
        if hint is not None:
            survivors.append(Survivor(mutant, hint))
    return Mutated(path, fates["mutant"] - len(survivors), tuple(survivors), fates["no change"], fates["not a book"])


def _known_tests(cases: Sequence[Case], book: CompiledBook) -> Iterator[_Known]:
    for case in cases:
        if case.order is None or case.todo:
            continue
        moments = moments_of(case, book, end_of(case) + AFTERWARDS)
        rules = frozenset[str]().union(*(book.in_scope(moment.watch.delivery) for one in moments for moment in one))
        yield _Known(case, moments, rules, frozenset(_names(case)))


def _names(case: Case) -> Iterator[str]:
    """The rules that a test's expectations name."""
    for one in case.expectations:
        for told in (one.open, one.retracted, one.pending, one.unknown, one.lost, one.suppressed, one.resolved, one.severity):
            yield from told or ()
        yield from (rule for _, rule in one.says or ())


def _survives(mutant: Mutant, known: Sequence[_Known], templates: Templates | None) -> str | None:
    """None if a test notices it; else the hint."""
    if mutant.book is None:
        return None
    book = compile_book(mutant.book, "reference")
    names = {public_name(rule) for rule in mutant.rules}
    concerned = [test for test in known if not mutant.rules or test.rules & mutant.rules]
    for test in sorted(concerned, key=lambda test: not test.named & names):
        if run_case(test.case, book, templates).ending == "failed":
            return None
    return _hint(mutant, book, concerned)


def _hint(mutant: Mutant, book: CompiledBook, known: Sequence[_Known]) -> str:
    """The first instant, within a test if there is one, at which the mutant does otherwise than the book."""
    names = {public_name(rule) for rule in mutant.rules}
    for differs in (_visibly, _inwardly):
        found = [(test, at, said) for test in known if (one := _first(test, book, names, differs)) for at, said in [one]]
        if found:
            return _say(*min(found, key=lambda one: one[1] > end_of(one[0].case)))
    about = ", ".join(sorted(names)) or "the book"
    return f"no test comes near: in one, everything else of {about} has to be so at that instant, and at a grain before"


def _say(test: _Known, at: Instant, said: str) -> str:
    case = test.case
    where = "after the end of" if at > end_of(case) else "in"
    return f'{where} "{case.name}" (line {case.line}) it makes a difference at {case.calendar.text(at)}: {said}'


Differs = Callable[["Moment | None", "Moment | None", Collection[str]], "str | None"]
"""What is different about an instant with the book as it is and with the mutant, for the rules of these names; None: nothing."""


def _first(test: _Known, book: CompiledBook, names: Collection[str], differs: Differs) -> tuple[Instant, str] | None:
    try:
        moments = moments_of(test.case, book, end_of(test.case) + AFTERWARDS)
    except EndlessError:
        return None
    firsts = [_differing(*pair, names, differs) for pair in zip(test.moments, moments, strict=True)]
    return min((first for first in firsts if first is not None), default=None)


def _differing(
    one: Sequence[Moment], other: Sequence[Moment], names: Collection[str], differs: Differs
) -> tuple[Instant, str] | None:
    right, wrong = ({moment.at: moment for moment in moments} for moments in (one, other))
    found = ((at, differs(right.get(at), wrong.get(at), names)) for at in sorted({*right, *wrong}))
    return next(((at, said) for at, said in found if said is not None), None)


def _visibly(right: Moment | None, wrong: Moment | None, names: Collection[str]) -> str | None:
    """What a test can see."""
    if _shown(right) == _shown(wrong):
        return None
    return f"{_in_words(right)} with the book as it is, {_in_words(wrong)} with the mutant"


def _inwardly(right: Moment | None, wrong: Moment | None, names: Collection[str]) -> str | None:
    """Where a rule stands; a look that there is only with one of them tells nothing."""
    if right is None or wrong is None:
        return None
    for rule, cell in right.watch.cells.items():
        other = wrong.watch.cells.get(rule)
        if public_name(rule) in names and other is not None and other.phase is not cell.phase:
            stands = f"{public_name(rule)} is {cell.phase} with the book as it is, {other.phase} with the mutant"
            return f"{stands}, but nothing comes of it there"
    return None


def _shown(moment: Moment | None) -> Mapping[str, object]:
    """What a test can see of an instant; a look at which nothing happened is none."""
    if moment is None:
        return {}
    told = {
        "opened": moment.opened,
        "resolved": dict(moment.resolved),
        "retracted": moment.retracted,
        "did": moment.started,
        "would": moment.would,
    }
    return {key: value for key, value in told.items() if value}


def _in_words(moment: Moment | None) -> str:
    shown = [f"{key} {_listed(value)}" for key, value in _shown(moment).items()]
    return ", ".join(shown) or "nothing happens"


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{rule} {how}" for rule, how in value.items())
    return ", ".join(value) if isinstance(value, tuple) else str(value)
