"""Closes an effect within the transaction of its change.

An effect on our own tables needs no reconciling that way: after a crash either both were written or neither. And a
process that comes back to life after its claim was taken over changes nothing, for its whole transaction is undone.
"""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.effect import Ending
from store.errors import ClaimLostError
from store.tables import effects
from store.words import EffectState


async def write_ending(connection: AsyncConnection, ending: Ending) -> None:
    """Closes the effect. Raises ClaimLostError, and so undoes the transaction, if the claim is no longer the latest."""
    mine = (effects.c.key == ending.key) & (effects.c.attempt == ending.attempt)
    values = {"state": EffectState.CLOSED, "closed_at": ending.at, "outcome": ending.outcome, "note": ending.note}
    noted = {"provider_ref": ending.reference, "detail": dict(ending.detail)}
    closing = update(effects).where(mine, effects.c.state == EffectState.CLAIMED).values(**values, **noted)
    if (await connection.execute(closing)).rowcount != 1:
        raise ClaimLostError(
            f"effect {ending.key}: attempt {ending.attempt} may not write, it was closed or claimed anew; claim it again"
        )
