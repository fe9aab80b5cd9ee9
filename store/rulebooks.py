"""Published rulebooks: immutable, named by the SHA-256 of their canonical JSON; a name points at the current version."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.instant import Instant
from store.database import Database
from store.errors import CanaryStandsError, UnknownRulebookError
from store.tables import deliveries, incidents, rulebook_names, rulebooks


@dataclass(frozen=True, slots=True)
class Canary:
    """The version that a share (in percent) of new deliveries gets, and since when there is one."""

    version: str
    share: int
    since: Instant


class Rulebooks:
    """The rulebooks table and the names that point into it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, name: str, canonical: str, *, now: Instant) -> str:
        """Keeps a version, makes it the current one of its name and returns its SHA-256. Published again it is the same version.
        Raises CanaryStandsError if the name has a canary, unless the version is the current one already."""
        sha, version = version_of(name, canonical, now)
        version |= {"current_since": now}
        current = {"name": name, "sha256": sha}
        again = {"published_at": now, "current_since": now}
        async with self._database.writing() as connection:
            named = await _named(connection, name)
            if named is not None and named.sha256 != sha:
                _refuse_beside_canary(named)
            kept = self._database.insert(rulebooks).values(version)
            await connection.execute(kept.on_conflict_do_update(index_elements=["sha256"], set_=again))
            pointed = self._database.insert(rulebook_names).values(current)
            await connection.execute(pointed.on_conflict_do_update(index_elements=["name"], set_={"sha256": sha}))
        return sha

    async def back(self, name: str, *, now: Instant, to: str | None = None) -> str:
        """Makes the version current that was so before, and returns its SHA-256; done twice, it is as it was. With `to`, the version
        whose SHA-256 begins so: done twice, it stays. Raises UnknownRulebookError if there is none, or more than one begins so,
        CanaryStandsError for a name that has a canary. What was only ever a canary is not gone back to."""
        current = await self.current(name)
        once = await self._once_current(name)
        if to is not None:
            return await self.publish(name, await self.canonical(_the_one(name, once, to)), now=now)
        others = [version for version in once if version != current]
        if not others:
            raise UnknownRulebookError(f"no version of rulebook {name!r} was published before the present one")
        return await self.publish(name, await self.canonical(others[-1]), now=now)

    async def _once_current(self, name: str) -> list[str]:
        query = (
            select(rulebooks.c.sha256)
            .where(rulebooks.c.name == name, rulebooks.c.current_since.is_not(None))
            .order_by(rulebooks.c.current_since, rulebooks.c.sha256)
        )
        async with self._database.reading() as connection:
            return list((await connection.execute(query)).scalars())

    async def versions(self, name: str) -> tuple[str, ...]:
        """The SHA-256 of every version of a name; those that became current, or a canary, last come last."""
        query = select(rulebooks.c.sha256).where(rulebooks.c.name == name).order_by(rulebooks.c.published_at, rulebooks.c.sha256)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def current(self, name: str) -> str:
        """The SHA-256 of the version that new deliveries get; raises UnknownRulebookError, which lists the names."""
        names = await self.names()
        if name not in names:
            raise UnknownRulebookError(f"no rulebook {name!r} is published; published are: {', '.join(sorted(names)) or 'none'}")
        return names[name]

    async def names(self) -> dict[str, str]:
        """The published names, each with the SHA-256 of its current version."""
        async with self._database.reading() as connection:
            return {row.name: str(row.sha256) for row in await connection.execute(select(rulebook_names))}

    async def canaries(self) -> dict[str, Canary]:
        """The names that have a canary, each with it."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(rulebook_names))).all()
        return {row.name: canary for row in rows if (canary := of_row(row)) is not None}

    async def canonical(self, sha256: str) -> str:
        """The canonical JSON of a version, to the byte; raises UnknownRulebookError."""
        async with self._database.reading() as connection:
            text = (
                await connection.execute(select(rulebooks.c.canonical).where(rulebooks.c.sha256 == sha256))
            ).scalar_one_or_none()
        if text is None:
            raise UnknownRulebookError(f"no rulebook version {sha256} is published; publish it with `doorstep rules publish`")
        return str(text)

    async def in_use(self) -> frozenset[str]:
        """The versions that open deliveries, open incidents, names and canaries need: what a worker loads before it polls."""
        is_open = deliveries.c.finished_at.is_(None)
        of_open = select(deliveries.c.rulebook_version).where(is_open)
        # An open incident finishes under the book that opened it, whatever its delivery has adopted since.
        of_incidents = select(incidents.c.book).where(incidents.c.resolved_at.is_(None))
        named = select(rulebook_names.c.sha256)
        tried = select(rulebook_names.c.canary).where(rulebook_names.c.canary.is_not(None))
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(union(of_open, of_incidents, named, tried))).scalars())


def _the_one(name: str, once: list[str], begins: str) -> str:
    found = [version for version in once if begins and version.startswith(begins)]
    if len(found) != 1:
        what = "more than one version" if found else "no version"
        known = ", ".join(version[:12] for version in once)
        raise UnknownRulebookError(f"{what} of {name!r} that was ever current begins with {begins!r}; there are: {known}")
    return found[0]


def version_of(name: str, canonical: str, now: Instant) -> tuple[str, dict[str, Any]]:
    """The SHA-256 of a text, and the row in which it is kept."""
    sha = hashlib.sha256(canonical.encode()).hexdigest()
    return sha, {"sha256": sha, "name": name, "canonical": canonical, "published_at": now}


def of_row(row: Row[Any]) -> Canary | None:
    """The canary in a row of `rulebook_names`."""
    return None if row.canary is None else Canary(str(row.canary), int(row.canary_share), int(row.canary_since))


async def guarded(connection: AsyncConnection, name: str, allowed: str) -> Row[Any] | None:
    """The row of a name, kept from others until the transaction ends. Raises CanaryStandsError if it has a canary that is not the
    allowed version."""
    row = await _named(connection, name)
    if row is not None and row.canary != allowed:
        _refuse_beside_canary(row)
    return row


async def _named(connection: AsyncConnection, name: str) -> Row[Any] | None:
    query = select(rulebook_names).where(rulebook_names.c.name == name).with_for_update()
    return (await connection.execute(query)).one_or_none()


def _refuse_beside_canary(named: Row[Any]) -> None:
    if named.canary is not None:
        raise CanaryStandsError(beside_canary(str(named.name), str(named.canary)))


def beside_canary(name: str, canary: str) -> str:
    """Why a third version is refused, and what to do."""
    return (
        f"rulebook {name!r} has a canary, {canary[:12]}; first end it (`doorstep rules canary {name} --end`) "
        f"or make it current (`doorstep rules canary {name} --promote`)"
    )
