"""Groups: which deliveries share a place and have a rule true, since when, and the disruption that is open on them.

Joining and leaving are one transaction each, which locks the row of the group; the one that crosses the threshold opens or closes
the disruption, whose workflow has then to be told.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.guards import Answer, Leading, Question, is_together, together_note
from domain.instant import Instant
from store.database import Database
from store.tables import disruptions, groups, members


class Groups:
    """The tables groups and members, and the disruptions of groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        """Makes a delivery a member, once, and says whether the group has come together. Who has left leads no more."""
        async with self._database.writing() as connection:
            group = await self._locked(connection, question)
            row = {**_key(question), "delivery_id": delivery_id, "since": at, "left_at": None}
            joins = self._database.insert(members).values(row)
            again = {"since": at, "left_at": None}
            await connection.execute(
                joins.on_conflict_do_update(
                    index_elements=["rule", "place", "delivery_id"], set_=again, where=members.c.left_at.is_not(None)
                )
            )
            count, lately = await _counted(connection, question, at)
            leading = await self._led(connection, question, group, delivery_id, (count, lately), at)
        note = together_note(lately, question)
        return Answer(question, leading is not None, note, "" if leading is None else str(leading))

    async def leave(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        """Takes a delivery out of its group; the last that was needed closes the disruption."""
        async with self._database.writing() as connection:
            group = await self._locked(connection, question)
            mine = _is_of(question) & (members.c.delivery_id == delivery_id) & members.c.left_at.is_(None)
            await connection.execute(update(members).where(mine).values(left_at=at))
            count, _ = await _counted(connection, question, at)
            if group["disruption_id"] is not None and not is_together(True, count, 0, group["at_least"]):
                ended = update(disruptions).where(disruptions.c.disruption_id == group["disruption_id"])
                await connection.execute(ended.values(closed_at=at))
                await _write(connection, question, disruption_id=None, leader=None)
        return Answer(question, True, "left")

    async def _locked(self, connection: AsyncConnection, question: Question) -> Mapping[str, Any]:
        """The row of the group, which nobody else changes before the transaction ends."""
        row = self._database.insert(groups).values({**_key(question), "at_least": question.at_least})
        kept = {"at_least": question.at_least} if question.at_least else {"at_least": groups.c.at_least}
        await connection.execute(row.on_conflict_do_update(index_elements=["rule", "place"], set_=kept))
        return dict((await connection.execute(select(groups).where(_is_group(question)))).mappings().one())

    async def _led(
        self,
        connection: AsyncConnection,
        question: Question,
        group: Mapping[str, Any],
        delivery_id: str,
        count: tuple[int, int],
        at: Instant,
    ) -> Leading | None:
        """The open disruption after a delivery joined, and who leads it."""
        number, leader = group["disruption_id"], group["leader"]
        if not is_together(number is not None, *count, question.at_least):
            return None
        if number is None:
            number, leader = await self._opened(connection, question, at), delivery_id
            await _write(connection, question, disruption_id=number, leader=leader)
        elif not await _is_member(connection, question, leader):
            leader = delivery_id
            await _write(connection, question, leader=leader)
        return Leading(number, leader)

    async def _opened(self, connection: AsyncConnection, question: Question, at: Instant) -> int:
        scope, _, key = question.subject.partition(":")
        row = {"scope": scope, "key": key, "kind": question.detail.rpartition("/")[2], "opened_at": at}
        told = {"declared_by": f"rule {question.detail}", "rule": question.detail, "acted_on": question.instead}
        opens = self._database.insert(disruptions).values(row | told)
        return int((await connection.execute(opens.returning(disruptions.c.disruption_id))).scalar_one())


async def _counted(connection: AsyncConnection, question: Question, at: Instant) -> tuple[int, int]:
    """How many members there are, and how many of them joined within the span (0: however long ago)."""
    present = select(func.count()).where(_is_of(question), members.c.left_at.is_(None))
    everyone = int((await connection.execute(present)).scalar_one())
    if not question.span:
        return everyone, everyone
    lately = present.where(members.c.since >= at - question.span)
    return everyone, int((await connection.execute(lately)).scalar_one())


async def _is_member(connection: AsyncConnection, question: Question, delivery_id: str) -> bool:
    asked = select(func.count()).where(_is_of(question), members.c.delivery_id == delivery_id, members.c.left_at.is_(None))
    return bool((await connection.execute(asked)).scalar_one())


async def _write(connection: AsyncConnection, question: Question, **values: Any) -> None:
    await connection.execute(update(groups).where(_is_group(question)).values(**values))


def _key(question: Question) -> dict[str, str]:
    return {"rule": question.detail, "place": question.subject}


def _is_group(question: Question) -> ColumnElement[bool]:
    return and_(groups.c.rule == question.detail, groups.c.place == question.subject)


def _is_of(question: Question) -> ColumnElement[bool]:
    return and_(members.c.rule == question.detail, members.c.place == question.subject)
