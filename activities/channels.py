"""One message by one channel: is it wanted there, what does it say, did the provider take it?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import phonenumbers

from activities.effects import Claim, Clock, Ended, NotDoneError
from domain.actions import ActionRequest, Outcome, Way
from domain.contact import Contact
from domain.conversation import Conversation, Question
from domain.instant import DAY, MINUTE, Instant
from domain.links import NO_LINKS, Links
from domain.sending import Message, Sending, Sent, TemplateError, Unsent
from domain.talk import CUSTOMER

ADDRESS_OF: Mapping[Way, str] = {
    "email": "e-mail address",
    "sms": "phone number",
    "whatsapp": "phone number",
    "slack": "Slack webhook",
    "webhook": "endpoint",
}
NOT_WANTED: Mapping[Way, str] = {
    "email": "mail is not wanted there",
    "sms": "SMS are not wanted there",
    "whatsapp": "WhatsApp messages are not wanted there",
}

BY_PHONE = frozenset({"sms", "whatsapp"})
"""Ways on which a reply comes from a number."""

PAGED: tuple[Way, ...] = ("slack", "webhook")
"""Ways of which templates know nothing: what a mail says goes there."""

DRIVER = "driver"

BAD_NUMBER = "the phone number is not valid; correct it in the order or the directory"


class Mail(Protocol):
    """Sends mail. The same key gives the same Message-ID."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending: ...


class Texts(Protocol):
    """Sends SMS or WhatsApp messages to numbers in E.164 form, and finds those that it sent."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending: ...

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None: ...


class Conversations(Protocol):
    """Knows which deliveries a number speaks of."""

    async def written(
        self, number: str, delivery_id: str, *, language: str, timezone: str, now: Instant, question: Question | None = None
    ) -> Conversation: ...


class Pager(Protocol):
    """Pages our own people by another system; `to` is where, as directory.yaml names it."""

    async def page(self, *, key: str, to: str, message: Message, request: ActionRequest, link: str | None) -> Sending:
        """`link` is where the incident is acknowledged."""
        ...


class Templates(Protocol):
    """Writes messages."""

    def render(self, name: str, channel: str, *, language: str, timezone: str, context: Mapping[str, Any]) -> Message:
        """Raises TemplateError when the template is missing or cannot be filled in."""
        ...


NO_PAGERS: Mapping[Way, Pager] = {}
"""Where none are set up."""


class OptOut(Protocol):
    """By what somebody opted out, in words."""

    @property
    def because(self) -> str: ...


class OptOuts(Protocol):
    """Knows who wants no messages; numbers in E.164 form."""

    async def opted_out(self, channel: str, address: str) -> OptOut | None: ...

    async def opt_out(self, channel: str, address: str, *, because: str, now: Instant) -> None: ...


class Reported(Protocol):
    """Knows of which effects a provider has reported on the message."""

    async def reference_of(self, key: str) -> str | None:
        """The provider's name for it."""
        ...


class NothingReported:
    """Where providers cannot report."""

    async def reference_of(self, key: str) -> str | None:
        return None


