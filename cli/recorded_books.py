"""The rulebooks of a recorded delivery: by which file its test begins, and which ones it adopts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.errors import InputError
from rules.beside import rulebook_files
from rules.book import Rulebook, canonical_json, sha256
from rules.reader import read_file


@dataclass(frozen=True, slots=True)
class Books:
    """The book that a test begins with, its file as the test names it, and by version those that may be adopted: file and book."""

    book: Rulebook
    named: str
    adoptable: Mapping[str, tuple[str, Rulebook]] = field(default_factory=dict)

    def read(self, name: str) -> Rulebook:
        """The adopted book in a file; raises ValueError."""
        for file, book in self.adoptable.values():
            if file == name:
                return book
        raise ValueError("there is no such file")

    @property
    def all(self) -> tuple[Rulebook, ...]:
        return (self.book, *(book for _, book in self.adoptable.values()))


def books_of(history: Mapping[str, Any], folder: Path, into: Path) -> Books:
    """The books of a folder that a delivery had. Raises InputError if there is none by the name of the first."""
    found = [(path, book) for path in rulebook_files(folder) if (book := read_file(path).book) is not None]
    adoptions = [one for one in history["decisions"] if one["what"] == "adopt"]
    first = adoptions[0]["before"] if adoptions else history["rulebook"]
    path, book = _book(found, first, folder)
    exact = {sha256(canonical_json(one)): (os.path.relpath(file, into), one) for file, one in found}
    versions = {one["rulebook"]["version"] for one in adoptions}
    if first["version"] not in exact:  # the file of its name may be what it adopted, and cannot be both
        exact = {version: told for version, told in exact.items() if told[1] is not book}
    return Books(book, os.path.relpath(path, into), {version: exact[version] for version in versions & set(exact)})


def _book(found: Sequence[tuple[Path, Rulebook]], wanted: Mapping[str, Any], folder: Path) -> tuple[Path, Rulebook]:
    """That of the very version, or else the first of the name."""
    named = [(path, book) for path, book in found if book.name == wanted["name"]]
    same = [(path, book) for path, book in named if sha256(canonical_json(book)) == wanted["version"]]
    if not named:
        raise InputError(
            f"there is no rulebook {wanted['name']} without mistakes in {folder}; set DOORSTEP_RULES to the folder that has it"
        )
    return (same or named)[0]
