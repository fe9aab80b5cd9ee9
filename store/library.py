"""Published rulebooks on disk and in the database, for code that may wait and for code that may not."""

import asyncio
import hashlib
from pathlib import Path
from threading import Thread

from store.database import Database
from store.rulebooks import Rulebooks


class Library:
    """Reads a version from the folder that caches them, else from the database; what was read is kept in the folder."""

    def __init__(self, rulebooks: Rulebooks, folder: Path, url: str) -> None:
        self._rulebooks = rulebooks
        self._folder = folder
        self._url = url

    async def canonical(self, version: str) -> str:
        """The canonical JSON of a version; raises UnknownRulebookError."""
        return self._cached(version) or self._kept(version, await self._rulebooks.canonical(version))

    def fetch(self, version: str) -> str:
        """The same for synchronous callers, also inside a running loop: a cold process that replays a workflow."""
        return self._cached(version) or self._kept(version, _asked_aside(self._url, version))

    def _cached(self, version: str) -> str | None:
        path = self._folder / f"{version}.json"
        text = path.read_text("utf-8") if path.is_file() else ""
        return text if hashlib.sha256(text.encode()).hexdigest() == version else None

    def _kept(self, version: str, canonical: str) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"{version}.partial"
        partial.write_text(canonical, "utf-8")
        partial.replace(self._folder / f"{version}.json")
        return canonical


def _asked_aside(url: str, version: str) -> str:
    """Asks the database in a thread and loop of its own, since a connection belongs to its loop."""
    answers: list[str | BaseException] = []

    def ask() -> None:
        try:
            answers.append(asyncio.run(_ask(url, version)))
        except BaseException as error:
            answers.append(error)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout=1.5)
    if not answers:
        raise LookupError(f"rulebook version {version[:12]} could not be read within 1.5 s")
    if isinstance(answers[0], BaseException):
        raise answers[0]
    return answers[0]


async def _ask(url: str, version: str) -> str:
    database = Database(url)
    try:
        return await Rulebooks(database).canonical(version)
    finally:
        await database.close()
