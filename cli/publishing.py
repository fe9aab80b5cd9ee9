"""Publishing rulebooks: checked first, then kept for ever under the hash of what they say."""

from dataclasses import dataclass

from cli.rehearsal import rehearse
from rules.book import canonical_json, sha256
from rules.check import Check
from store.database import Database
from store.rulebooks import Rulebooks
from workflows.clock import wall_clock


class RulebookProblemsError(ValueError):
    """Rulebooks with mistakes; nothing was published."""


@dataclass(frozen=True, slots=True)
class Published:
    """A rulebook and its version."""

    name: str
    version: str


async def publish(checked: Check, database: Database, matcher: str = "durable") -> list[Published]:
    """Publishes every rulebook that was checked, or none: raises RulebookProblemsError with all mistakes at once, and
    RehearsalFailedError for one that nobody has published before and that the matcher cannot run."""
    if not checked.ok:
        raise RulebookProblemsError("\n".join(problem.render() for problem in checked.problems if problem.is_error))
    if not checked.books:
        raise RulebookProblemsError(
            "there is no rulebook in what is to be published; give a rulebook, or a folder that holds some"
        )
    shelf = Rulebooks(database)
    texts = {book.name: canonical_json(book) for book in checked.books}
    if new := [text for name, text in texts.items() if sha256(text) not in await shelf.versions(name)]:
        await rehearse(new, matcher)
    now = wall_clock()
    return [Published(name, await shelf.publish(name, text, now=now)) for name, text in texts.items()]
