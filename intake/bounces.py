"""Mails that came back: `POST /v1/mail/bounces`, one mail as it is (message/rfc822), with a bearer key.

A mail server pipes what comes to the address for bounces here. Which of our mails it was is known by its Message-ID, in the headers
that came back with it, or by the address to which it came back. 202 means that it was taken, or will never be.
"""

from collections.abc import Callable
from email.utils import parseaddr
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from domain.instant import Instant
from intake.keys import Keys
from intake.problems import RefusedRequestError, body_of, not_kept, problem
from intake.receipts import tell
from intake.taking import Taking
from integrations.messaging.bounces import COMPLAINT, FAILED, Bounce, read_bounce
from integrations.messaging.mail import message_id, message_id_of
from store.errors import StoreError
from store.receipts import Receipt, Receipts

LONGEST = 2 * 1024 * 1024
"""Bytes of a mail: the one that came back may be in it whole."""

NOT_A_BOUNCE = "it tells of no mail that came back"
NOT_OURS = "it names no mail of ours"
NOT_THE_END = "the mail may still arrive, or has arrived"


class OptOuts(Protocol):
    """Keeps who wants no messages."""

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None: ...


class BounceDoor:
    """Takes mails that came back. `sender` is the From of our mails."""

    def __init__(
        self, keys: Keys, sender: str, receipts: Receipts, taking: Taking, opt_outs: OptOuts, clock: Callable[[], Instant]
    ) -> None:
        self._keys = keys
        self._sender = sender
        self._receipts = receipts
        self._taking = taking
        self._opt_outs = opt_outs
        self._clock = clock

    async def came_back(self, request: Request) -> Response:
        """Takes one mail."""
        try:
            self._keys.check(request.headers)
            bounce = read_bounce(await body_of(request, LONGEST, "message/rfc822"))
            return JSONResponse(await self._taken(bounce), HTTPStatus.ACCEPTED)
        except RefusedRequestError as refused:
            return problem(refused)
        except StoreError:
            return not_kept("the mail")

    async def _taken(self, bounce: Bounce | None) -> dict[str, Any]:
        if bounce is None:
            return {"taken": False, "because": NOT_A_BOUNCE}
        reference = bounce.message_id or (message_id_of(bounce.returned_to, self._sender) if bounce.returned_to else "")
        key = await self._key(bounce, reference)
        if key is None:
            return {"taken": False, "because": NOT_OURS}
        now = self._clock()
        if bounce.what == COMPLAINT:
            return await self._complained(bounce, now)
        if bounce.what != FAILED:
            if bounce.what == "delivered":
                await self._receipts.note(Receipt(key, reference, "delivered", None, now))
            return {"taken": False, "because": NOT_THE_END}
        receipt = Receipt(key, reference, "undelivered", None, now)
        await self._receipts.note(receipt)
        await tell(self._taking, receipt, bounce.reason)
        return {"taken": True}

    async def _key(self, bounce: Bounce, reference: str) -> str | None:
        """The effect that sent the mail: as the ledger says or, while it is not closed there, as the mail itself says, if that fits."""
        if not reference:
            return None
        if key := await self._receipts.key_of(reference):
            return key
        is_own = bool(bounce.effect) and message_id(bounce.effect, self._sender) == reference
        return bounce.effect if is_own and await self._receipts.is_ours(bounce.effect) else None

    async def _complained(self, bounce: Bounce, now: Instant) -> dict[str, Any]:
        address = parseaddr(bounce.recipient)[1]
        if not address:
            return {"taken": False, "because": NOT_OURS}
        await self._opt_outs.opt_out("email", address, because="complained about a mail", now=now)
        return {"taken": True}
