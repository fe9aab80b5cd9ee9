"""Between the rows of disruptions and their workflows: who tells what has opened and ended, and whom rules call at once."""

from dataclasses import dataclass, field

from activities.disruptions import Disrupting
from activities.notify import Notifying
from activities.open_ticket import Desk
from domain.disruption import Heeded
from integrations.messaging.templates import Templates
from rules.alarms import heeds_disruptions, rules_about
from rules.book import Rulebook, from_canonical
from rules.directory_reader import DirectoryReading
from store.database import Database
from store.disruptions import Disruptions
from store.ledger import Ledger
from store.rulebooks import Rulebooks
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.places import DisruptedPlaces


@dataclass(frozen=True, slots=True)
class Herald:
    """Tells the workflows of places what they have not taken up or ended yet."""

    rows: Disruptions
    places: DisruptedPlaces

    async def tell(self, place: str | None = None) -> None:
        """Of `hub:HEL1`, or of every place. Raises UnreachableError; what was not told then is told the next time."""
        for notice, closed_at in await self.rows.untold(place):
            if closed_at is None:
                await self.places.opened(notice)
            else:
                await self.places.closed(notice, closed_at)


@dataclass(frozen=True, slots=True)
class Heeding:
    """The rulebooks in use; each is read once."""

    rulebooks: Rulebooks
    _read: dict[str, Rulebook] = field(default_factory=dict)

    async def of(self, scope: str) -> Heeded:
        """Those with a rule of guards alone about disruptions of a scope, and the rules of any that speak of one."""
        books = {version: await self._book(version) for version in await self.rulebooks.in_use()}
        return Heeded(
            frozenset(version for version, book in books.items() if heeds_disruptions(book, scope)),
            frozenset(rule for book in books.values() for rule in rules_about(book, scope)),
        )

    async def _book(self, version: str) -> Rulebook:
        if version not in self._read:
            self._read[version] = from_canonical(await self.rulebooks.canonical(version))
        return self._read[version]


def of_disruptions(
    database: Database,
    herald: Herald,
    running: Deliveries,
    read: DirectoryReading,
    desk: Desk,
    templates: Templates,
    notifying: Notifying,
) -> list[object]:
    """The activities of the workflows of disrupted places."""
    deeds = Disrupting(
        herald.rows,
        running,
        Heeding(Rulebooks(database)).of,
        desk,
        templates,
        notifying,
        read.operations,
        {name: hub.timezone for name, hub in read.directory.hubs.items() if hub.timezone},
        Ledger(database),
        wall_clock,
    )
    return [deeds.take_up, deeds.wind_up, deeds.call_members, deeds.call_heeding, deeds.announce]
