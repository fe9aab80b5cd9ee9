"""Which fact parts hold? One question behind one interface; the reference matcher answers it in plain Python.

A fact part is a set of (number of an atom, whether it has to be true or false). An atom is a fact sentence; its value is
1 (true), 0 (false) or None (unknown), and unknown is neither.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

FactPart: TypeAlias = tuple[tuple[int, bool], ...]
"""Sorted by atom. The empty one always holds."""

Atoms: TypeAlias = tuple[int | None, ...]


class Matcher(Protocol):
    """Answers with the numbers of the fact parts that hold."""

    def __call__(self, atoms: Atoms) -> frozenset[int]: ...


class ReferenceMatcher:
    """Looks at each fact part in turn. Explains, checks the other one, and stands in where that cannot be built."""

    def __init__(self, parts: Sequence[FactPart]) -> None:
        self._parts = tuple(parts)

    def __call__(self, atoms: Atoms) -> frozenset[int]:
        return frozenset(number for number, part in enumerate(self._parts) if _holds(part, atoms))


def _holds(part: FactPart, atoms: Atoms) -> bool:
    return all(atoms[atom] == (1 if wanted else 0) for atom, wanted in part)


REMEMBERED = 10_000
"""Answers kept; a book has far fewer combinations that occur."""


class Memo:
    """Answers from memory where it can. `ask` says whether the matcher may be asked; the reference answers else."""

    def __init__(self, matcher: Matcher, reference: Matcher) -> None:
        self._matcher = matcher
        self._reference = reference
        self._answers: dict[Atoms, frozenset[int]] = {}

    def __call__(self, atoms: Atoms, ask: bool = True) -> frozenset[int]:
        answer = self._answers.get(atoms)
        if answer is None:
            answer = self._matcher(atoms) if ask else self._reference(atoms)
            if len(self._answers) >= REMEMBERED:
                self._answers.clear()
            self._answers[atoms] = answer
        return answer

    def agrees(self, atoms: Atoms) -> bool:
        """Whether both, asked anew, give the same answer."""
        return self._matcher(atoms) == self._reference(atoms)
