"""Decides whether a delivery id may begin a life, which one it is, and under which version of its rulebook."""

from sqlalchemy import RowMapping, select

from domain.copy import Admission, AdmitRequest, Admittance
from store.database import Database
from store.rulebooks import Rulebooks
from store.tables import deliveries


class Registry:
    """Reads only: the copy that the workflow writes next is what makes an id known."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rulebooks = Rulebooks(database)

    async def admit(self, request: AdmitRequest) -> Admission:
        """Once its copy is written, the same run always gets the same answer.

        An id whose workflow has ended is refused unless it is to be reopened. One whose copy never ended although another
        run asks (its workflow was terminated) begins its next life, so that old effects are not taken for new ones.
        """
        row = await self._newest(request.delivery_id)
        if row is not None and row["run_id"] == request.run_id:
            return Admission(Admittance.ADMITTED, row["generation"], row["rulebook_version"])
        if row is not None and row["finished_at"] is not None and not request.reopen:
            return Admission(Admittance.ALREADY_FINISHED, row["generation"])
        return await self._admitted(request.rulebook, 1 if row is None else row["generation"] + 1)

    async def _admitted(self, rulebook: str, generation: int) -> Admission:
        names = await self._rulebooks.names()
        if rulebook not in names:
            return Admission(Admittance.UNKNOWN_RULEBOOK, known=tuple(sorted(names)))
        return Admission(Admittance.ADMITTED, generation, names[rulebook])

    async def _newest(self, delivery_id: str) -> RowMapping | None:
        d = deliveries.c
        query = select(d.run_id, d.generation, d.rulebook_version, d.finished_at).where(d.delivery_id == delivery_id)
        async with self._database.reading() as connection:
            return (await connection.execute(query.order_by(d.generation.desc()).limit(1))).mappings().one_or_none()
