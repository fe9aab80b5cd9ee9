"""Is a delivery id new, and which rulebook watches over it?"""

from sqlalchemy import select

from domain.copy import Admission, AdmitRequest, Admittance
from store.database import Database
from store.tables import deliveries, rulebook_names


class Admissions:
    """Answers by what has been recorded. The same run always gets the same generation, however often it asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, request: AdmitRequest) -> Admission:
        newest = (
            select(deliveries.c.generation, deliveries.c.run_id, deliveries.c.finished_at)
            .where(deliveries.c.delivery_id == request.delivery_id)
            .order_by(deliveries.c.generation.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            names = {row.name: str(row.sha256) for row in await connection.execute(select(rulebook_names))}
            last = (await connection.execute(newest)).first()
        if request.rulebook not in names:
            return Admission(Admittance.UNKNOWN_RULEBOOK, known=tuple(sorted(names)))
        version = names[request.rulebook]
        if last is None or last.run_id == request.run_id:
            return Admission(Admittance.ADMITTED, last.generation if last else 1, version)
        if last.finished_at is not None and not request.reopen:
            return Admission(Admittance.ALREADY_FINISHED, last.generation)
        # An earlier run of this id ended without an end of the delivery (it was terminated): this is its next life.
        return Admission(Admittance.ADMITTED, last.generation + 1, version)
