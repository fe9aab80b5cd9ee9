"""Tells the customer, the driver or one of our people, by mail, SMS and WhatsApp. Each channel is an effect of its own."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, get_args

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.channels import ADDRESS_OF, Channels, Telling, address_in
from activities.effects import LASTS, Claim, Clock, Deed, Effects, Ended, Ledger
from domain.actions import OF_STAFF, ON_CALL, ActionRequest, ActionResult, Channel, Notify, Outcome, Way
from domain.contact import Contact
from domain.event import Event
from domain.instant import Instant, Span
from domain.status import Kind, Party
from domain.talk import CUSTOMER, EVERY_CHANNEL

_ARGS: TypeAdapter[Notify] = TypeAdapter(Notify)


class Contacts(Protocol):
    """Knows how drivers and our own people are reached; None for somebody unknown."""

    async def driver(self, driver_id: str) -> Contact | None: ...

    async def person(self, name: str) -> Contact | None: ...

    async def on_call(self, turn: int, at: Instant, timezone: str) -> tuple[str, Contact] | None:
        """Who is on call, in the hours of a place, and their name; each `turn` from 0 is the next one's."""
        ...


@dataclass(frozen=True, slots=True)
class _Channelled:
    """What came of one channel. `error` is set where it is to be tried again."""

    channel: Way
    ended: Ended | None = None
    error: ApplicationError | None = None
    is_tried: bool = True

    @property
    def helped(self) -> bool:
        return self.ended is not None and self.ended.outcome.helped


class Notifying:
    """A channel that was done is not used again when the activity is retried for the sake of another."""

    def __init__(self, channels: Channels, ledger: Ledger, contacts: Contacts, clock: Clock, lasts: Span = LASTS) -> None:
        """`lasts`: see Effects; longer than one mail, and than looking for an SMS and sending it, can take."""
        self._channels = channels
        self._contacts = contacts
        self._clock = clock
        self._effects = Effects(ledger, clock, lasts)

    @activity.defn(name="notify")
    async def notify(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))
        who, contact = await self._contact(request, asked.who)
        if contact is None:
            return ActionResult(Outcome.FAILED, _nobody(request, asked.who))
        asked, ways = replace(asked, who=who), _ways(request, asked, contact)
        named = [channel for channel in dict.fromkeys(ways) if channel not in request.tried]
        # Side by side, so that all of them fit into one try of the activity; none is broken off because another failed.
        each = (self._told(request, asked, channel, contact) for channel in named)
        told = [_or_raise(one) for one in await asyncio.gather(*each, return_exceptions=True)]
        _raise_if_unfinished(told)
        if not any(one.helped for one in told):
            told.extend(await self._instead(request, asked, contact, ways))
        return self._result(request, asked, told)

    async def _instead(
        self, request: ActionRequest, asked: Notify, contact: Contact, named: tuple[Way, ...]
    ) -> list[_Channelled]:
        """The same by the channels that were not named, one after the other until one is done."""
        told: list[_Channelled] = []
        for channel in _allowed(request, asked.who):
            if channel in named or channel in request.tried or not address_in(channel, contact):
                continue
            told.append(await self._told(request, asked, channel, contact))
            _raise_if_unfinished(told)
            if told[-1].helped:
                break
        return told

    async def _contact(self, request: ActionRequest, who: str) -> tuple[str, Contact | None]:
        """Whom to tell, by name, and how they are reached."""
        if who == CUSTOMER:
            return who, Contact(request.customer.email, request.customer.phone, request.customer.language)
        if who == "driver":
            return who, await self._contacts.driver(request.driver_id) if request.driver_id else None
        if who == ON_CALL:
            return await self._contacts.on_call(request.turn, request.asked_at, request.destination.timezone) or (who, None)
        return who, await self._contacts.person(who)

    async def _told(self, request: ActionRequest, asked: Notify, channel: Way, contact: Contact) -> _Channelled:
        if channel not in _allowed(request, asked.who) or not address_in(channel, contact):
            return _Channelled(channel, Ended(Outcome.FAILED, f"no {ADDRESS_OF[channel]} to use"), is_tried=False)
        if asked.who == CUSTOMER and (channel in request.stopped or EVERY_CHANNEL in request.stopped):
            return _Channelled(channel, Ended(Outcome.WITHHELD, "the customer replied that they want no more messages"))
        telling = Telling(f"{request.key}/{channel}", request, asked.template, channel, contact, asked.who)
        try:
            ended = await self._effects.once(request, f"notify.{channel}", self._deed(telling), telling.key)
        except ApplicationError as error:
            return _Channelled(channel, error=error)
        return _Channelled(channel, ended)

    def _deed(self, telling: Telling) -> Deed:
        async def deed(claim: Claim) -> Ended:
            return await self._channels.tell(telling, claim)

        return deed

    def _result(self, request: ActionRequest, asked: Notify, told: list[_Channelled]) -> ActionResult:
        ended = [(one.channel, one.ended) for one in told if one.ended is not None]
        events = tuple(self._event(request, asked, channel, end) for channel, end in ended if end.outcome.helped)
        before = f"not delivered by {', '.join(request.tried)}; " if request.tried else ""
        note = "; ".join(_in_words(channel, end) for channel, end in ended)
        return ActionResult(_outcome(told), before + note if note else _none_left(request), events)

    def _event(self, request: ActionRequest, asked: Notify, channel: Way, ended: Ended) -> Event:
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


def _ways(request: ActionRequest, asked: Notify, contact: Contact) -> tuple[Way, ...]:
    """By which channels somebody is told: those that the rule names, else those that the person wants to be told by."""
    return asked.channels if "channels" in request.args or not contact.channels else contact.channels


def _allowed(request: ActionRequest, who: str) -> tuple[Way, ...]:
    """The channels on which somebody may be written to: customers on those that they agreed to, in the order of their order."""
    if who != CUSTOMER:
        return OF_STAFF
    known: tuple[Channel, ...] = get_args(Channel)
    return tuple(channel for wanted in request.customer.channels for channel in known if channel == wanted)


def _outcome(told: Iterable[_Channelled]) -> Outcome:
    """Done by one channel is done. What nobody wanted to hear is withheld, unless something failed as well."""
    outcomes = {one.ended.outcome for one in told if one.ended is not None and one.is_tried}
    if any(outcome.helped for outcome in outcomes):
        return Outcome.DONE
    return Outcome.WITHHELD if outcomes == {Outcome.WITHHELD} else Outcome.FAILED


def _in_words(channel: Way, ended: Ended) -> str:
    if ended.outcome.helped:
        return f"{channel} {ended.note}"
    return f"{channel} {'withheld' if ended.outcome is Outcome.WITHHELD else 'not sent'}: {ended.note}"


def _none_left(request: ActionRequest) -> str:
    return f"not delivered by {', '.join(request.tried)}, and there is no other way" if request.tried else "no channel was named"


def _nobody(request: ActionRequest, who: str) -> str:
    if who == "driver" and not request.driver_id:
        return "nobody to tell: no driver is assigned"
    if who == ON_CALL:
        return "nobody to tell: nobody is on call now; see on_call of people in directory.yaml"
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
