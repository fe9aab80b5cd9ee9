"""What customers write back by SMS and WhatsApp: `POST /v1/twilio/inbound`, signed by Twilio, answered with TwiML.

A reply is committed to the inbox before it is answered, and handed on in the same call if the delivery can be reached: the answer
says what was understood. The same message again (MessageSid) changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import (  # type: ignore[import-untyped]
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.twiml.messaging_response import MessagingResponse  # type: ignore[import-untyped]

from domain.arrival import Arrival
from domain.conversation import Conversation
from domain.instant import Instant, iso
from domain.order import Window
from domain.windows import later_windows, window_words
from intake.problems import RefusedRequestError, body_of, not_kept, problem
from intake.replies import Understood, Wish, understood
from intake.reply_words import LATE, REFUSED, answer_to
from intake.taking import Taken, Taking
from store.errors import StoreError

SOURCE = "twilio"
FORM = "application/x-www-form-urlencoded"
LONGEST = 64 * 1024
"""Bytes of a call."""
LONGEST_REPLY = 1_000
"""Characters of a reply that are kept; an SMS has 1600 at most."""


class Conversations(Protocol):
    """Knows which deliveries a number speaks of, the latest first."""

    async def of_number(self, number: str) -> tuple[Conversation, ...]: ...


class Promises(Protocol):
    """Knows the promise of a delivery; None for an unknown one."""

    async def promise(self, delivery_id: str) -> Window | None: ...


class OptOuts(Protocol):
    """Keeps who wants no messages."""

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None: ...

    async def opt_in(self, channel: str, address: str, *, because: str, now: Instant) -> None: ...


class Signed:
    """Takes only what Twilio signed. `public_url` is the address by which Twilio reaches us; empty: that of the request."""

    def __init__(self, auth_token: str, public_url: str) -> None:
        self._token = auth_token
        self._public_url = public_url

    async def form(self, request: Request) -> ImmutableMultiDict[str, str]:
        """The fields of a call. Raises RefusedRequestError."""
        body = await body_of(request, LONGEST, FORM)
        if not self._token:
            raise RefusedRequestError(HTTPStatus.UNAUTHORIZED, "no token is set for this door: set TWILIO_AUTH_TOKEN")
        try:
            fields = ImmutableMultiDict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200))
        except ValueError:
            raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the form cannot be read") from None
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self._public_url}{request.url.path}{query}" if self._public_url else str(request.url)
        signature = request.headers.get(SIGNATURE_HEADER.lower(), "")
        algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER.lower()))
        if not RequestValidator(self._token).validate(url, fields, signature, algorithm):
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED, "the signature is missing or wrong; is DOORSTEP_PUBLIC_URL Twilio's?"
            )
        return fields


class ReplyDoor:
    """Takes replies."""

    def __init__(
        self,
        signed: Signed,
        conversations: Conversations,
        promises: Promises,
        opt_outs: OptOuts,
        taking: Taking,
        clock: Callable[[], Instant],
    ) -> None:
        self._signed = signed
        self._conversations = conversations
        self._promises = promises
        self._opt_outs = opt_outs
        self._taking = taking
        self._clock = clock

    async def replied(self, request: Request) -> Response:
        """Takes one message."""
        try:
            return _twiml(await self._answer(await self._signed.form(request)))
        except RefusedRequestError as refused:
            return problem(refused)
        except StoreError:
            return not_kept("the message")

    async def _answer(self, form: Mapping[str, str]) -> str:
        """What is said back; nothing where the provider says it."""
        sid, sender = field_of(form, "MessageSid"), field_of(form, "From")
        number, channel = sender.removeprefix("whatsapp:"), "whatsapp" if sender.startswith("whatsapp:") else "sms"
        now = self._clock()
        by_provider = form.get("OptOutType", "")
        known = await self._conversations.of_number(number)
        means = understood(form.get("Body", "")[:LONGEST_REPLY], known, now, by_provider)
        window = await self._later(means, now)
        # First: what fails in between is sent again, and a message that has come before changes no wish any more.
        if means.wish in (Wish.STOP, Wish.START) and not await self._taking.has_come(SOURCE, sid):
            await self._keep_wish(means.wish, channel, number, now)
        taken = await self._taking.take(SOURCE, sid, _arrivals(means, sid, channel, window, now), now)
        when = window_words(window, means.about[0].timezone, means.about[0].language) if window is not None else ""
        return "" if by_provider else answer_to(means, number, when, _instead(means.wish, taken))

    async def _later(self, means: Understood, now: Instant) -> Window | None:
        """The same window a day later, for who wants it later."""
        if means.wish is not Wish.LATER:
            return None
        promised = await self._promises.promise(means.about[0].delivery_id)
        return next(later_windows(promised, means.about[0].timezone, now)) if promised is not None else None

    async def _keep_wish(self, wish: Wish, channel: str, number: str, now: Instant) -> None:
        if wish is Wish.STOP:
            await self._opt_outs.opt_out(channel, number, because="replied STOP", now=now)
        else:
            await self._opt_outs.opt_in(channel, number, because="replied START", now=now)


def _instead(wish: Wish, taken: Taken) -> str:
    """What is to be said instead of what the reply asked for: that it waits, or that it is too late."""
    if wish in (Wish.WHICH, Wish.UNKNOWN, Wish.HELP, Wish.STOP, Wish.START):
        return ""
    return LATE if not taken.is_handed_on else REFUSED if taken.note else ""


def _arrivals(means: Understood, sid: str, channel: str, window: Window | None, now: Instant) -> Sequence[Arrival]:
    """What a reply is for the deliveries that it is about."""
    if means.wish in (Wish.WHICH, Wish.UNKNOWN, Wish.HELP):
        return ()
    text = means.wish.value if means.wish in (Wish.STOP, Wish.START) else means.text
    event = _event(f"{SOURCE}-{sid}", {"text": text, "channel": channel}, now)
    update, request = _update(means.wish, window)
    about = [one for one in means.about if not one.is_over] if means.wish in (Wish.STOP, Wish.START) else means.about
    return [Arrival(one.delivery_id, event, update, request) for one in about]


def _update(wish: Wish, window: Window | None) -> tuple[str | None, dict[str, Any] | None]:
    if wish in (Wish.YES, Wish.NO):
        return "confirm_availability", {"available": wish is Wish.YES, "by": "customer"}
    if window is not None:
        return "reschedule", {"start": iso(window.start), "end": iso(window.end), "by": "customer"}
    return None, None


def _event(id: str, detail: Mapping[str, str], now: Instant) -> dict[str, Any]:
    """A customer's reply, as it is reported."""
    return {
        "event_id": id,
        "kind": "customer_reply",
        "occurred_at": iso(now),
        "recorded_at": iso(now),
        "source": SOURCE,
        "by": "customer",
        "detail": dict(detail),
    }


def field_of(form: Mapping[str, str], name: str) -> str:
    """A field that every call of Twilio's has. Raises RefusedRequestError."""
    found = form.get(name, "").strip()
    if not 0 < len(found) <= 100:
        missing = [{"loc": name, "msg": f"{name} is missing or too long", "type": "missing"}]
        raise RefusedRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the call is not one of Twilio's", missing)
    return found


def _twiml(text: str) -> Response:
    answer = MessagingResponse()
    if text:
        answer.message(text)
    return Response(str(answer), media_type="application/xml")
