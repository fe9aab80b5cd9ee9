"""Canaries: a version of a rulebook that a share of new deliveries gets, until it is promoted or ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select, update

from domain.instant import Instant
from store.database import Database
from store.errors import NoCanaryError, UnknownRulebookError
from store.rulebooks import Canary, Rulebooks, guarded, of_row, version_of
from store.tables import deliveries, incidents, rulebook_names, rulebooks

NONE = {"canary": None, "canary_share": None, "canary_since": None}


@dataclass(frozen=True, slots=True)
class RuleTally:
    """Incidents of a rule, shadows too: how many opened, and how many of them are open."""

    opened: int
    open: int


@dataclass(frozen=True, slots=True)
class VersionTally:
    """Deliveries that began under a version of a rulebook, how many of them run, and their incidents by rule."""

    deliveries: int
    running: int
    rules: Mapping[str, RuleTally]


class Canaries:
    """What stands in `rulebook_names` beside the current versions. All raise UnknownRulebookError for a name that is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stand(self, name: str, canonical: str, share: int, *, now: Instant) -> str:
        """Gives a share (1 to 99 percent) of new deliveries another version from now on, and returns its SHA-256. Done again with
        the same version it changes the share. Raises CanaryStandsError if another version is the canary, NoCanaryError if the version is current."""
        sha, values = version_of(name, canonical, now)
        kept = self._database.insert(rulebooks).values(values).on_conflict_do_nothing(index_elements=["sha256"])
        async with self._database.writing() as connection:
            row = await guarded(connection, name, allowed=sha)
            if row is None:
                raise UnknownRulebookError(
                    f"no rulebook {name!r} is published that {sha[:12]} could be a canary of; publish it without --canary"
                )
            if row.sha256 == sha:
                raise NoCanaryError(f"{sha[:12]} is the current version of {name!r}: there is nothing to try")
            await connection.execute(kept)
            since = now if row.canary is None else row.canary_since
            put = {"canary": sha, "canary_share": share, "canary_since": since}
            await connection.execute(update(rulebook_names).where(rulebook_names.c.name == name).values(put))
        return sha

    async def of(self, name: str) -> Canary | None:
        """The canary of a name; None if none stands."""
        await Rulebooks(self._database).current(name)
        return (await Rulebooks(self._database).canaries()).get(name)

    async def widen(self, name: str, share: int) -> Canary:
        """Gives the canary another share; raises NoCanaryError."""
        return await self._change(name, {"canary_share": share})

    async def promote(self, name: str, *, now: Instant) -> Canary:
        """The canary becomes the current version; raises NoCanaryError."""
        return await self._change(name, {"sha256": rulebook_names.c.canary, **NONE}, now)

    async def end(self, name: str) -> Canary:
        """New deliveries get the current version again; raises NoCanaryError. Which canary it was is returned."""
        return await self._change(name, NONE)

    async def _change(self, name: str, values: Mapping[str, object], current_since: Instant | None = None) -> Canary:
        """Returns the canary as it was before."""
        await Rulebooks(self._database).current(name)
        this = rulebook_names.c.name == name
        async with self._database.writing() as connection:
            canary = of_row((await connection.execute(select(rulebook_names).where(this).with_for_update())).one())
            if canary is None:
                raise NoCanaryError(f"rulebook {name!r} has no canary; `doorstep rules publish my-rules --canary 10%` makes one")
            await connection.execute(update(rulebook_names).where(this).values(values))
            if current_since is not None:
                became = {"published_at": current_since, "current_since": current_since}
                await connection.execute(update(rulebooks).where(rulebooks.c.sha256 == canary.version).values(became))
        return canary

    async def tally(self, version: str, since: Instant) -> VersionTally:
        """What became of the deliveries under a version that began at or after an instant, as far as the copies tell."""
        began = (deliveries.c.rulebook_version == version) & (deliveries.c.started_at >= since)
        running = func.count(case((deliveries.c.finished_at.is_(None), 1)))
        lives = select(func.count(), running).where(began)
        still = func.count(case((incidents.c.resolved_at.is_(None), 1)))
        of_life = (incidents.c.delivery_id == deliveries.c.delivery_id) & (incidents.c.generation == deliveries.c.generation)
        rules = (
            select(incidents.c.rule, func.count(), still)
            .join(deliveries, of_life)
            .where(incidents.c.book == version, began)
            .group_by(incidents.c.rule)
            .order_by(incidents.c.rule)
        )
        async with self._database.reading() as connection:
            total, alive = (await connection.execute(lives)).one()
            by_rule = {row[0]: RuleTally(int(row[1]), int(row[2])) for row in await connection.execute(rules)}
        return VersionTally(int(total), int(alive), by_rule)
