"""Who could stand in for a carrier, and who had a delivery before and gave it up."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from sqlalchemy import RowMapping, select

from domain.actions import Outcome
from domain.route import StandIn
from store.database import Database
from store.tables import carriers, effects


class StandIns:
    """Backup carriers, and the history of a delivery's holders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def backups(self, carrier: str, zone: str | None) -> list[StandIn]:
        """Active carriers that stand in for this one in this zone, the cheapest first; those without a price come last.

        Prices are compared as numbers: there are no exchange rates here, so quote the backups of one carrier in one currency.
        """
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(carriers).where(carriers.c.active.is_(True)))).mappings().all()
        fit = [_stand_in(row) for row in rows if carrier in row["backup_for"] and _covers(row["zones"], zone)]
        return sorted(fit, key=lambda backup: (backup.cost_cents is None, backup.cost_cents or 0, backup.carrier))

    async def gave_up(self, delivery_id: str) -> frozenset[tuple[str, str]]:
        """Whom the delivery was taken from, as the ledger tells: pairs of `driver` or `carrier` and who it was."""
        asked = select(effects.c.detail).where(effects.c.delivery_id == delivery_id, effects.c.action == "reassign")
        async with self._database.reading() as connection:
            details = (await connection.execute(asked.where(effects.c.outcome == Outcome.DONE))).scalars().all()
        return frozenset((str(kind), str(who)) for detail in details if detail for kind, who in detail.get("gave_up", ()))


def _covers(zones: Iterable[str], zone: str | None) -> bool:
    patterns = list(zones)
    return not patterns or any(fnmatchcase(zone or "", pattern) for pattern in patterns)


def _stand_in(row: RowMapping) -> StandIn:
    return StandIn(row["carrier"], row["name"], row["cost_cents"], row["currency"])
