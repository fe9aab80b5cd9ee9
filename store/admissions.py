"""Is a delivery id new, and which rulebook watches over it?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from domain.copy import Admission, AdmitRequest, Admittance, DeliveryCopy
from domain.lot import lot
from store.database import Database
from store.deliveries import Deliveries
from store.tables import deliveries, rulebook_names

Life = Row[Any]

_LIVES = (
    select(deliveries.c.generation, deliveries.c.run_id, deliveries.c.rulebook_version, deliveries.c.finished_at)
    .where(deliveries.c.delivery_id == bindparam("delivery_id"))
    .order_by(deliveries.c.generation.desc())
)
_STANDING = (
    select(rulebook_names.c.sha256, rulebook_names.c.canary, rulebook_names.c.canary_share, *_LIVES.selected_columns)
    .join_from(rulebook_names, deliveries, deliveries.c.delivery_id == bindparam("delivery_id"), isouter=True)
    .where(rulebook_names.c.name == bindparam("name"))
    .order_by(deliveries.c.generation.desc())
)
"""The versions of a rulebook, beside each life of the delivery: both at once, since every order asks for both."""
_NAMES = select(rulebook_names.c.name).order_by(rulebook_names.c.name)


class Admissions:
    """Answers by what has been recorded, and writes the first copy with the answer. A run gets the same answer however often it asks.

    The generation is taken with the answer: effect keys carry it, and a run that is terminated at once may have done effects,
    which its successor must not take for its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._deliveries = Deliveries(database)

    async def admit(self, request: AdmitRequest) -> Admission:
        answer = None
        while answer is None:  # another run took the generation meanwhile
            answer = await self._database.together(lambda connection: self._answer(connection, request))
        return answer

    def _answer(self, connection: Connection, request: AdmitRequest) -> Admission | None:
        named, lives = _standing(connection, request.draft)
        mine = next((life for life in lives if life.run_id == request.draft.run_id), None)
        if mine is not None:
            return Admission(Admittance.ADMITTED, mine.generation, mine.rulebook_version)
        if lives and lives[0].finished_at is not None and not request.reopen:
            return Admission(Admittance.ALREADY_FINISHED, lives[0].generation)
        if named is None:
            return Admission(Admittance.UNKNOWN_RULEBOOK, known=tuple(connection.execute(_NAMES).scalars()))
        version = _version(named, request.draft.delivery_id)
        # An earlier run of this id that did not end as a delivery was terminated: this is its next life.
        generation = lives[0].generation + 1 if lives else 1
        first = replace(request.draft, generation=generation, rulebook_version=version)
        is_ours = self._deliveries.begin(connection, first)
        return Admission(Admittance.ADMITTED, generation, version) if is_ours else None


def _version(named: Row[Any], delivery_id: str) -> str:
    """The canary if there is one and the lot falls so, else the current version."""
    is_canary = named.canary is not None and lot(delivery_id) < named.canary_share
    return str(named.canary if is_canary else named.sha256)


def _standing(connection: Connection, draft: DeliveryCopy) -> tuple[Row[Any] | None, Sequence[Life]]:
    """The versions of its rulebook, None if there is none, and its lives, the newest first."""
    told = {"delivery_id": draft.delivery_id}
    rows = connection.execute(_STANDING, {**told, "name": draft.rulebook}).all()
    if not rows:
        return None, connection.execute(_LIVES, told).all()
    return rows[0], [row for row in rows if row.generation is not None]
