"""What came of mutants: the survivors with their lines for people, and plain data for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from rules.mutation import Mutated, Survivor


def summary(books: Sequence[Mutated], seconds: float) -> str:
    """Every survivor, and for each book how many there were; how long it took in the last line."""
    lines = [line for book in books for line in _of_book(book)]
    tried = sum(book.tried for book in books)
    return "\n".join([*lines, f"mutants: {tried}, in {seconds:.1f} s"])


def as_json(books: Sequence[Mutated]) -> list[dict[str, Any]]:
    """For programs; keys are stable."""
    return [
        {
            "book": book.book,
            "mutants": book.tried,
            "killed": book.killed,
            "unchanged": book.idle,
            "impossible": book.impossible,
            "survivors": [_survivor(one) for one in book.survivors],
        }
        for book in books
    ]


def _survivor(one: Survivor) -> dict[str, Any]:
    place = one.mutant.place
    return {
        "file": place.file,
        "line": place.line,
        "col": place.col,
        "before": one.mutant.before,
        "after": one.mutant.after,
        "rules": sorted(one.mutant.rules),
        "hint": one.hint,
    }


def _of_book(book: Mutated) -> Iterator[str]:
    for one in book.survivors:
        yield from _lines(one)
    aside = [f"{book.idle} that change nothing"] * bool(book.idle) + [f"{book.impossible} that cannot be"] * bool(book.impossible)
    counts = f"{book.book}: mutants {book.tried}, noticed {book.killed}, survivors {len(book.survivors)}"
    yield f"{counts}; left out: {', '.join(aside)}" if aside else counts


def _lines(one: Survivor) -> Iterator[str]:
    """`file:line:col  survived  10m -> 9m59s`, and below it the line with a caret under the threshold, and the hint."""
    place, mutant = one.mutant.place, one.mutant
    yield f"{place.file}:{place.line}:{place.col}  survived  {mutant.before} -> {mutant.after}"
    yield f"{place.line:>5} | {place.text}"
    yield f"      | {' ' * (place.col - 1)}{'^' * len(mutant.before)}"
    yield f"      {one.hint}"
