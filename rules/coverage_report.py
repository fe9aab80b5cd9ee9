"""The coverage of a run of tests: gathered book by book, as a table for people and as plain data for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.instant import Instant
from rules.compile import CompiledBook
from rules.coverage import CONDITIONS, BookCoverage, Row, RuleCoverage
from rules.simulate import Moment

WIDEST = 76
"""Longer sentences are cut in the table."""

MARKS = ("true", "false", "unknown")


class Coverage:
    """Looks on while tests run (see rules.verify.Observer)."""

    def __init__(self) -> None:
        self.books: dict[str, BookCoverage] = {}

    def saw(self, book_path: str, book: CompiledBook, moments: Sequence[Moment], end: Instant) -> None:
        """Adds one delivery of a test. Files that test the same book count together."""
        if book_path not in self.books:
            self.books[book_path] = BookCoverage(book)
        self.books[book_path].add(moments, end)

    def below(self, percent: int) -> list[str]:
        """The books of which less was seen."""
        return [path for path, book in self.books.items() if book.found * 100 < percent * book.of]

    def summary(self) -> str:
        """A table for each book: first what was not seen of each rule, then the percentage."""
        return "\n".join(line for path, book in self.books.items() for line in _table(path, book))

    def as_json(self) -> list[dict[str, Any]]:
        """For programs; keys are stable."""
        return [
            {"book": path, **_counts(book.found, book.of), "rules": [_rule(rule) for rule in book.rules]}
            for path, book in self.books.items()
        ]


def percentage(found: int, of: int) -> int:
    """In whole percent, rounded down: 100 is all of it."""
    return found * 100 // of if of else 100


def _counts(found: int, of: int) -> dict[str, int]:
    return {"percent": percentage(found, of), "seen": found, "of": of}


def _rule(rule: RuleCoverage) -> dict[str, Any]:
    rows = [
        {
            "in": row.part,
            "key": row.key,
            "text": row.text,
            "seen": [one for one in row.wanted if one in seen],
            "of": list(row.wanted),
        }
        for row, seen in zip(rule.rows, rule.seen, strict=True)
    ]
    return {"rule": rule.rule, **_counts(rule.found, rule.of), "rows": rows}


def _table(path: str, book: BookCoverage) -> Iterator[str]:
    yield f"{path}: {percentage(book.found, book.of)} % ({book.found} of {book.of})"
    for rule in book.rules:
        yield f"  {rule.rule}: {percentage(rule.found, rule.of)} % ({rule.found} of {rule.of})"
        for row, seen in zip(rule.rows, rule.seen, strict=True):
            yield _line(row, seen)


def _line(row: Row, seen: set[str]) -> str:
    text = row.text if len(row.text) <= WIDEST else f"{row.text[: WIDEST - 3]}..."
    words = MARKS if row.part in CONDITIONS else row.wanted
    marks = "  ".join(_mark(word, row, seen) for word in words)
    return f"    {row.part:<11} {text:<{WIDEST}}  {marks}".rstrip()


def _mark(word: str, row: Row, seen: set[str]) -> str:
    """The word where it was seen, `-` where it cannot be, and NOT where it should have been."""
    if word not in row.wanted:
        return f"{'-':<{len(word) + 4}}"
    return f"{word if word in seen else f'NOT {word}':<{len(word) + 4}}"
