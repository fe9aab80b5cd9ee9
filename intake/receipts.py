"""What became of messages: `POST /v1/twilio/status`, signed by Twilio.

Every report is kept with the effect that sent the message. That one did not arrive is told to its delivery through the inbox: once,
however often it is reported, also when Temporal was away, and also before the worker has closed the effect, whose key stands in the
address to which Twilio reports.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import Response

from domain.arrival import Arrival
from domain.instant import Instant, iso
from intake.problems import RefusedRequestError, not_kept, problem
from intake.taking import Taking
from intake.twilio import Signed, field_of
from integrations.messaging.failures import OPTED_OUT, status_reason
from store.errors import StoreError
from store.receipts import Receipt, Receipts

SOURCE = "receipts"
NOT_ARRIVED = ("undelivered", "failed")
LONGEST_KEY = 400
GROUPS = "disruption"
"""How the keys of effects begin that a group did, which belong to no single delivery."""


class OptOuts(Protocol):
    """Keeps who wants no messages."""

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None: ...


async def tell(taking: Taking, receipt: Receipt, reason: str) -> None:
    """Tells a delivery of a message that did not arrive, once. Raises StoreError."""
    delivery_id = receipt.key.partition("/")[0]
    if delivery_id != GROUPS:
        await taking.take(SOURCE, receipt.reference, [Arrival(delivery_id, event_of(receipt, reason))], receipt.at)


def event_of(receipt: Receipt, reason: str) -> dict[str, Any]:
    """That a message did not arrive, as it is reported to a delivery; its id is the same each time."""
    message, _, channel = receipt.key.rpartition("/")
    detail = {"message": message, "channel": channel, "reason": reason} | ({"code": receipt.code} if receipt.code else {})
    return {
        "event_id": f"{receipt.reference}-undelivered",
        "kind": "undelivered",
        "occurred_at": iso(receipt.at),
        "recorded_at": iso(receipt.at),
        "source": "doorstep",
        "by": "system",
        "detail": detail,
    }


class StatusDoor:
    """Takes Twilio's reports."""

    def __init__(
        self, signed: Signed, receipts: Receipts, taking: Taking, opt_outs: OptOuts, clock: Callable[[], Instant]
    ) -> None:
        self._signed = signed
        self._receipts = receipts
        self._taking = taking
        self._opt_outs = opt_outs
        self._clock = clock

    async def reported(self, request: Request) -> Response:
        """Takes one report."""
        try:
            form = await self._signed.form(request)
            await self._keep(form, await self._key(request, form))
        except RefusedRequestError as refused:
            return problem(refused)
        except StoreError:
            return not_kept("the report")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _key(self, request: Request, form: Mapping[str, str]) -> str | None:
        """The effect that sent the message, as the address says, or the ledger; None for a message that is not ours."""
        key = request.query_params.get("effect") or await self._receipts.key_of(field_of(form, "MessageSid"))
        return key if key is not None and key.count("/") >= 2 and len(key) <= LONGEST_KEY else None

    async def _keep(self, form: Mapping[str, str], key: str | None) -> None:
        status, code, now = field_of(form, "MessageStatus"), _code(form), self._clock()
        if key is None:
            return
        receipt = Receipt(key, field_of(form, "MessageSid"), status, code, now)
        await self._receipts.note(receipt)
        if code == OPTED_OUT and (number := form.get("To")):
            await self._opt_outs.opt_out(key.rpartition("/")[2], number, because="the provider says so", now=now)
        if status in NOT_ARRIVED:
            await tell(self._taking, receipt, status_reason(code))


def _code(form: Mapping[str, str]) -> int | None:
    text = form.get("ErrorCode", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 6 else None
