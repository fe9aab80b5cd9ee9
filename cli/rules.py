"""`doorstep rules check|test|publish`."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.command import FINDINGS, FINE
from cli.publishing import FailingTestsError, publish
from domain.event import Event
from domain.instant import Instant
from domain.order import Order
from integrations.messaging.templates import Templates
from rules import mutation_report
from rules.beside import DIRECTORY_FILE, files_with_tests, rulebook_files
from rules.check import Check, check
from rules.coverage_report import Coverage
from rules.directory_reader import read_directory_file
from rules.junit import junit
from rules.mutation import Mutated, mutate
from rules.reader import read_file
from rules.schema import schemas
from rules.testfile import Readers
from rules.verify import Report, run_file
from settings import SHIPPED_RULES, Settings
from store.database import Database
from store.migrate import migrate
from store.rulebooks import Rulebooks
from workflows.clock import wall_clock
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder


def templates_for(path: Path) -> Templates:
    """The templates beside a rulebook, before those that are shipped."""
    folder = path if path.is_dir() else path.parent
    return Templates(folder / "templates", SHIPPED_RULES / "templates")


def check_rules(path: Path, strict: bool, format: str) -> int:
    """Prints every mistake; 1 if there is one (with `strict`, also for warnings)."""
    _refuse_missing(path)
    checked = check(path, templates_for(path), Readers(_order_of, _event_of))
    errors = sum(problem.is_error for problem in checked.problems)
    if format == "json":
        print(json.dumps([problem.as_json() for problem in checked.problems], indent=2))
    else:
        for problem in checked.problems:
            print(problem.render())
        print(_summary(checked, errors))
    return FINDINGS if errors or (strict and checked.problems) else FINE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run of tests is to say besides whether they pass. `fail_under` is a percentage of the coverage."""

    coverage: bool = False
    fail_under: int = 0
    mutate: bool = False


def test_rules(path: Path, junit_file: Path | None, format: str, wanted: Wanted) -> int:
    """Runs the tests beside the rules; 1 if one failed or cannot be read, if a book is covered too little, or a mutant survives."""
    _refuse_missing(path)
    covered = Coverage() if wanted.coverage or wanted.fail_under else None
    report = run_file(path, _order_of, _event_of, templates_for(path), covered)
    begun = time.monotonic()
    books = mutate(path, Readers(_order_of, _event_of), templates_for(path)) if wanted.mutate and report.ok else ()
    told = _as_json(report, covered, books) if format == "json" else _as_text(report, covered, books, time.monotonic() - begun)
    print(told)
    if junit_file is not None:
        junit_file.write_text(junit(report), "utf-8")
    poor = covered.below(wanted.fail_under) if covered else []
    for book in poor:
        print(f"{book}: less than {wanted.fail_under} % is covered", file=sys.stderr)
    return FINE if report.ok and not poor and not any(book.survivors for book in books) else FINDINGS


def _as_json(report: Report, covered: Coverage | None, books: Sequence[Mutated]) -> str:
    more = {"coverage": covered.as_json() if covered else None, "mutation": mutation_report.as_json(books) or None}
    return json.dumps({**report.as_json(), **{key: value for key, value in more.items() if value is not None}}, indent=2)


def _as_text(report: Report, covered: Coverage | None, books: Sequence[Mutated], seconds: float) -> str:
    parts = [covered.summary()] if covered and covered.books else []
    parts += [mutation_report.summary(books, seconds)] if books else []
    return "\n".join([*parts, report.summary()])


def write_schemas(folder: Path, into: Path | None, format: str) -> int:
    """Writes the JSON Schemas of a folder's rulebooks, tests and directory.yaml; with json they are printed instead."""
    _refuse_missing(folder)
    folder = folder if folder.is_dir() else folder.parent
    known = read_directory_file(folder / DIRECTORY_FILE).directory
    books = [reading.book for file in rulebook_files(folder) if (reading := read_file(file)).book is not None]
    rules = [name for book in books if book is not None for name in book.names]
    made = schemas(known, templates_for(folder).names(), rules)
    if format == "json":
        print(json.dumps(made, indent=2))
        return FINE
    for name, schema in made.items():
        target = (into or folder) / name
        target.write_text(f"{json.dumps(schema, indent=2)}\n", "utf-8")
        print(f"wrote {target}")
    return FINE


def _order_of(sent: Mapping[str, Any]) -> Order:
    return DeliveryOrder.model_validate_json(json.dumps(sent)).order()


def _event_of(sent: Mapping[str, Any], known_at: Instant) -> Event:
    return DeliveryEvent.model_validate_json(json.dumps(sent)).event(known_at)


async def publish_rules(
    settings: Settings, path: Path | None, share: int | None = None, *, at_start: bool = False, untested: bool = False
) -> int:
    """Publishes a rulebook or a folder of them into the store; with a share in percent, as canaries. The tests beside them have to
    pass, unless they are to be published `untested`, or `at_start` of a program. Raises FailingTestsError."""
    folder = path or settings.rules
    _refuse_missing(folder)
    checked = check(folder, templates_for(folder))
    if checked.ok and not untested and not at_start:
        _refuse_failing(folder)
    await migrate(settings.database_url)
    async with Database(settings.database_url) as database:
        for published in await publish(checked, database, settings.matcher, share, at_start=at_start):
            print(published)
    return FINE


async def publish_back(settings: Settings, name: str) -> int:
    """Makes the version of a rulebook current again that was so before."""
    async with Database(settings.database_url) as database:
        print(f"{name}  {await Rulebooks(database).back(name, now=wall_clock())}")
    return FINE


def _refuse_failing(path: Path) -> None:
    if not any(file.exists() for file in files_with_tests(path)):
        return
    report = run_file(path, _order_of, _event_of, templates_for(path))
    if not report.ok:
        told = report.summary()
        raise FailingTestsError(
            f"{told}\nnothing is published: mend the rules or their tests (doorstep rules test {path}), or publish them all the same with --untested"
        )
    print(report.summary(), file=sys.stderr)


def _refuse_missing(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder; give a rulebook, or a folder that holds some")


def _summary(checked: Check, errors: int) -> str:
    if not checked.books and not errors:
        return f"no mistake; warnings: {len(checked.problems)}"
    fine = ", ".join(book.name for book in checked.books) or "none"
    return f"rulebooks without a mistake: {fine}; mistakes: {errors}; warnings: {len(checked.problems) - errors}"
