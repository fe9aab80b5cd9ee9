"""Who could stand in for a carrier, and who had a delivery before and gave it up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sqlalchemy import RowMapping, select

from domain.actions import Outcome
from domain.route import StandIn
from store.database import Database
from store.tables import carriers, deliveries, effects

LATELY = 500
"""So many deliveries that ended last, of all carriers that are compared, tell how well each keeps its promises."""

ENOUGH = 20
"""With fewer deliveries than this a carrier's share of kept promises is chance."""


class StandIns:
    """Backup carriers, and the history of a delivery's holders."""

    def __init__(self, database: Database, listed: Mapping[str, Sequence[StandIn]] | None = None) -> None:
        """`listed`: the stand-ins that directory.yaml names for each carrier."""
        self._database = database
        self._listed = listed or {}

    async def backups(self, carrier: str, zone: str | None) -> list[StandIn]:
        """Active carriers that stand in for this one in this zone, the cheapest first; those without a price come last.

        The cheapest is who costs least for a promise that is kept: see StandIn.

        A carrier stands in if the store or the directory says so. The directory's price wins, being the one that was agreed and
        reviewed with the rules; whether a carrier is active and where is the store's to say, if it knows it.

        Prices are compared as numbers: there are no exchange rates here, so quote the backups of one carrier in one currency.
        """
        async with self._database.reading() as connection:
            known = {row["carrier"]: row for row in (await connection.execute(select(carriers))).mappings()}
        fit = {name: _stand_in(row) for name, row in known.items() if carrier in row["backup_for"]}
        for backup in self._listed.get(carrier, ()):
            fit[backup.carrier] = _merged(backup, known.get(backup.carrier))
        able = [backup for name, backup in fit.items() if name not in known or _drives(known[name], zone)]
        kept = await self._kept([backup.carrier for backup in able])
        judged = [replace(backup, kept=kept.get(backup.carrier)) for backup in able]
        return sorted(judged, key=lambda backup: (*backup.cost_of_a_kept_promise, backup.carrier))

    async def _kept(self, names: Sequence[str]) -> Mapping[str, int]:
        """Of a thousand deliveries that each carrier ended lately, how many within the promise; none for those with too few."""
        ended = select(deliveries.c.carrier, deliveries.c.outcome).where(
            deliveries.c.carrier.in_(names), deliveries.c.finished_at.is_not(None)
        )
        outcomes: dict[str, list[bool]] = defaultdict(list)
        async with self._database.reading() as connection:
            for row in await connection.execute(ended.order_by(deliveries.c.finished_at.desc()).limit(LATELY)):
                outcomes[row.carrier].append((row.outcome or {}).get("last_promise") == "kept")
        return {name: sum(found) * 1000 // len(found) for name, found in outcomes.items() if len(found) >= ENOUGH}

    async def gave_up(self, delivery_id: str) -> frozenset[tuple[str, str]]:
        """Whom the delivery was taken from, as the ledger tells: pairs of `driver` or `carrier` and who it was."""
        asked = select(effects.c.detail).where(
            effects.c.delivery_id == delivery_id, effects.c.action.in_(("reassign", "reassign_route"))
        )
        async with self._database.reading() as connection:
            details = (await connection.execute(asked.where(effects.c.outcome == Outcome.DONE))).scalars().all()
        return frozenset((str(kind), str(who)) for detail in details if detail for kind, who in detail.get("gave_up", ()))


def _merged(listed: StandIn, row: RowMapping | None) -> StandIn:
    if row is None:
        return listed
    known = _stand_in(row)
    return known if listed.cost_cents is None else replace(listed, name=known.name)


def _drives(row: RowMapping, zone: str | None) -> bool:
    return bool(row["active"]) and _covers(row["zones"], zone)


def _covers(zones: Iterable[str], zone: str | None) -> bool:
    patterns = list(zones)
    return not patterns or any(fnmatchcase(zone or "", pattern) for pattern in patterns)


def _stand_in(row: RowMapping) -> StandIn:
    return StandIn(row["carrier"], row["name"], row["cost_cents"], row["currency"])
