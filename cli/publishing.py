"""Publishing rulebooks: checked first, then kept for ever under the hash of what they say."""

from dataclasses import dataclass

from cli.rehearsal import rehearse
from rules.book import canonical_json, sha256
from rules.check import Check
from store.canaries import Canaries
from store.database import Database
from store.errors import CanaryStandsError
from store.rulebooks import Rulebooks, beside_canary
from workflows.clock import wall_clock


class RulebookProblemsError(ValueError):
    """Rulebooks with mistakes; nothing was published."""


@dataclass(frozen=True, slots=True)
class Published:
    """A rulebook and its version; `note` says what is not plain of it."""

    name: str
    version: str
    note: str = ""

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.name, self.version, self.note)))


async def publish(checked: Check, database: Database, matcher: str = "durable", share: int | None = None) -> list[Published]:
    """Publishes every rulebook that was checked, or none: raises RulebookProblemsError with all mistakes at once,
    RehearsalFailedError for one that nobody has published before and that the matcher cannot run, CanaryStandsError for one
    beside whose canary it cannot stand, UnknownRulebookError for a canary of nothing. With a share in percent it becomes the canary; what is current already stays so."""
    texts = _texts(checked)
    shelf = Rulebooks(database)
    if share is not None:
        for name in texts:
            await shelf.current(name)  # there is none that it could stand beside
    beside = await shelf.canaries()
    if refused := [
        beside_canary(name, beside[name].version)
        for name, text in texts.items()
        if name in beside and sha256(text) not in (beside[name].version, await shelf.current(name))
    ]:
        raise CanaryStandsError("\n".join(refused))
    if new := [text for name, text in texts.items() if sha256(text) not in await shelf.versions(name)]:
        await rehearse(new, matcher)
    return [await _published(database, name, text, share) for name, text in texts.items()]


def _texts(checked: Check) -> dict[str, str]:
    """Name -> canonical JSON."""
    if not checked.ok:
        raise RulebookProblemsError("\n".join(problem.render() for problem in checked.problems if problem.is_error))
    if not checked.books:
        raise RulebookProblemsError(
            "there is no rulebook in what is to be published; give a rulebook, or a folder that holds some"
        )
    return {book.name: canonical_json(book) for book in checked.books}


async def _published(database: Database, name: str, text: str, share: int | None) -> Published:
    """A canary that stands stays one: programs that start publish their folder, and must not promote it."""
    shelf, now, version = Rulebooks(database), wall_clock(), sha256(text)
    canary, is_current = (await shelf.canaries()).get(name), (await shelf.names()).get(name) == version
    if share is not None and is_current:
        return Published(name, version, "is current already: no canary")
    if share is not None:
        return Published(name, await Canaries(database).stand(name, text, share, now=now), _canary_note(name, share))
    if canary is not None and canary.version == version:
        return Published(name, version, f"stays a {_canary_note(name, canary.share)}")
    return Published(name, await shelf.publish(name, text, now=now))


def _canary_note(name: str, share: int) -> str:
    return f"canary: {share}% of new deliveries get it; `doorstep rules canary {name}` shows, widens, promotes or ends it"
