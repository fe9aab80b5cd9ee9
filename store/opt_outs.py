"""Who wants no messages, by channel and address: what STOP, an unsubscribed number or a complaint leave behind.

Addresses are personal data, and an opt-out outlives every delivery: kept is only the SHA-256 of channel and address. That hides
an address from who reads the table, not from who tries all numbers there are; treat the table as personal data all the same.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update

from domain.instant import Instant
from store.database import Database
from store.tables import opt_outs


@dataclass(frozen=True, slots=True)
class OptOut:
    """Since when, and by what, in words: `replied STOP`, `Twilio 21610`."""

    since: Instant
    because: str


class OptOuts:
    """The opt_outs table. Channels are those of notify (`email`, `sms`, `whatsapp`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opted_out(self, channel: str, address: str) -> OptOut | None:
        """None: it may be written to."""
        known = select(opt_outs.c.since, opt_outs.c.because).where(*_is(channel, address), opt_outs.c.until.is_(None))
        async with self._database.reading() as connection:
            row = (await connection.execute(known)).first()
        return OptOut(row.since, row.because) if row is not None else None

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None:
        """From now on nothing is sent there. Who has opted out already did so when they first did."""
        values = {"since": now, "because": because, "until": None, "until_because": None}
        new = self._database.insert(opt_outs).values(channel=channel, address_sha256=sha256_of(channel, address), **values)
        anew = new.on_conflict_do_update(
            index_elements=["channel", "address_sha256"], set_=values, where=opt_outs.c.until.is_not(None)
        )
        async with self._database.writing() as connection:
            await connection.execute(anew)

    async def opt_in(self, channel: str, address: str, *, because: str, now: Instant) -> None:
        """Messages may be sent there again; that they were not wanted for a while is kept."""
        gone = update(opt_outs).where(*_is(channel, address), opt_outs.c.until.is_(None))
        async with self._database.writing() as connection:
            await connection.execute(gone.values(until=now, until_because=because))


def _is(channel: str, address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return opt_outs.c.channel == channel, opt_outs.c.address_sha256 == sha256_of(channel, address)


def sha256_of(channel: str, address: str) -> str:
    """Of a number in E.164 form (`+358401234567`, also written `whatsapp:+358401234567`) or of a mail address in any case."""
    return hashlib.sha256(f"{channel}:{address.removeprefix('whatsapp:').strip().casefold()}".encode()).hexdigest()
