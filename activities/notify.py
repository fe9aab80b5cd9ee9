"""Tells the customer, the driver or one of our people, by mail and by SMS. Each channel is an effect of its own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import phonenumbers
from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.effects import LASTS, Claim, Clock, Deed, Effects, Ended, Ledger, NotDoneError
from domain.actions import ActionRequest, ActionResult, Channel, Notify, Outcome
from domain.contact import Contact
from domain.event import Event
from domain.instant import Instant, Span
from domain.sending import Message, Sending, Sent, TemplateError, Unsent
from domain.status import Kind, Party

ADDRESS_OF: Mapping[Channel, str] = {"email": "e-mail address", "sms": "phone number"}

_ARGS: TypeAdapter[Notify] = TypeAdapter(Notify)


class Mail(Protocol):
    """Sends mail. The same key gives the same Message-ID."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending: ...


class Sms(Protocol):
    """Sends SMS to numbers in E.164 form and finds those that it sent."""

    async def send(self, *, to: str, text: str) -> Sending: ...

    async def find(self, *, to: str, text: str, since: Instant) -> Sent | Unsent | None: ...


class Templates(Protocol):
    """Writes messages."""

    def render(self, name: str, channel: str, *, language: str, timezone: str, context: Mapping[str, Any]) -> Message:
        """Raises TemplateError when the template is missing or cannot be filled in."""
        ...


class Contacts(Protocol):
    """Knows how drivers and our own people are reached; None for somebody unknown."""

    async def driver(self, driver_id: str) -> Contact | None: ...

    async def person(self, name: str) -> Contact | None: ...


@dataclass(frozen=True, slots=True)
class _Channelled:
    """What came of one channel. `error` is set where it is to be tried again."""

    channel: Channel
    ended: Ended | None = None
    error: ApplicationError | None = None


