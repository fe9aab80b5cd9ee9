"""Which deliveries a customer's number speaks of, and by which code each is named. Numbers are personal data."""

from collections.abc import Collection
from itertools import product
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversation import Conversation, Question
from domain.instant import Instant
from store.database import Database
from store.tables import conversations, deliveries

CODES = tuple(letter + digit for digit, letter in product("23456789", "ABCDEFHKMNPRTX"))
"""Without what is easily mistaken for something else; with a digit, since a reply in words may begin with any letter."""

KEY = ("number", "delivery_id")


class Conversations:
    """The conversations table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def written(
        self, number: str, delivery_id: str, *, language: str, timezone: str, now: Instant, question: Question | None = None
    ) -> Conversation:
        """Notes that a customer is about to be told something, or asked; the same question again gets the same answer.

        The code is shown if the number has other deliveries that have not ended, and from then on.
        """
        async with self._database.writing() as connection:
            await self._database.take_turns(connection, f"conversations {number}")
            known = await self._of(connection, number)
            mine = next((one for one in known if one.delivery_id == delivery_id), None)
            if mine is not None and (question is None or (mine.question is not None and mine.question.key == question.key)):
                return mine
            others = [one for one in known if one.delivery_id != delivery_id and not one.is_over]
            code = mine.code if mine is not None else _free({one.code for one in others})
            is_shown = bool(others) or (mine is not None and mine.is_shown)
            told = Conversation(number, delivery_id, code, is_shown, language, timezone, question)
            await connection.execute(self._put(_columns(told, now)))
            return told

    async def of_number(self, number: str) -> tuple[Conversation, ...]:
        """The conversations with a number, the latest first."""
        async with self._database.reading() as connection:
            return await self._of(connection, number)

    async def _of(self, connection: AsyncConnection, number: str) -> tuple[Conversation, ...]:
        rows = (await connection.execute(_WITH_ENDS.where(conversations.c.number == number))).mappings()
        return tuple(_conversation(row) for row in rows)

    def _put(self, columns: dict[str, Any]) -> Any:
        row = self._database.insert(conversations).values(columns)
        changed = {name: value for name, value in columns.items() if name not in KEY}
        return row.on_conflict_do_update(index_elements=list(KEY), set_=changed)


def _with_ends() -> Select[Any]:
    """Each conversation with whether the delivery's latest life has ended."""
    newest = select(deliveries.c.delivery_id, func.max(deliveries.c.generation).label("generation"))
    last = newest.group_by(deliveries.c.delivery_id).subquery()
    this = (deliveries.c.delivery_id == last.c.delivery_id) & (deliveries.c.generation == last.c.generation)
    known = conversations.outerjoin(last, last.c.delivery_id == conversations.c.delivery_id).outerjoin(deliveries, this)
    query = select(conversations, deliveries.c.finished_at).select_from(known)
    return query.order_by(conversations.c.written_at.desc(), conversations.c.delivery_id)


_WITH_ENDS = _with_ends()


def _free(taken: Collection[str]) -> str:
    """A code that no other delivery of the number has. Who has more than there are codes shares the first."""
    return next((code for code in CODES if code not in taken), CODES[0])


def _columns(told: Conversation, now: Instant) -> dict[str, Any]:
    asked = told.question
    return {
        "number": told.number,
        "delivery_id": told.delivery_id,
        "code": told.code,
        "is_shown": told.is_shown,
        "language": told.language,
        "timezone": told.timezone,
        "written_at": now,
        "question": asked.key if asked else None,
        "answers": list(asked.answers) if asked else None,
        "until": asked.until if asked else None,
    }


def _conversation(row: RowMapping) -> Conversation:
    asked = Question(row["question"], tuple(row["answers"] or ()), row["until"]) if row["question"] else None
    same = {name: row[name] for name in ("number", "delivery_id", "code", "is_shown", "language", "timezone")}
    return Conversation(**same, question=asked, is_over=row["finished_at"] is not None)
