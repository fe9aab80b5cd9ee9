"""How people are reached: drivers as the store knows them, our own people as directory.yaml does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from domain.contact import Contact
from domain.instant import Instant
from rules.business import Hours
from rules.directory import Calendar
from store.drivers import Drivers


@dataclass(frozen=True, slots=True)
class Contacts:
    """Drivers from the store, our own people from directory.yaml."""

    drivers: Drivers
    people: Mapping[str, Contact]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    async def driver(self, driver_id: str) -> Contact | None:
        return await self.drivers.contact(driver_id)

    async def person(self, name: str) -> Contact | None:
        """The owner of a rulebook may be a mail address."""
        return self.people.get(name) or (Contact(email=name) if "@" in name else None)

    async def on_call(self, turn: int, at: Instant, timezone: str) -> tuple[str, Contact] | None:
        """Those in whose calendar it is working time, in the order of directory.yaml, one after the other."""
        zone = ZoneInfo(timezone)
        there = [(name, one) for name, one in self.people.items() if self._is_on_call(one, at, zone)]
        return there[turn % len(there)] if there else None

    def _is_on_call(self, person: Contact, at: Instant, zone: ZoneInfo) -> bool:
        calendar = self.calendars.get(person.on_call or "")
        return calendar is not None and Hours(calendar, zone).at(at)[0]
