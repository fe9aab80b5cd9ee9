"""What became of messages after their provider took them, by the key of the effect: reports come doubled and in any order."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, select

from domain.instant import Instant
from store.database import Database
from store.tables import effects, receipts

RANKS = ("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read", "undelivered", "failed")
"""How far a message is, in Twilio's words, which mail is told in too; what is not here comes before all. A message that was
reported as not delivered stays so."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message, when that was reported. `reference` is the provider's name for it, `code` its code for what went wrong."""

    key: str
    reference: str
    status: str
    code: int | None
    at: Instant


class Receipts:
    """The receipts table, and whose message a reference is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, receipt: Receipt) -> None:
        """Keeps what is furthest."""
        values = {"reference": receipt.reference, "status": receipt.status, "code": receipt.code, "reported_at": receipt.at}
        async with self._database.writing() as connection:
            new = self._database.insert(receipts).values(key=receipt.key, **values)
            is_further = _is_nearer_than(receipt.status)
            await connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=values, where=is_further))

    async def of(self, key: str) -> Receipt | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(receipts).where(receipts.c.key == key))).first()
        return Receipt(row.key, row.reference, row.status, row.code, row.reported_at) if row is not None else None

    async def reference_of(self, key: str) -> str | None:
        """The provider's name for an effect's message, if it has reported on it."""
        found = await self.of(key)
        return found.reference if found is not None else None

    async def key_of(self, reference: str) -> str | None:
        """The effect whose message the provider knows by a name."""
        query = select(effects.c.key).where(effects.c.provider_ref == reference).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar()

    async def is_ours(self, key: str) -> bool:
        """Whether there is such an effect."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(effects.c.key).where(effects.c.key == key))).first() is not None


def _is_nearer_than(status: str) -> ColumnElement[bool]:
    """Whether what is known is not as far as that. The database compares: two reports may come at the same moment."""
    return receipts.c.status.not_in(RANKS[RANKS.index(status) :]) if status in RANKS else false()
