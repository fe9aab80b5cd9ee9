"""The built-in desk. One ticket per incident: a second draft for it is a comment, may raise the priority, and may move it to another queue.
The next episode of the same rule reopens the ticket of the last one, which from then on is the new incident's.

Every write carries the key of its effect and leaves a comment under that key, which is unique. The same write again, also
by a process that died before it could say so, finds its comment and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.instant import Instant
from domain.ticket import Filed, TicketDraft, TicketNews, TicketNote, more_urgent
from store.database import Database
from store.tables import ticket_comments, tickets
from store.words import TicketStatus

AUTHOR = "doorstep"


@dataclass(frozen=True, slots=True)
class Comment:
    """What was added to a ticket."""

    author: str
    body: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as a board shows it."""

    ticket_id: int
    external_id: str
    delivery_id: str
    queue: str
    priority: str
    status: TicketStatus
    title: str
    body: str
    created_at: Instant
    updated_at: Instant
    solved_at: Instant | None


class Desk:
    """Tickets that people work on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, draft: TicketDraft, *, key: str, now: Instant, in_doubt: bool = False) -> Filed:
        """Opens the incident's ticket; if there is one, comments on it, raises its priority, moves it and reopens it if it was solved."""
        async with self._database.writing() as connection:
            await _taken_over(connection, draft)
            is_new = await self._insert(connection, draft, now)
            row = await _locked(connection, draft.external_id)
            assert row is not None
            moved_from = None if row["queue"] == draft.queue else str(row["queue"])
            body = "Opened." if is_new else _said(draft, moved_from)
            if await self._comment(connection, row, key, AUTHOR, body, now) and not is_new:
                await _update(connection, row, draft, now)
            return Filed(str(row["ticket_id"]), draft.queue, _news(row["status"], is_new), moved_from)

    async def update(self, note: TicketNote, *, key: str, now: Instant, in_doubt: bool = False) -> Filed | None:
        """Comments on the incident's ticket and may raise its priority; one that is solved stays so. None if it has none."""
        async with self._database.writing() as connection:
            row = await _locked(connection, note.external_id)
            if row is None:
                return None
            priority = more_urgent(row["priority"], note.priority or row["priority"])
            if await self._comment(connection, row, key, AUTHOR, note.text, now):
                values = {"priority": priority, "updated_at": now}
                await connection.execute(update(tickets).where(tickets.c.ticket_id == row["ticket_id"]).values(**values))
            return Filed(str(row["ticket_id"]), row["queue"], TicketNews.UPDATED)

    async def solve(self, external_id: str, note: str, *, key: str, now: Instant, in_doubt: bool = False) -> Filed | None:
        """Solves the incident's ticket; None if it has none. One that a person solved already stays as it is."""
        async with self._database.writing() as connection:
            row = await _locked(connection, external_id)
            if row is None:
                return None
            solved = {"status": TicketStatus.SOLVED, "solved_at": row["solved_at"] or now, "updated_at": now}
            if await self._comment(connection, row, key, AUTHOR, note or "Solved.", now):
                await connection.execute(update(tickets).where(tickets.c.ticket_id == row["ticket_id"]).values(**solved))
            return Filed(str(row["ticket_id"]), row["queue"], TicketNews.SOLVED)

    async def comment(self, ticket_id: int, author: str, body: str, now: Instant) -> bool:
        """Adds what a person writes; reopens a solved ticket. False if there is no such ticket."""
        async with self._database.writing() as connection:
            external_id = select(tickets.c.external_id).where(tickets.c.ticket_id == ticket_id)
            row = await _locked(connection, (await connection.execute(external_id)).scalar() or "")
            if row is None:
                return False
            await self._comment(connection, row, None, author, body, now)
            await connection.execute(update(tickets).where(tickets.c.ticket_id == ticket_id).values(**_touched(row, now)))
            return True

    async def tickets(
        self, *, queue: str | None = None, status: TicketStatus | None = None, delivery_id: str | None = None, limit: int = 200
    ) -> Sequence[Ticket]:
        """The tickets that were changed last, newest first."""
        wanted = {tickets.c.queue: queue, tickets.c.status: status, tickets.c.delivery_id: delivery_id}
        matching = [column == value for column, value in wanted.items() if value is not None]
        newest = select(tickets).where(*matching).order_by(tickets.c.updated_at.desc(), tickets.c.ticket_id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [Ticket(**row) for row in (await connection.execute(newest)).mappings()]

    async def comments(self, ticket_id: int) -> Sequence[Comment]:
        """The comments of a ticket, oldest first."""
        columns = (ticket_comments.c.author, ticket_comments.c.body, ticket_comments.c.created_at)
        written = select(*columns).where(ticket_comments.c.ticket_id == ticket_id).order_by(ticket_comments.c.comment_id)
        async with self._database.reading() as connection:
            return [Comment(**row) for row in (await connection.execute(written)).mappings()]

    async def _insert(self, connection: AsyncConnection, draft: TicketDraft, now: Instant) -> bool:
        """Whether the ticket is new; two who open it at once make one."""
        asked = {"queue": draft.queue, "priority": draft.priority, "title": draft.title, "body": draft.body}
        about = {"external_id": draft.external_id, "delivery_id": draft.delivery_id}
        fresh = {**about, **asked, "status": TicketStatus.OPEN, "created_at": now, "updated_at": now}
        row = self._database.insert(tickets).values(fresh).on_conflict_do_nothing(index_elements=["external_id"])
        return (await connection.execute(row)).rowcount == 1

    async def _comment(
        self, connection: AsyncConnection, ticket: RowMapping, key: str | None, author: str, body: str, now: Instant
    ) -> bool:
        """Whether it was written: not if it was before, under the same key."""
        said = {"ticket_id": ticket["ticket_id"], "author": author, "body": body, "effect_key": key, "created_at": now}
        row = self._database.insert(ticket_comments).values(said).on_conflict_do_nothing(index_elements=["effect_key"])
        return (await connection.execute(row)).rowcount == 1


async def _locked(connection: AsyncConnection, external_id: str) -> RowMapping | None:
    """The ticket, which nobody else changes until this transaction ends."""
    found = select(tickets).where(tickets.c.external_id == external_id).with_for_update()
    return (await connection.execute(found)).mappings().one_or_none()


async def _taken_over(connection: AsyncConnection, draft: TicketDraft) -> None:
    """Gives the ticket of the latest earlier episode that has one to this incident, unless this has a ticket already."""
    if not draft.earlier or await _locked(connection, draft.external_id) is not None:
        return
    for earlier in draft.earlier:
        own = update(tickets).where(tickets.c.external_id == earlier).values(external_id=draft.external_id)
        if (await connection.execute(own)).rowcount:
            return


async def _update(connection: AsyncConnection, ticket: RowMapping, draft: TicketDraft, now: Instant) -> None:
    priority = more_urgent(ticket["priority"], draft.priority)
    values = {**_touched(ticket, now), "priority": priority, "queue": draft.queue}
    await connection.execute(update(tickets).where(tickets.c.ticket_id == ticket["ticket_id"]).values(**values))


def _said(draft: TicketDraft, moved_from: str | None) -> str:
    """The comment of a second draft; who has the ticket now is what the others want to know first."""
    moved = f"Moved from {moved_from} to {draft.queue}.\n\n" if moved_from else ""
    return f"{moved}{draft.title}\n\n{draft.body}"


def _touched(ticket: RowMapping, now: Instant) -> dict[str, object]:
    if ticket["status"] is not TicketStatus.SOLVED:
        return {"updated_at": now}
    return {"updated_at": now, "status": TicketStatus.REOPENED, "solved_at": None}


def _news(status: TicketStatus, is_new: bool) -> TicketNews:
    if is_new:
        return TicketNews.OPENED
    return TicketNews.REOPENED if status is TicketStatus.SOLVED else TicketNews.UPDATED
