"""Where the rules stand on a delivery, and what the evaluation that said so had found out, for the next one to go on from.

Nothing here has to be remembered: a plain mapping of cells serves as well, only that everything is then found out anew.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.delivery import Delivery
from domain.instant import Instant
from rules.compile import Applicable, CompiledBook
from rules.machine import DUE_NOW, Cell
from rules.matcher import Atoms
from rules.scene import Scene, Told


class Found(NamedTuple):
    """What is known of a delivery under a book: the rules that are for it, the values of their fact sentences, the fact parts that
    hold. `watched` are those rules, and others that still have an incident open. No cell is to be looked at before `next_look`;
    `timed` are the rules that time alone may do something to (None: not known which), `busy` those that are not idle, or not armed.
    `told` is what a scene of the delivery tells, if any rule asked for it.
    """

    book: CompiledBook
    delivery: Delivery
    scope: frozenset[str]
    watched: Applicable
    atoms: Atoms
    parts: frozenset[int]
    next_look: Instant = DUE_NOW
    busy: frozenset[str] = frozenset()
    timed: tuple[str, ...] | None = None
    told: Told | None = None

    @property
    def has_strays(self) -> bool:
        """Whether a rule is watched that is not for the delivery."""
        return len(self.watched.rules) != len(self.scope)


class Cells(dict[str, Cell]):
    """Cells by rule, never changed once they are handed out."""

    __slots__ = ("found",)

    found: Found


def found_in(cells: Mapping[str, Cell], book: CompiledBook, delivery: Delivery, at: Instant) -> Found:
    """What the last evaluation found, if it was about this very delivery and book; else the same found out anew."""
    if isinstance(cells, Cells) and cells.found.delivery is delivery and cells.found.book is book:
        return cells.found
    return found_out(cells, book, delivery, book.in_scope(delivery), at, ask=False)


def found_out(
    cells: Mapping[str, Cell], book: CompiledBook, delivery: Delivery, scope: frozenset[str], at: Instant, ask: bool
) -> Found:
    """Everything looked up; `ask` says whether the matcher may be asked."""
    watched = book.applicable(scope.union(rule for rule, cell in cells.items() if cell.is_open))
    atoms, _ = book.looked_up((None,) * len(book.atoms), watched.atoms, Scene(delivery), at)
    busy = frozenset(rule for rule, cell in cells.items() if cell.is_busy)
    return Found(book, delivery, scope, watched, atoms, book.match(atoms, ask), busy=busy)