NOTHING_REPORTED: Reported = NothingReported()


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told to whom, by which channel, as which effect."""

    key: str
    request: ActionRequest
    template: str
    channel: Way
    contact: Contact
    who: str = CUSTOMER


class Channels:
    """The channels by which people are told, each with what sends it."""

    def __init__(
        self,
        mail: Mail,
        sms: Texts,
        whatsapp: Texts,
        templates: Templates,
        opt_outs: OptOuts,
        clock: Clock,
        links: Links = NO_LINKS,
        pagers: Mapping[Way, Pager] = NO_PAGERS,
        conversations: Conversations | None = None,
        reported: Reported = NOTHING_REPORTED,
    ) -> None:
        """Without `conversations` nobody remembers which delivery a number was written to about."""
        self._reported = reported
        self._mail = mail
        self._texts: Mapping[Way, Texts] = {"sms": sms, "whatsapp": whatsapp}
        self._templates = templates
        self._opt_outs = opt_outs
        self._links = links
        self._pagers = pagers
        self._conversations = conversations
        self._clock = clock

    async def tell(self, telling: Telling, claim: Claim) -> Ended:
        """Sends one message, unless an earlier try did or it is not wanted. Raises NotDoneError for what may be tried again."""
        try:
            message = self._written(telling)
        except TemplateError as error:
            return Ended(Outcome.FAILED, str(error))
        address = address_on(telling.channel, telling.contact, telling.request.destination.country)
        if address is None:
            return Ended(Outcome.FAILED, BAD_NUMBER)
        await self._note_number(telling, address)
        sending = await self._sent(telling, claim, address, message)
        return sending if isinstance(sending, Ended) else await self._ended(telling, address, sending)

    async def _note_number(self, telling: Telling, address: str) -> None:
        """A reply to what is sent comes from the number alone."""
        if self._conversations is None or telling.who != CUSTOMER or telling.channel not in BY_PHONE:
            return
        request = telling.request
        await self._conversations.written(
            address,
            request.delivery_id,
            language=telling.contact.language,
            timezone=request.destination.timezone,
            now=self._clock(),
        )

    def _written(self, telling: Telling) -> Message:
        request = telling.request
        # Signed at the instant at which it was asked for, so that a message is the same on every try.
        tracking_url = self._links.tracking(request.delivery_id, request.asked_at)
        links = {"tracking_url": tracking_url, "acknowledge_url": self._acknowledging(telling)}
        context = {"now": request.asked_at, **request.context, **links}
        language, timezone = telling.contact.language, request.destination.timezone
        written_for = "email" if telling.channel in PAGED else telling.channel
        return self._templates.render(telling.template, written_for, language=language, timezone=timezone, context=context)

    def _acknowledging(self, telling: Telling) -> str | None:
        """Where one of our people says that they have seen the incident."""
        request = telling.request
        is_ours = telling.who not in (CUSTOMER, DRIVER)
        return self._links.acknowledging(request.incident_id, telling.who, request.asked_at) if is_ours else None

    def _may_write_freely(self, request: ActionRequest) -> bool:
        """Whether the customer wrote by WhatsApp so lately that it lets us answer in our own words; a margin is for the way there."""
        return request.wrote_at is not None and self._clock() < request.wrote_at + DAY - 5 * MINUTE

    async def _sent(self, telling: Telling, claim: Claim, address: str, message: Message) -> Sending | Ended:
        """What came of sending; an Ended for what was not sent on purpose."""
        if (pager := self._pagers.get(telling.channel)) is not None:
            link = self._acknowledging(telling)
            return await pager.page(key=telling.key, to=address, message=message, request=telling.request, link=link)
        texts = self._texts.get(telling.channel)
        in_doubt = texts if claim.standing == "in_doubt" else None
        if in_doubt and (earlier := await self._earlier(in_doubt, telling.key, address, message, claim.since)) is not None:
            return earlier
        if (opted_out := await self._opt_outs.opted_out(telling.channel, address)) is not None:
            return Ended(Outcome.WITHHELD, f"{NOT_WANTED[telling.channel]}: {opted_out.because}")
        if texts is not None:
            freely = replace(message, content=None) if self._may_write_freely(telling.request) else message
            return await texts.send(key=telling.key, to=address, message=freely)
        return await self._mail.send(key=telling.key, to=address, message=message)

    async def _earlier(self, texts: Texts, key: str, address: str, message: Message, since: Instant) -> Sending | None:
        """What came of an earlier try: it was sent for sure if the provider has reported on it, else the provider is asked."""
        if (reference := await self._reported.reference_of(key)) is not None:
            return Sent(reference)
        earlier = await texts.find(to=address, message=message, since=since)
        return replace(earlier, retry=True, in_doubt=True) if isinstance(earlier, Unsent) else earlier

    async def _ended(self, telling: Telling, address: str, sending: Sending) -> Ended:
        if isinstance(sending, Sent):
            return Ended(Outcome.DONE, "sent", sending.reference, {"at": self._clock()})
        if sending.opted_out:
            await self._opt_outs.opt_out(telling.channel, address, because="the provider says so", now=self._clock())
            return Ended(Outcome.WITHHELD, sending.reason)
        if sending.retry:
            raise NotDoneError(sending.reason, sending.after, sending.in_doubt)
        return Ended(Outcome.FAILED, sending.reason)


def address_on(channel: Way, contact: Contact, country: str | None) -> str | None:
    """Where somebody is told by a channel: a mail address as it is, a number in E.164 form, or None if it is none."""
    written = address_in(channel, contact)
    return e164(written or "", country) if channel in ("sms", "whatsapp") else written


def address_in(channel: Way, contact: Contact) -> str | None:
    """Where somebody is told by a channel, as it is written."""
    by_channel = {"email": contact.email, "slack": contact.slack, "webhook": contact.webhook}
    return by_channel.get(channel, contact.phone)


def e164(phone: str, country: str | None) -> str | None:
    """A number as providers want it, `+358401234567`; None if it is none. `country` (ISO 3166) is that of numbers without a prefix."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
