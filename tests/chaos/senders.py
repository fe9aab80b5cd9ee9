"""Senders: the order system and the carrier over gRPC, people over HTTP. Each sends again until it is told that it was taken."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from httpx import AsyncClient
from temporalio.service import RPCError, RPCStatusCode
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from cli.standins.twilio_standin import TwilioStandin
from domain.instant import DAY, Instant
from domain.links import Link, LinkKind, Signer
from tests.chaos.lives import Life, Sending, Told
from tests.chaos.parts import API_KEY, PUBLIC, SECRET
from tests.chaos.trying import until_answered, until_taken
from workflows.client import Deliveries
from workflows.clock import wall_clock

INBOUND = "/v1/twilio/inbound"
NOTE_AFTER_S = 1.5
TWICE_SHARE = 0.4
GONE = (404, 409, 410)
"""What the gateway answers about a delivery that has ended."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that was taken: what was sent, when it was first tried, and when somebody said that it was taken."""

    wire: Mapping[str, Any]
    first_tried_at: Instant
    due_at: Instant
    taken_at: Instant


@dataclass
class Record:
    """What became of one delivery, from the side of those who send."""

    life: Life
    ordered_at: Instant = 0
    started_at: Instant = 0
    """When the order was accepted: then it is on its way."""
    taken: dict[str, Taken] = field(default_factory=dict)
    sent: int = 0
    """Signals, those that were sent twice on purpose too."""
    refused: dict[str, Instant] = field(default_factory=dict)
    """Events that were refused since the delivery had ended, and when."""
    ended_at: Instant | None = None
    """When the end was taken."""
    replies: list[str] = field(default_factory=list)
    """The words of the customer's messages that were taken."""
    notes: list[str] = field(default_factory=list)
    """The words of the notes that were taken."""


class Senders:
    """Sends one life after the other, side by side."""

    def __init__(self, deliveries: Deliveries, gateway: AsyncClient, calm: asyncio.Event) -> None:
        """`calm` is set when the storm is over."""
        self._deliveries = deliveries
        self._gateway = gateway
        self._calm = calm

    async def live(self, record: Record, began: float) -> None:
        """Plays one life. `began` is by the monotonic clock."""
        life = record.life
        await _until(began + life.starts_s)
        record.ordered_at = wall_clock()
        order = life.order(record.ordered_at)
        await (self._order_by_http(life, order) if life.by_http else self._order(life, order))
        record.started_at, started = wall_clock(), time.monotonic()
        note = asyncio.create_task(self._note(record, started))
        for sending in life.sendings:
            await _until(started + sending.after)
            await self._send(record, sending)
        if life.in_the_calm:
            await self._calm.wait()
        await _until(started + life.end.after)
        await note
        ending = replace_times(life.end, started) if life.in_the_calm else life.end
        await self._send(record, ending)
        record.ended_at = wall_clock()
        ended = time.monotonic()
        for sending in life.stragglers:
            await _until(ended + sending.after)
            await self._send(record, sending)

    async def _order(self, life: Life, order: Mapping[str, Any]) -> None:
        await until_taken(lambda: self._deliveries.start(order), f"the order of {life.delivery_id}")

    async def _order_by_http(self, life: Life, order: Mapping[str, Any]) -> None:
        """Some orders come twice. What was taken begins when Temporal can be reached."""
        headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": f"order-{life.delivery_id}"}
        for _ in range(1 + (life.number % 2)):
            answer = await until_answered(self._gateway, "POST", "/v1/deliveries", json=order, headers=headers)
            if answer.status_code != 202:
                raise AssertionError(f"the order of {life.delivery_id} was answered {answer.status_code}: {answer.text[:200]}")

        async def begun() -> None:
            try:
                await self._deliveries.handle(life.delivery_id).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    raise TimeoutError from None
                raise

        await until_taken(begun, f"the beginning of {life.delivery_id}")

    async def _send(self, record: Record, sending: Sending) -> None:
        life, tried_at = record.life, wall_clock()
        wires = [told.wire(life.delivery_id, record.started_at, life.skew_s) for told in sending.told]
        due_at = record.started_at + round(sending.after * 1000)
        record.sent += 1
        try:
            await until_taken(lambda: self._deliveries.report(life.delivery_id, wires), f"a report on {life.delivery_id}")
        except LookupError:
            record.refused |= {str(wire["event_id"]): wall_clock() for wire in wires}
            return
        for wire in wires:
            record.taken.setdefault(str(wire["event_id"]), Taken(wire, tried_at, due_at, wall_clock()))

    async def _note(self, record: Record, started: float) -> None:
        """Somebody leaves a note for the driver; the same note may come twice."""
        life = record.life
        if life.note_by is None:
            return
        await _until(started + NOTE_AFTER_S)
        text = f"Note for {life.delivery_id}: ring twice"
        took = await (self._by_api(life, text) if life.note_by == "api" else self._by_page(life, text))
        if took:
            record.notes.append(text)

    async def _by_api(self, life: Life, text: str) -> bool:
        path, headers = f"/v1/deliveries/{life.delivery_id}/instruct", {"Authorization": f"Bearer {API_KEY}"}
        headers["Idempotency-Key"] = f"note-{life.delivery_id}"
        took = False
        for _ in range(1 + (life.number % 2)):
            body = {"text": text, "by": "operator"}
            answer = await until_answered(self._gateway, "POST", path, json=body, headers=headers)
            if answer.status_code not in (200, *GONE):
                raise AssertionError(f"POST {path} was answered {answer.status_code}: {answer.text[:200]}")
            took = took or answer.status_code == 200
        return took

    async def _by_page(self, life: Life, text: str) -> bool:
        now = wall_clock()
        link = Link(LinkKind.TRACK, life.delivery_id, now, now + DAY)
        made = Link(LinkKind.FORM, life.delivery_id, now, now + DAY, f"form-{life.delivery_id}")
        token, form = Signer(SECRET).token(link), Signer(SECRET).token(made)
        took = False
        for _ in range(1 + (life.number % 2)):
            # Without a copy of the delivery there is no page yet; a form that the store did not keep is shown again as stale.
            fields = {"do": "note", "text": text, "form": form}
            said = await self._posted(f"/track/{token}", fields)
            took = took or said in ("done", "waits")
        return took

    async def _posted(self, path: str, fields: Mapping[str, str]) -> str:
        async def once() -> str:
            answer = await until_answered(self._gateway, "POST", path, data=fields)
            said = str(answer.headers.get("location", "")).partition("said=")[2]
            if said in ("", "stale"):
                raise TimeoutError
            return said

        return await until_taken(once, f"POST {path}")


