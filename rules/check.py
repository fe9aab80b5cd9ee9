"""Checks a rulebook, a test file, directory.yaml, or a folder of them: every mistake and every doubt at once, with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.incident import Mode
from rules.beside import BLUEPRINT_ENDING, DIRECTORY_FILE, TEMPLATE_ENDING, is_test_file, rulebook_files, test_files
from rules.book import Rule, Rulebook
from rules.directory import Directory
from rules.directory_reader import read_directory_file
from rules.grace import grace_of
from rules.lint import Doubt, doubts, grace_doubts
from rules.pairs_lint import ladder_doubts, pair_doubts
from rules.parts import parts_of
from rules.problems import Problem, in_order
from rules.reader import read_file
from rules.source import Pairs, Source, compose, decoded, source_of
from rules.template_check import Templates
from rules.tested import read_tested
from rules.testfile import Readers
from rules.tree import Counted, InCalendar
from rules.unbuilt import unbuilt
from rules.untested import note_untested, written_rules


@dataclass(frozen=True, slots=True)
class Check:
    """What came of it: the books that can be used, and everything that is wrong or odd."""

    books: tuple[Rulebook, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no mistake; doubts do not count."""
        return not any(problem.is_error for problem in self.problems)


def check(path: Path, templates: Templates | None = None, readers: Readers | None = None) -> Check:
    """The check of one file, or of a folder: its rulebooks, its directory.yaml, its templates and its tests.

    Without `readers`, the models of orders and events, tests are left out: who publishes wants the rulebooks alone.
    """
    if path.is_dir():
        return _check_folder(path, templates, readers)
    if is_test_file(path):
        return Check((), _of_tests([path], templates, readers))
    if path.name == DIRECTORY_FILE:
        return Check((), read_directory_file(path).problems)
    for ending, what, whole in _NOT_ALONE:
        if path.name.endswith(ending):
            hint = f"{whole}: doorstep rules check FOLDER"
            return Check((), (Problem(str(path), "R006", 0, 0, 1, f"this is {what}, not a rulebook", hint),))
    return _check_file(path, templates)


_NOT_ALONE = (
    (TEMPLATE_ENDING, "a template of a message", "templates are checked with the folder of their rulebook"),
    (BLUEPRINT_ENDING, "a blueprint", "blueprints are checked with the rulebook that uses them"),
)
"""How files end that mean nothing by themselves, what they are, and with what they are checked."""


def _check_folder(path: Path, templates: Templates | None, readers: Readers | None) -> Check:
    files = rulebook_files(path)
    checks = [_check_file(file, templates) for file in files]
    books = [(file, book) for file, one in zip(files, checks, strict=True) for book in one.books]
    problems = [problem for one in checks for problem in one.problems]
    problems += [*read_directory_file(path / DIRECTORY_FILE).problems, *_without_books(path, files), *_named_twice(books)]
    problems += [*_of_tests(test_files(path), templates, readers), *_of_templates(path, templates, problems)]
    return Check(tuple(book for _, book in books), in_order(problems))


def _of_tests(files: list[Path], templates: Templates | None, readers: Readers | None) -> tuple[Problem, ...]:
    """The mistakes in test files; those of a book that is broken are the same as in its own check."""
    if readers is None:
        return ()
    return in_order(problem for file in files for problem in read_tested(file, readers, templates).problems)


def _of_templates(folder: Path, templates: Templates | None, told: list[Problem]) -> Iterator[Problem]:
    """The mistakes of templates that no rule names; for the others they are told where they are named."""
    for name, said in templates.problems().items() if templates else ():
        if not any(name in problem.message for problem in told):
            file = folder / "templates" / name
            yield Problem(str(file if file.exists() else name), "R203", 1, 1, 1, said, "correct the template's file")


def _without_books(folder: Path, files: list[Path]) -> list[Problem]:
    if files:
        return []
    return [
        Problem(str(folder), "R006", 0, 0, 1, "there is no rulebook in this folder", "rulebooks are files such as standard.yaml")
    ]


def _named_twice(books: list[tuple[Path, Rulebook]]) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for file, book in books:
        if book.name in first:
            message = f'the rulebook "{book.name}" stands in {first[book.name].name} too'
            yield Problem(str(file), "R015", 1, 1, 1, message, "give each rulebook a name of its own")
        first.setdefault(book.name, file)


def _check_file(path: Path, templates: Templates | None) -> Check:
    reading = read_file(path, templates)
    if reading.book is None:
        return Check((), reading.problems)
    source = source_of(decoded(path.read_bytes(), str(path))[0], str(path))
    node = compose(source)
    if isinstance(node, Pairs):
        _note_unbuilt(source, node, reading.book)
        _note_doubts(source, node, reading.book)
        note_untested(source, node, path)
    return Check((reading.book,), in_order([*reading.problems, *source.problems]))


INSTEAD = {"says": "id", "hold": "after_final"}
"""Key that a doubt concerns -> where it is told if that key is not written."""


def _note_doubts(source: Source, node: Pairs, book: Rulebook) -> None:
    places = dict(written_rules(node))
    found = [(rule, doubt) for rule in book.rules for doubt in _all_doubts(rule, book)]
    for rule, doubt in [*found, *pair_doubts(book.rules)]:
        place = places.get(rule.id.partition("@")[2]) or places.get(rule.name) or node
        where = place.get(doubt.key) or place.get(INSTEAD.get(doubt.key, "")) or node.get("defaults") or place
        source.at_node(doubt.code, where, doubt.message, doubt.hint, level="warning")


def _note_unbuilt(source: Source, node: Pairs, book: Rulebook) -> None:
    """What can be read, but would be refused when the book is compiled."""
    places = dict(written_rules(node))
    for rule in book.rules:
        place = places.get(rule.id.partition("@")[2]) or places.get(rule.name) or node
        for key, what in unbuilt(rule):
            where = place.get(key) or place
            source.at_node(
                "R014", where, f"{what} can be read, but is not supported yet when rules are evaluated", "use mode: off"
            )


def _all_doubts(rule: Rule, book: Rulebook) -> Iterator[Doubt]:
    yield from doubts(rule)
    yield from ladder_doubts(rule)
    yield from _idle_keys(rule)
    yield from _calendar_doubts(rule, book.directory)
    yield from grace_doubts(rule, grace_of(rule, book))


def _calendar_doubts(rule: Rule, directory: Directory) -> Iterator[Doubt]:
    """Calendars that nobody has described: what is counted in them is never known."""
    for key in ("when", "only_when", "clears_when"):
        for part in parts_of(getattr(rule, key)):
            name = part.calendar if isinstance(part, InCalendar | Counted) else None
            if name is not None and name not in directory.calendars:
                yield Doubt("R313", key, f'there is no calendar "{name}": the sentence stays unknown', "add it to directory.yaml")


def _idle_keys(rule: Rule) -> Iterator[Doubt]:
    """Keys that change nothing without another."""
    if rule.acknowledge_expires is not None and (rule.escalate is None or "acknowledged" not in rule.escalate.stop_when):
        said = "acknowledge_expires changes nothing: no escalation stops when the incident is acknowledged"
        yield Doubt("R311", "acknowledge_expires", said, "add stop_when: [acknowledged] to escalate")
    if rule.propose_for is not None and rule.mode is not Mode.PROPOSE and rule.approve_above is None:
        yield Doubt("R311", "propose_for", "propose_for changes nothing: the rule proposes nothing", "use mode: propose")
