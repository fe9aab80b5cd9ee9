"""Doing an effect once: claim it in the ledger, do it, close it. Every action that changes something outside goes through here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from temporalio.exceptions import ApplicationError

from activities.measuring import doubted, ended, traced
from domain.actions import ActionRequest, Outcome
from domain.instant import SECOND, Instant, Span

LASTS: Span = 20 * SECOND
"""How long a claim stands: longer than one try of an activity, which is longer than any client's total timeout."""

Clock = Callable[[], Instant]

IN_FLIGHT = "InFlight"
"""The type of the failure while an earlier try, perhaps of a worker that died, holds the claim."""


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


JointDeed = Callable[[Mapping[str, Claim]], Awaitable[Mapping[str, Ended]]]
"""Does several effects at once, by key: claims in, how each of them ended out."""

UNDER_WAY = "an earlier try may still be under way; it is waited for"


class Asked(Protocol):
    """What an effect is done for."""

    @property
    def key(self) -> str: ...
    @property
    def delivery_id(self) -> str: ...
    @property
    def incident_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class About:
    """Which effect is counted and logged: `notify.sms`, for an incident."""

    action: str
    incident_id: str


class Effects:
    """Does effects once. Raises ApplicationErrors that Temporal retries; a final failure is an `Ended` like any other."""

    def __init__(self, ledger: Ledger, clock: Clock, lasts: Span = LASTS) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lasts = lasts

    async def once(self, request: Asked, action: str, deed: Deed, key: str | None = None) -> Ended:
        """Does the effect `key` (the request's by default), or answers how it ended when it was done before."""
        claim = await self._claim(action, request, key)
        if claim.outcome is not None:
            return _ended(claim)
        key = key or request.key
        if not claim.may_act:
            raise tried_again(UNDER_WAY, IN_FLIGHT, claim.deadline - self._clock())
        return await self._done(key, claim, deed, About(action, request.incident_id))

    async def several(self, wanted: Sequence[tuple[str, ActionRequest]], deed: JointDeed) -> Mapping[str, Ended]:
        """Does several effects, each an action and its request, by one deed; how each ended, by key. Those that were done before
        keep their end. While one of them may be under way elsewhere, none is done."""
        first = {request.key: (action, request) for action, request in reversed(wanted)}
        claims = {key: await self._claim(action, request) for key, (action, request) in sorted(first.items())}
        kept = {key: _ended(claim) for key, claim in claims.items() if claim.outcome is not None}
        free = {key: claim for key, claim in claims.items() if key not in kept and claim.may_act}
        if busy := [claim for key, claim in claims.items() if key not in kept and key not in free]:
            for key, claim in free.items():
                await self._ledger.release(key, claim.attempt, "another effect of the same deed is under way")
            raise tried_again(UNDER_WAY, IN_FLIGHT, max(claim.deadline for claim in busy) - self._clock())
        about = {key: About(action, request.incident_id) for key, (action, request) in first.items()}
        return kept | (await self._jointly(free, deed, about) if free else {})

    async def _jointly(self, claims: Mapping[str, Claim], deed: JointDeed, about: Mapping[str, About]) -> dict[str, Ended]:
        try:
            ends = await deed(claims)
        except NotDoneError as error:
            for key, claim in claims.items():
                await self._give_back(key, claim, error, about[key])
            raise tried_again(error.reason, "Unreachable", error.after) from error
        except Exception as error:
            for key, claim in claims.items():
                await self._doubt(key, claim, type(error).__name__, about[key])
            raise
        for key, claim in claims.items():
            await self._close(key, claim, ends[key], about[key])
        return dict(ends)

    async def _claim(self, action: str, request: Asked, key: str | None = None) -> Claim:
        now = self._clock()
        about = {"action": action, "delivery_id": request.delivery_id, "incident_id": request.incident_id}
        return await self._ledger.claim(key or request.key, **about, deadline=now + self._lasts, now=now)

    async def _close(self, key: str, claim: Claim, end: Ended, about: About) -> None:
        await self._ledger.close(
            key,
            claim.attempt,
            end.outcome,
            now=self._clock(),
            provider_ref=end.provider_ref,
            note=end.note or None,
            detail=end.detail,
        )
        ended(about.action, about.incident_id, end.outcome)

    async def _done(self, key: str, claim: Claim, deed: Deed, about: About) -> Ended:
        try:
            with traced(about.action, claim.attempt):
                end = await deed(claim)
        except NotDoneError as error:
            await self._give_back(key, claim, error, about)
            raise tried_again(error.reason, "Unreachable", error.after) from error
        except Exception as error:
            await self._doubt(key, claim, type(error).__name__, about)
            raise
        await self._close(key, claim, end, about)
        return end

    async def _give_back(self, key: str, claim: Claim, error: NotDoneError, about: About) -> None:
        if error.in_doubt:
            await self._doubt(key, claim, error.reason, about)
        else:
            await self._ledger.release(key, claim.attempt, error.reason)

    async def _doubt(self, key: str, claim: Claim, reason: str, about: About) -> None:
        await self._ledger.doubt(key, claim.attempt, reason, now=self._clock())
        doubted(about.action, about.incident_id)


def _ended(claim: Claim) -> Ended:
    """How an effect that was done before has ended."""
    return Ended(claim.outcome or Outcome.FAILED, claim.note or "", claim.provider_ref, claim.detail)


def tried_again(reason: str, type: str, after: Span | None) -> ApplicationError:
    """A failure that Temporal retries, after at least a millisecond if a time is given."""
    delay = None if after is None else timedelta(milliseconds=max(1, after))
    return ApplicationError(reason, type=type, next_retry_delay=delay)