def replace_times(sending: Sending, started: float) -> Sending:
    """The same, happening now."""
    now_s = time.monotonic() - started
    return Sending(now_s, tuple(Told(told.name, told.kind, now_s, told.more, told.eta_s) for told in sending.told))


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


class Customers:
    """Answer by SMS whatever they are asked, some of them twice over, as Twilio does when it gets no answer."""

    def __init__(self, twilio: TwilioStandin, gateway: AsyncClient, records: Sequence[Record], chance: Random) -> None:
        self._twilio = twilio
        self._gateway = gateway
        self._of_number = {record.life.phone: record for record in records}
        self._chance = chance
        self._read = 0

    async def answer(self, over: asyncio.Event) -> None:
        """Until it is over, and everybody who was asked by then has answered."""
        answering: list[asyncio.Task[None]] = []
        while True:
            is_last = over.is_set()
            new, self._read = self._twilio.messages[self._read :], len(self._twilio.messages)
            for number in (message.to for message in new):
                record = self._of_number[number]
                if record.life.rule == "failed-attempt":
                    answering.append(asyncio.create_task(self._replies(record, self._chance.random() < TWICE_SHARE)))
            if is_last:
                break
            await asyncio.sleep(0.2)
        await asyncio.gather(*answering)

    async def _replies(self, record: Record, twice: bool) -> None:
        sid = f"SM{record.life.number:032x}"
        text = f"The door of {record.life.delivery_id} is behind the yard"
        form = {"MessageSid": sid, "From": record.life.phone, "To": "+15005550006", "Body": text, "NumMedia": "0"}
        signature = RequestValidator(self._twilio.auth_token).compute_signature(PUBLIC + INBOUND, form)
        for _ in range(2 if twice else 1):
            answer = await until_answered(self._gateway, "POST", INBOUND, data=form, headers={"X-Twilio-Signature": signature})
            if answer.status_code != 200:
                raise AssertionError(f"a customer's reply was answered {answer.status_code}: {answer.text[:200]}")
        record.replies.append(text)
