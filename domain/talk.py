"""What was said between us and people: which messages arrived, which did not, and by which ways the customer writes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from domain.event import Event
from domain.instant import Instant
from domain.status import Kind

KEPT_MESSAGES = 20
"""Latest messages of which it is known by which channels they went. What becomes of an older one is no news."""

CUSTOMER = "customer"
EVERY_CHANNEL = ""
"""Stands for all channels, where a customer who wants no messages named none."""

WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True)
class Told:
    """One message: to whom, by which channels it went and is taken to have arrived, by which it did not."""

    to: str | None = None
    stands: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether it reached nobody, as far as is known."""
        return bool(self.failed) and not self.stands


@dataclass(frozen=True, slots=True)
class Talk:
    """`messages` by the key of the effect without its channel. `unreached`: the last message to the customer reached nobody, and
    there is no other way left to try.
    `stopped` are the channels by which the customer wants no messages, `wrote` says when they wrote last, by channel."""

    messages: Mapping[str, Told] = field(default_factory=dict)
    unreached: bool = False
    stopped: tuple[str, ...] = ()
    wrote: Mapping[str, Instant] = field(default_factory=dict)

    def stops(self, channel: str) -> bool:
        """Whether the customer wants no messages by a channel."""
        return channel in self.stopped or EVERY_CHANNEL in self.stopped

    def left(self, told: Told, channels: Collection[str]) -> tuple[str, ...]:
        """By which of some channels a message may still go."""
        if EVERY_CHANNEL in told.failed:
            return ()
        return tuple(channel for channel in channels if channel not in told.failed and not self.stops(channel))

    def with_message(self, event: Event, channels: Collection[str]) -> "Talk":
        """After a message went out; `channels` are those that the customer agreed to. That it did not arrive may be known before that it went."""
        key, channel = message_of(event)
        before = self.messages.get(key, Told())
        to = before.to or (CUSTOMER if event.kind is Kind.ASKED else _text(event, "to"))
        if channel not in (*before.failed, *before.stands):
            before = replace(before, stands=(*before.stands, channel))
        return self._with(key, replace(before, to=to), channels)

    def with_failure(self, event: Event, channels: Collection[str]) -> "Talk":
        """After a message did not arrive. One of which nothing more is said was the only one there was."""
        key, channel = message_of(event)
        if not key:
            return replace(self, unreached=self.unreached or _text(event, "to") in (None, CUSTOMER))
        before = self.messages.get(key, Told())
        stands = tuple(one for one in before.stands if one != channel)
        failed = before.failed if channel in before.failed else (*before.failed, channel)
        return self._with(key, Told(before.to or _text(event, "to"), stands, failed), channels)

    def _with(self, key: str, told: Told, channels: Collection[str]) -> "Talk":
        others = {known: one for known, one in self.messages.items() if known != key}
        kept = dict([*others.items(), (key, told)][-KEPT_MESSAGES:])
        unreached = (told.is_lost and not self.left(told, channels)) if told.to == CUSTOMER else self.unreached
        return replace(self, messages=kept, unreached=unreached)

    def with_reply(self, event: Event, ends: bool, begins: bool) -> "Talk":
        """After the customer wrote; who writes is reached. `ends` and `begins`: they want no messages, or want them again."""
        channel = _text(event, "channel") or EVERY_CHANNEL
        stopped = self.stopped
        if ends:
            stopped = tuple(dict.fromkeys((*stopped, channel)))
        elif begins:
            stopped = () if channel == EVERY_CHANNEL else tuple(one for one in stopped if one not in (channel, EVERY_CHANNEL))
        return replace(self, unreached=False, stopped=stopped, wrote={**self.wrote, channel: event.occurred_at})


def message_of(event: Event) -> tuple[str, str]:
    """The key of a message and its channel. What others report need not name either."""
    channel = _text(event, "channel") or EVERY_CHANNEL
    named = _text(event, "message")
    if named is not None or event.kind is Kind.UNDELIVERED:
        return named or "", channel
    return event.event_id.removesuffix(f"/{channel}"), channel


def _text(event: Event, name: str) -> str | None:
    value = event.detail.get(name)
    return value if isinstance(value, str) else None
