"""Publishing rulebooks: checked first, then kept for ever under the hash of what they say."""

from dataclasses import dataclass

from rules.book import canonical_json
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


async def publish(checked: Check, database: Database) -> list[Published]:
    """Publishes every rulebook that was checked, or none: raises RulebookProblemsError with all mistakes at once."""
    if not checked.ok:
        raise RulebookProblemsError("\n".join(problem.render() for problem in checked.problems if problem.is_error))
    if not checked.books:
        raise RulebookProblemsError(
            "there is no rulebook in what is to be published; give a rulebook, or a folder that holds some"
        )
    shelf = Rulebooks(database)
    now = wall_clock()
    return [Published(book.name, await shelf.publish(book.name, canonical_json(book), now=now)) for book in checked.books]
