"""Doing an effect once: claim it in the ledger, do it, close it. Every action that changes something outside goes through here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from temporalio.exceptions import ApplicationError

from domain.actions import ActionRequest, Outcome
from domain.instant import SECOND, Instant, Span

LASTS: Span = 20 * SECOND
"""How long a claim stands: longer than one try of an activity, which is longer than any client's total timeout."""

Clock = Callable[[], Instant]


class Claim(Protocol):
    """What the ledger answers to a claim. With an `outcome` the effect has ended; else it may be done if `may_act`."""

    @property
    def standing(self) -> str:
        """granted, closed, in_flight or in_doubt."""
        ...

    @property
    def may_act(self) -> bool: ...
    @property
    def attempt(self) -> int: ...
    @property
    def since(self) -> Instant: ...
    @property
    def deadline(self) -> Instant: ...
    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def note(self) -> str | None: ...
    @property
    def provider_ref(self) -> str | None: ...
    @property
    def detail(self) -> Mapping[str, Any] | None: ...


class Ledger(Protocol):
    """What doing an effect once needs of the store."""

    async def claim(
        self, key: str, *, action: str, delivery_id: str, incident_id: str, deadline: Instant, now: Instant
    ) -> Claim: ...

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
    ) -> None: ...

    async def release(self, key: str, attempt: int, error: str) -> None: ...

    async def doubt(self, key: str, attempt: int, error: str, *, now: Instant) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How an effect ended. `provider_ref` and `detail` (JSON) are kept in the ledger and are there again on a retry."""

    outcome: Outcome
    note: str = ""
    provider_ref: str | None = None
    detail: Mapping[str, Any] | None = None


class NotDoneError(Exception):
    """Raised by a deed that may be tried again, `after` a while if that is known; `in_doubt` if it may have happened all the same."""

    def __init__(self, reason: str, after: Span | None = None, in_doubt: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.in_doubt = in_doubt


Deed = Callable[[Claim], Awaitable[Ended]]
"""Does the effect. For a claim that is in doubt it first asks whether the effect was done."""


class Effects:
    """Does effects once. Raises ApplicationErrors that Temporal retries; a final failure is an `Ended` like any other."""

    def __init__(self, ledger: Ledger, clock: Clock, lasts: Span = LASTS) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lasts = lasts

    async def once(self, request: ActionRequest, action: str, deed: Deed, key: str | None = None) -> Ended:
        """Does the effect `key` (the request's by default), or answers how it ended when it was done before."""
        key, now = key or request.key, self._clock()
        claim = await self._ledger.claim(
            key,
            action=action,
            delivery_id=request.delivery_id,
            incident_id=request.incident_id,
            deadline=now + self._lasts,
            now=now,
        )
        if claim.outcome is not None:
            return Ended(claim.outcome, claim.note or "", claim.provider_ref, claim.detail)
        if not claim.may_act:
            raise tried_again("an earlier try may still be under way; it is waited for", "InFlight", claim.deadline - now)
        return await self._done(key, claim, deed)

    async def _done(self, key: str, claim: Claim, deed: Deed) -> Ended:
        try:
            ended = await deed(claim)
        except NotDoneError as error:
            await self._give_back(key, claim, error)
            raise tried_again(error.reason, "Unreachable", error.after) from error
        except Exception as error:
            await self._ledger.doubt(key, claim.attempt, type(error).__name__, now=self._clock())
            raise
        await self._ledger.close(
            key,
            claim.attempt,
            ended.outcome,
            now=self._clock(),
            provider_ref=ended.provider_ref,
            note=ended.note or None,
            detail=ended.detail,
        )
        return ended

    async def _give_back(self, key: str, claim: Claim, error: NotDoneError) -> None:
        if error.in_doubt:
            await self._ledger.doubt(key, claim.attempt, error.reason, now=self._clock())
        else:
            await self._ledger.release(key, claim.attempt, error.reason)


def tried_again(reason: str, type: str, after: Span | None) -> ApplicationError:
    """A failure that Temporal retries, after at least a millisecond if a time is given."""
    delay = None if after is None else timedelta(milliseconds=max(1, after))
    return ApplicationError(reason, type=type, next_retry_delay=delay)