class Notifying:
    """A channel that was done is not used again when the activity is retried for the sake of another."""

    def __init__(
        self, mail: Mail, sms: Sms, templates: Templates, ledger: Ledger, contacts: Contacts, clock: Clock, lasts: Span = LASTS
    ) -> None:
        """`lasts`: see Effects; longer than one mail, and than looking for an SMS and sending it, can take."""
        self._mail = mail
        self._sms = sms
        self._templates = templates
        self._contacts = contacts
        self._clock = clock
        self._effects = Effects(ledger, clock, lasts)

    @activity.defn(name="notify")
    async def notify(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))
        contact = await self._contact(request, asked.who)
        if contact is None:
            return ActionResult(Outcome.FAILED, _nobody(request, asked.who))
        contact = _willing(contact, request, asked.who)
        channels = tuple(dict.fromkeys(asked.channels))
        # Side by side, so that all of them fit into one try of the activity; none is broken off because another failed.
        each = (self._told(request, asked, channel, contact) for channel in channels)
        told = [_or_raise(one) for one in await asyncio.gather(*each, return_exceptions=True)]
        _raise_if_unfinished(told)
        return self._result(request, asked, told)

    async def _contact(self, request: ActionRequest, who: str) -> Contact | None:
        if who == "customer":
            return Contact(request.customer.email, request.customer.phone, request.customer.language)
        if who == "driver":
            return await self._contacts.driver(request.driver_id) if request.driver_id else None
        return await self._contacts.person(who)

    async def _told(self, request: ActionRequest, asked: Notify, channel: Channel, contact: Contact) -> _Channelled:
        address = contact.email if channel == "email" else contact.phone
        if not address:
            return _Channelled(channel, Ended(Outcome.FAILED, f"no {ADDRESS_OF[channel]} to use"))
        key = f"{request.key}/{channel}"
        try:
            ended = await self._effects.once(request, f"notify.{channel}", self._deed(key, request, asked, channel, contact), key)
        except ApplicationError as error:
            return _Channelled(channel, error=error)
        return _Channelled(channel, ended)

    def _deed(self, key: str, request: ActionRequest, asked: Notify, channel: Channel, contact: Contact) -> Deed:
        async def deed(claim: Claim) -> Ended:
            try:
                message = self._written(request, asked, channel, contact)
            except TemplateError as error:
                return Ended(Outcome.FAILED, str(error))
            if channel == "email":
                return self._ended(await self._mail.send(key=key, to=contact.email or "", message=message))
            number = e164(contact.phone or "", request.destination.country)
            if number is None:
                return Ended(Outcome.FAILED, "the phone number is not valid; correct it in the order or the directory")
            return self._ended(await self._texted(claim, number, message.text))

        return deed

    def _written(self, request: ActionRequest, asked: Notify, channel: Channel, contact: Contact) -> Message:
        context = {"now": request.asked_at, **request.context}
        timezone = request.destination.timezone
        return self._templates.render(asked.template, channel, language=contact.language, timezone=timezone, context=context)

    async def _texted(self, claim: Claim, number: str, text: str) -> Sending:
        """Sends an SMS unless an earlier try, of which nobody knows the end, did."""
        if claim.standing == "in_doubt":
            earlier = await self._sms.find(to=number, text=text, since=claim.since)
            if isinstance(earlier, Unsent):
                return replace(earlier, retry=True, in_doubt=True)
            if earlier is not None:
                return earlier
        return await self._sms.send(to=number, text=text)

    def _ended(self, sending: Sending) -> Ended:
        if isinstance(sending, Sent):
            return Ended(Outcome.DONE, "sent", sending.reference, {"at": self._clock()})
        if sending.retry:
            raise NotDoneError(sending.reason, sending.after, sending.in_doubt)
        return Ended(Outcome.FAILED, sending.reason)

    def _result(self, request: ActionRequest, asked: Notify, told: list[_Channelled]) -> ActionResult:
        ended = [(one.channel, one.ended) for one in told if one.ended is not None]
        events = tuple(self._event(request, asked, channel, end) for channel, end in ended if end.outcome.helped)
        note = "; ".join(
            f"{channel} {end.note}" if end.outcome.helped else f"{channel} not sent: {end.note}" for channel, end in ended
        )
        return ActionResult(Outcome.DONE if events else Outcome.FAILED, note or "no channel was named", events)

    def _event(self, request: ActionRequest, asked: Notify, channel: Channel, ended: Ended) -> Event:
        now = self._clock()
        return Event(
            event_id=f"{request.key}/{channel}",
            kind=Kind.NOTIFIED,
            occurred_at=int((ended.detail or {}).get("at", now)),
            recorded_at=now,
            source="doorstep",
            by=Party.SYSTEM,
            detail={"template": asked.template, "channel": channel, "to": asked.who},
        )


def e164(phone: str, country: str | None) -> str | None:
    """A number as providers want it, `+358401234567`; None if it is none. `country` (ISO 3166) is that of numbers without a prefix."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _willing(contact: Contact, request: ActionRequest, who: str) -> Contact:
    """Without the addresses on channels that a customer did not agree to."""
    if who != "customer":
        return contact
    wanted = request.customer.channels
    return replace(contact, email=contact.email if "email" in wanted else None, phone=contact.phone if "sms" in wanted else None)


def _nobody(request: ActionRequest, who: str) -> str:
    if who == "driver" and not request.driver_id:
        return "nobody to tell: no driver is assigned"
    if who == "driver":
        return f"nobody to tell: driver {request.driver_id} is not known; add them to the drivers"
    return f"nobody to tell: {who} is not known; add them to people in directory.yaml"


def _or_raise(told: _Channelled | BaseException) -> _Channelled:
    if isinstance(told, BaseException):
        raise told
    return told


def _raise_if_unfinished(told: list[_Channelled]) -> None:
    """Tried again as soon as the most patient channel may be; without a known wait Temporal's own back-off decides."""
    errors = [one.error for one in told if one.error is not None]
    if not errors:
        return
    delays = [error.next_retry_delay for error in errors]
    known = [delay for delay in delays if delay is not None]
    raise ApplicationError(
        "; ".join(dict.fromkeys(error.message for error in errors)),
        type=errors[0].type,
        next_retry_delay=min(known) if len(known) == len(delays) else None,
    )
