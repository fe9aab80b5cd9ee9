"""The demo's own folder: made anew at each start, with a faster rulebook, its directory and its templates."""

import shutil
from pathlib import Path

from cli.demo.scale import scaled
from rules.book import Rulebook, canonical_json
from rules.check import Check, check
from settings import SHIPPED_RULES, Settings, SettingsError

MARK = ".doorstep-demo"
"""A folder without it is not the demo's, and is not emptied."""


def demo_folder(settings: Settings) -> Path:
    """DOORSTEP_HOME with -demo at its end."""
    return settings.home.with_name(settings.home.name + "-demo")


def fresh(folder: Path) -> Path:
    """The folder, empty. Raises SettingsError for one that the demo did not make."""
    if folder.exists() and not (folder / MARK).exists():
        raise SettingsError(f"{folder} is not the demo's: it has no file {MARK}; move it away, or give another DOORSTEP_HOME")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return folder


def write_rules(folder: Path, factor: int) -> tuple[Path, Check]:
    """Copies the shipped rules, and checks them into books that are `factor` times as fast."""
    rules = folder / "rules"
    shutil.copytree(SHIPPED_RULES, rules)
    checked = check(rules)
    books = tuple(scaled(book, factor) for book in checked.books)
    for book in books:
        (folder / f"{book.name}.faster.json").write_text(canonical_json(book), "utf-8")
    return rules, Check(books, checked.problems)


def standard(checked: Check) -> Rulebook:
    """The book that the demo's deliveries are watched by; raises LookupError if the shipped rules have mistakes."""
    found = next((book for book in checked.books if book.name == "standard"), None)
    if found is None:
        raise LookupError("the shipped rules hold no usable rulebook named standard; run `doorstep rules check`")
    return found
