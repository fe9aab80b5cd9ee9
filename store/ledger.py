"""The effect ledger: an effect is claimed before it is done and closed after, so that it happens once.

    (nothing) --claim--> claimed --close--> closed
                         claimed --release--> released --claim--> claimed     certainly nothing was done
                         claimed --deadline passed, claim--> claimed          in doubt: reconcile with the provider first

Every claim has a number, its attempt; only the latest one may write. See decision 7 in docs/design.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.actions import Outcome
from domain.instant import Instant
from store.database import Database
from store.errors import ClaimLostError
from store.tables import effects
from store.words import EffectState

GIVEN_UP = (Outcome.NO_HELP, Outcome.FAILED)
"""How an effect ends that is given up."""


class Standing(StrEnum):
    """What a claim was answered."""

    GRANTED = "granted"
    CLOSED = "closed"
    IN_FLIGHT = "in_flight"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Claim:
    """How an effect stands after a claim.

    GRANTED   do it, as attempt `attempt`, before `deadline`; then close or release it.
    IN_DOUBT  as GRANTED, but an earlier claim, at `since`, was never closed: ask the provider whether it was done, and
              do it only if not.
    IN_FLIGHT somebody else may be doing it until `deadline`.
    CLOSED    it has ended, with `outcome`, `note`, `provider_ref` and `detail`.
    """

    standing: Standing
    key: str
    attempt: int
    since: Instant
    deadline: Instant
    outcome: Outcome | None = None
    note: str | None = None
    provider_ref: str | None = None
    detail: Mapping[str, Any] | None = None
    last_error: str | None = None

    @property
    def may_act(self) -> bool:
        return self.standing in (Standing.GRANTED, Standing.IN_DOUBT)


class Ledger:
    """The effects table, written by one rule: only the holder of the latest claim writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, key: str, *, action: str, delivery_id: str, incident_id: str, deadline: Instant, now: Instant) -> Claim:
        """Asks to do an effect until `deadline`, which has to be later than the client's own timeout. See Claim."""
        first = {"key": key, "action": action, "delivery_id": delivery_id, "incident_id": incident_id}
        async with self._database.writing() as connection:
            fresh = {**first, "state": EffectState.CLAIMED, "attempt": 1, "claimed_at": now, "deadline": deadline}
            inserted = await connection.execute(
                self._database.insert(effects).values(fresh).on_conflict_do_nothing(index_elements=["key"])
            )
            row = await _effect(connection, key)
            if inserted.rowcount == 1:
                return _claim(Standing.GRANTED, row)
            return await _claim_again(connection, row, deadline, now)

    async def close(
        self,
        key: str,
        attempt: int,
        outcome: Outcome,
        *,
        now: Instant,
        provider_ref: str | None = None,
        note: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Records how the effect ended. Closing the same attempt again changes nothing. Raises ClaimLostError.

        What was given up meanwhile (store.giving_up) has ended as this says.
        """
        ended = {"state": EffectState.CLOSED, "closed_at": now, "outcome": outcome, "note": note}
        noted = {"provider_ref": provider_ref, "detail": dict(detail) if detail is not None else None}
        given_up = (effects.c.state == EffectState.CLOSED) & effects.c.outcome.in_(GIVEN_UP)
        await self._write(key, attempt, {**ended, **_known(noted)}, also=given_up)

    async def release(self, key: str, attempt: int, error: str) -> None:
        """Certainly nothing was done: the next claim is granted at once. Raises ClaimLostError."""
        await self._write(key, attempt, {"state": EffectState.RELEASED, "last_error": error})

    async def doubt(self, key: str, attempt: int, error: str, *, now: Instant) -> None:
        """It may have been done: the next claim is in doubt at once, without waiting for the deadline. Raises ClaimLostError."""
        await self._write(key, attempt, {"deadline": now, "last_error": error})

    async def _write(self, key: str, attempt: int, values: Mapping[str, Any], also: ColumnElement[bool] | None = None) -> None:
        mine = (effects.c.key == key) & (effects.c.attempt == attempt)
        open_now = effects.c.state == EffectState.CLAIMED
        async with self._database.writing() as connection:
            written = await connection.execute(
                update(effects).where(mine, open_now if also is None else open_now | also).values(**values)
            )
            if written.rowcount == 0:
                await _refuse_unless_repeated(connection, key, attempt, values)


async def _claim_again(connection: AsyncConnection, row: RowMapping, deadline: Instant, now: Instant) -> Claim:
    """The answer for an effect that was claimed before. Taking it over compares the attempt, so that only one does."""
    if row["state"] is EffectState.CLOSED:
        return _claim(Standing.CLOSED, row)
    in_doubt = row["state"] is EffectState.CLAIMED
    if in_doubt and now < row["deadline"]:
        return _claim(Standing.IN_FLIGHT, row)
    anew = {"state": EffectState.CLAIMED, "attempt": row["attempt"] + 1, "deadline": deadline}
    since = {"claimed_at": row["claimed_at"] if in_doubt else now}
    unchanged = (effects.c.key == row["key"]) & (effects.c.attempt == row["attempt"]) & (effects.c.state == row["state"])
    won = (await connection.execute(update(effects).where(unchanged).values(**anew, **since))).rowcount == 1
    row = await _effect(connection, row["key"])
    if won:
        return _claim(Standing.IN_DOUBT if in_doubt else Standing.GRANTED, row)
    return _claim(Standing.CLOSED if row["state"] is EffectState.CLOSED else Standing.IN_FLIGHT, row)


async def _refuse_unless_repeated(connection: AsyncConnection, key: str, attempt: int, values: Mapping[str, Any]) -> None:
    """A writer that was not answered writes again: that is fine if its first try arrived."""
    row = (await connection.execute(select(effects).where(effects.c.key == key))).mappings().one_or_none()
    if row is None:
        raise ClaimLostError(f"effect {key} was never claimed; claim it first")
    if row["attempt"] != attempt or row["state"] is not values.get("state"):
        raise ClaimLostError(
            f"effect {key}: attempt {attempt} may not write, it is {row['state'].value} by attempt {row['attempt']}; claim it again"
        )


async def _effect(connection: AsyncConnection, key: str) -> RowMapping:
    return (await connection.execute(select(effects).where(effects.c.key == key))).mappings().one()


def _claim(standing: Standing, row: RowMapping) -> Claim:
    return Claim(
        standing=standing,
        key=row["key"],
        attempt=row["attempt"],
        since=row["claimed_at"],
        deadline=row["deadline"],
        outcome=row["outcome"],
        note=row["note"],
        provider_ref=row["provider_ref"],
        detail=row["detail"],
        last_error=row["last_error"],
    )


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
