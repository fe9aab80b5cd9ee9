"""Published rulebooks: immutable, named by the SHA-256 of their canonical JSON; a name points at the current version."""

import hashlib

from sqlalchemy import select, union

from domain.instant import Instant
from store.database import Database
from store.errors import UnknownRulebookError
from store.tables import deliveries, incidents, rulebook_names, rulebooks


class Rulebooks:
    """The rulebooks table and the names that point into it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, name: str, canonical: str, *, now: Instant) -> str:
        """Keeps a version, makes it the current one of its name and returns its SHA-256. Published again it is the same version."""
        sha = hashlib.sha256(canonical.encode()).hexdigest()
        version = {"sha256": sha, "name": name, "canonical": canonical, "published_at": now}
        current = {"name": name, "sha256": sha}
        async with self._database.writing() as connection:
            await connection.execute(
                self._database.insert(rulebooks)
                .values(version)
                .on_conflict_do_update(index_elements=["sha256"], set_={"published_at": now})
            )
            named = self._database.insert(rulebook_names).values(current)
            await connection.execute(named.on_conflict_do_update(index_elements=["name"], set_={"sha256": sha}))
        return sha

    async def back(self, name: str, *, now: Instant) -> str:
        """Makes the version current that was so before, and returns its SHA-256; done twice, it is as it was. Raises
        UnknownRulebookError for a name that has no other version."""
        current, versions = await self.current(name), await self.versions(name)
        others = [version for version in versions if version != current]
        if not others:
            raise UnknownRulebookError(f"no version of rulebook {name!r} was published before the present one")
        return await self.publish(name, await self.canonical(others[-1]), now=now)

    async def versions(self, name: str) -> tuple[str, ...]:
        """The SHA-256 of every version of a name; those that became current last come last."""
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
        """The versions that open deliveries, open incidents and the current names need: what a worker loads before it polls."""
        is_open = deliveries.c.finished_at.is_(None)
        of_open = select(deliveries.c.rulebook_version).where(is_open)
        # An open incident finishes under the book that opened it, whatever its delivery has adopted since.
        of_incidents = select(incidents.c.book).where(incidents.c.resolved_at.is_(None))
        named = select(rulebook_names.c.sha256)
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(union(of_open, of_incidents, named))).scalars())
