"""Makes the store go together with a copy of Temporal that is somewhat older, after both were restored.

The ledger stays as it is: what it knows as done is not done again. What the older Temporal does not know any more is handed on
to it once more, and copies give way to what their workflows, which have gone back, write next.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, RowMapping, Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.arrival import START
from domain.instant import SECOND, Instant, Span
from store.database import Database
from store.tables import deliveries, disruptions, inbox, incidents, tracking_numbers

SOURCE = "restore"
"""Who tells the inbox of orders that Temporal's copy does not know."""

COMMITS_WITHIN: Span = 10 * SECOND
"""What Temporal dates before a copy began, but committed after it, is younger than this."""

_NEWEST = select(deliveries.c.delivery_id, func.max(deliveries.c.generation).label("generation")).group_by(
    deliveries.c.delivery_id
)
_LIFE = (deliveries.c.delivery_id == bindparam("this")) & (deliveries.c.generation == bindparam("life"))
_GIVES_WAY = update(deliveries).where(_LIFE).values(revision=0, events_seen=0)
_OPEN_AGAIN = update(deliveries).where(_LIFE).values(finished_at=None, outcome=None)
_TAKE_OUT = delete(deliveries).where(_LIFE)
_TAKE_OUT_INCIDENTS = delete(incidents).where(
    incidents.c.delivery_id == bindparam("this"), incidents.c.generation == bindparam("life")
)
_TAKE_OUT_NUMBERS = delete(tracking_numbers).where(tracking_numbers.c.delivery_id == bindparam("this"))
_NOT_YET_OPEN = delete(incidents).where(incidents.c.delivery_id == bindparam("this"), incidents.c.opened_at >= bindparam("since"))
_STILL_OPEN = (
    update(incidents)
    .where(incidents.c.delivery_id == bindparam("this"), incidents.c.resolved_at >= bindparam("since"))
    .values(resolved_at=None, resolution=None)
)


@dataclass(frozen=True, slots=True)
class Known:
    """The deliveries that a copy of Temporal knows, by their ids: those that run, and those that have ended."""

    running: Collection[str]
    ended: Collection[str]


@dataclass(frozen=True, slots=True)
class Rewound:
    """`entries` of the inbox are handed on again; deliveries that `begin_again`, and that run again, though they had ended."""

    entries: int
    begin_again: tuple[str, ...]
    run_again: tuple[str, ...]


async def rewind(database: Database, known: Known, since: Instant) -> Rewound:
    """Rewinds the store to a Temporal that was copied from `since` on. For a store that nobody else uses."""
    async with database.writing() as connection:
        entries = await _hand_on_again(connection, since)
        rows = [row for row in await _newest(connection, since) if not _is_of_earlier(row, known, since)]
        running = [row for row in rows if row["delivery_id"] in known.running]
        lost = [row for row in rows if row["delivery_id"] not in known.running and row["finished_at"] is None]
        await _go_back(connection, running, since)
        await _begin_again(connection, lost, since)
        await _take_up_again(connection, since)
    ended = tuple(row["delivery_id"] for row in running if row["finished_at"] is not None)
    return Rewound(entries, tuple(row["delivery_id"] for row in lost), ended)


async def _hand_on_again(connection: AsyncConnection, since: Instant) -> int:
    """A row's time is that after it was handed on: what was handed on after the copy has a later one."""
    again = await connection.execute(update(inbox).where(inbox.c.handed_at >= since).values(handed_at=None, note=None))
    await connection.execute(update(inbox).where(inbox.c.handed_at.is_(None)).values(claimed_until=None))
    return int(again.rowcount)


async def _newest(connection: AsyncConnection, since: Instant) -> list[RowMapping]:
    """The last lives of deliveries that were open when Temporal was copied, or began afterwards."""
    newest = _NEWEST.subquery()
    columns = ("delivery_id", "generation", "order", "started_at", "finished_at")
    query: Select[Any] = select(*(deliveries.c[name] for name in columns)).join(
        newest, (newest.c.delivery_id == deliveries.c.delivery_id) & (newest.c.generation == deliveries.c.generation)
    )
    was_open = or_(deliveries.c.finished_at.is_(None), deliveries.c.finished_at >= since - COMMITS_WITHIN)
    return list((await connection.execute(query.where(was_open).order_by(deliveries.c.delivery_id))).mappings())


def _is_of_earlier(row: RowMapping, known: Known, since: Instant) -> bool:
    """Whether Temporal does not run it for another reason than that it is older: somebody terminated the workflow before."""
    if row["delivery_id"] in known.running:
        return False
    return bool(row["started_at"] < since - COMMITS_WITHIN) or (row["generation"] == 1 and row["delivery_id"] in known.ended)


async def _go_back(connection: AsyncConnection, rows: Iterable[RowMapping], since: Instant) -> None:
    """Copies of what runs: the workflow, which counts its writes, has written fewer."""
    lives = _lives(rows)
    ended = _lives(row for row in rows if row["finished_at"] is not None)
    ids = [{"this": life["this"], "since": since} for life in lives]
    for statement, values in ((_GIVES_WAY, lives), (_OPEN_AGAIN, ended), (_NOT_YET_OPEN, ids), (_STILL_OPEN, ids)):
        await _each(connection, statement, values)


async def _begin_again(connection: AsyncConnection, rows: Collection[RowMapping], since: Instant) -> None:
    """Their copies go, so that they begin in the same generation: the ledger then knows what was done for them.

    Their orders come into the inbox before all else that is there for them.
    """
    await _each(connection, _TAKE_OUT, _lives(rows))
    await _each(connection, _TAKE_OUT_INCIDENTS, _lives(rows))
    await _each(connection, _TAKE_OUT_NUMBERS, [{"this": row["delivery_id"]} for row in rows if row["generation"] == 1])
    waits = select(inbox.c.delivery_id).where(inbox.c["update"] == START, inbox.c.handed_at.is_(None))
    ordered = set((await connection.execute(waits)).scalars())
    lowest = (await connection.execute(select(func.min(inbox.c.entry)))).scalar_one_or_none() or 1
    missing = [row for row in rows if row["delivery_id"] not in ordered]
    arrivals = [_order_again(row, entry, since) for row, entry in zip(missing, itertools.count(lowest - 1, -1), strict=False)]
    await _each(connection, insert(inbox), arrivals)


def _order_again(row: RowMapping, entry: int, since: Instant) -> Mapping[str, Any]:
    return {
        "entry": entry,
        "source": SOURCE,
        "message_id": f"{row['delivery_id']}-{row['generation']}-{since}",
        "delivery_id": row["delivery_id"],
        "update": START,
        "request": row["order"],
        "event": {},
        "received_at": since,
    }


async def _take_up_again(connection: AsyncConnection, since: Instant) -> None:
    """Disruptions whose workflow began after the copy."""
    this = (disruptions.c.taken_up_at >= since - COMMITS_WITHIN) & disruptions.c.wound_up_at.is_(None)
    await connection.execute(update(disruptions).where(this).values(taken_up_at=None))


async def _each(connection: AsyncConnection, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        await connection.execute(statement, values)


def _lives(rows: Iterable[RowMapping]) -> list[dict[str, Any]]:
    return [{"this": row["delivery_id"], "life": row["generation"]} for row in rows]
