"""Is a delivery id new, and which rulebook watches over it?"""

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.copy import Admission, AdmitRequest, Admittance
from store.database import Database
from store.tables import deliveries, generations, rulebook_names


class Admissions:
    """Answers by what has been recorded, and records what it answers. A run gets the same generation however often it asks.

    The generation is taken with the answer and not with the first copy: effect keys carry it, and a run that is terminated
    before its first copy may have done effects, which its successor must not take for its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, request: AdmitRequest) -> Admission:
        answer = None
        while answer is None:
            async with self._database.writing() as connection:
                answer = await self._answer(connection, request)
        return answer

    async def _answer(self, connection: AsyncConnection, request: AdmitRequest) -> Admission | None:
        """None if another run took the generation, or this run another one, meanwhile."""
        admitted = await _admitted(connection, request)
        if admitted is not None:
            return admitted
        last = await _last_copy(connection, request.delivery_id)
        if last is not None and last.finished_at is not None and not request.reopen:
            return Admission(Admittance.ALREADY_FINISHED, last.generation)
        names = {row.name: str(row.sha256) for row in await connection.execute(select(rulebook_names))}
        if request.rulebook not in names:
            return Admission(Admittance.UNKNOWN_RULEBOOK, known=tuple(sorted(names)))
        # An earlier run of this id that did not end as a delivery was terminated: this is its next life.
        generation = 1 + max(last.generation if last else 0, await _last_taken(connection, request.delivery_id))
        return await self._take(connection, request, generation, names[request.rulebook])

    async def _take(self, connection: AsyncConnection, request: AdmitRequest, generation: int, version: str) -> Admission | None:
        taken = {"delivery_id": request.delivery_id, "generation": generation, "run_id": request.run_id}
        row = self._database.insert(generations).values({**taken, "rulebook_version": version}).on_conflict_do_nothing()
        is_ours = (await connection.execute(row)).rowcount == 1
        return Admission(Admittance.ADMITTED, generation, version) if is_ours else None


async def _admitted(connection: AsyncConnection, request: AdmitRequest) -> Admission | None:
    """What the run was answered before; the version that its copy has, where it has written one already."""
    for table in (deliveries, generations):
        this = (table.c.delivery_id == request.delivery_id) & (table.c.run_id == request.run_id)
        row = (await connection.execute(select(table.c.generation, table.c.rulebook_version).where(this))).first()
        if row is not None:
            return Admission(Admittance.ADMITTED, row.generation, row.rulebook_version)
    return None


async def _last_copy(connection: AsyncConnection, delivery_id: str) -> Row[tuple[int, int | None]] | None:
    columns = select(deliveries.c.generation, deliveries.c.finished_at).where(deliveries.c.delivery_id == delivery_id)
    return (await connection.execute(columns.order_by(deliveries.c.generation.desc()).limit(1))).first()


async def _last_taken(connection: AsyncConnection, delivery_id: str) -> int:
    taken = select(func.max(generations.c.generation)).where(generations.c.delivery_id == delivery_id)
    return (await connection.execute(taken)).scalar() or 0
