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


class FailingTestsError(RulebookProblemsError):
    """Rulebooks whose own tests fail; nothing was published."""


@dataclass(frozen=True, slots=True)
class Published:
    """A rulebook and its version; `note` says what is not plain of it."""

    name: str
    version: str
    note: str = ""

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.name, self.version, self.note)))


async def publish(
    checked: Check, database: Database, matcher: str = "durable", share: int | None = None, *, at_start: bool = False
) -> list[Published]:
    """Publishes every rulebook that was checked, or none: raises RulebookProblemsError with all mistakes at once,
    RehearsalFailedError for one that nobody has published before and that the matcher cannot run, CanaryStandsError for one
    beside whose canary it cannot stand, UnknownRulebookError for a canary of nothing. With a share in percent it becomes the canary; what is current already stays so.
    `at_start`, when a program starts and must not be kept from it: one that cannot stand beside a canary is left out, and noted."""
    texts = _texts(checked)
    shelf = Rulebooks(database)
    if share is not None:
        for name in texts:
            await shelf.current(name)  # there is none that it could stand beside
    refused = await _thirds(shelf, texts)
    if refused and not at_start:
        raise CanaryStandsError("\n".join(refused.values()))
    left = [Published(name, await shelf.current(name), f"stays current: {why}") for name, why in refused.items()]
    texts = {name: text for name, text in texts.items() if name not in refused}
    if new := [text for name, text in texts.items() if sha256(text) not in await shelf.versions(name)]:
        await rehearse(new, matcher)
    return left + [await _published(database, name, text, share) for name, text in texts.items()]


async def _thirds(shelf: Rulebooks, texts: dict[str, str]) -> dict[str, str]:
    """The names whose text is neither the current version nor the canary that stands, each with why that is refused."""
    return {
        name: beside_canary(name, canary.version)
        for name, canary in (await shelf.canaries()).items()
        if name in texts and sha256(texts[name]) not in (canary.version, await shelf.current(name))
    }


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
