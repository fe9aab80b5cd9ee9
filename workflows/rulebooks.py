"""The rulebooks of this process, compiled, by version.

Workflow code calls `get` synchronously, also on replay and in queries of a cold process; what is not in memory is fetched
from where the worker said (`fetch_from`): a disk cache, then the store. A version is immutable, so that nothing here can
change what a workflow decides.
"""

from collections.abc import Callable
from threading import Lock

from rules.book import from_canonical
from rules.compile import CompiledBook, compile_book
from rules.evaluate import EDITION

Fetch = Callable[[str], str]
"""Version -> canonical JSON; may block for well under two seconds; raises LookupError for an unknown version."""


class Shelf:
    """Compiled rulebooks by version."""

    def __init__(self) -> None:
        self._books: dict[str, CompiledBook] = {}
        self._lock = Lock()
        self._fetch: Fetch = nowhere
        self._matcher = "durable"
        self.edition = EDITION
        """By which edition of the evaluator what begins now is judged; what runs has its own (docs/changing-workflows.md)."""

    def fetch_from(self, fetch: Fetch, matcher: str = "durable") -> None:
        """Says where versions come from that are not in memory, and which matcher compiles them."""
        self._fetch = fetch
        self._matcher = matcher

    def put(self, version: str, canonical: str) -> CompiledBook:
        """Compiles a version and keeps it."""
        with self._lock:
            book = self._books.get(version)
            if book is None:
                book = self._books[version] = compile_book(from_canonical(canonical), self._matcher)
            return book

    def get(self, version: str) -> CompiledBook:
        """The compiled version; raises LookupError if nobody has it."""
        book = self._books.get(version)
        return book if book is not None else self.put(version, self._fetch(version))

    def holds(self, version: str) -> bool:
        return version in self._books


def nowhere(version: str) -> str:
    """What a process fetches from that was told of no place, or whose worker has ended."""
    raise LookupError(f"rulebook version {version[:12]} is not in memory and this process was told of no place to fetch it from")


SHELF = Shelf()
"""One for each process: rulebooks are as immutable as code, and workflow code has no other way to reach them."""
