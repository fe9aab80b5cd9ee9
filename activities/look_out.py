"""Looks at what is outside a delivery when its rules ask: feeds, disruptions, weather, traffic. All questions of a batch at once."""

from collections.abc import Collection, Mapping
from typing import Protocol

from temporalio import activity

from domain.guards import About, Answer, Disrupted, FeedState, LookOut, Question, is_at_least, is_silent, is_stale, of_disruptions
from domain.instant import Instant, Span, iso
from domain.order import Destination


class Register(Protocol):
    """What the look needs of the store."""

    async def feeds(self, names: Collection[str]) -> Mapping[str, FeedState]:
        """Those of the feeds that are known."""
        ...

    async def disruptions(self, places: Collection[str], at: Instant) -> Mapping[str, tuple[Disrupted, ...]]:
        """The disruptions that are open at an instant, by place (`hub:HEL1`)."""
        ...

    async def park(self, feeds: Collection[str], delivery_id: str, at: Instant) -> None:
        """Notes that a delivery waits for silent feeds to come back."""
        ...


class Membership(Protocol):
    """What groups need of the store."""

    async def join(self, question: Question, delivery_id: str, at: Instant) -> Answer: ...

    async def leave(self, question: Question, delivery_id: str, at: Instant) -> Answer: ...


class Herald(Protocol):
    """Who tells the workflow of a place what has opened and ended there."""

    async def tell(self, place: str) -> None:
        """Tells what has not been told yet of `hub:HEL1`."""
        ...


class Weather(Protocol):
    """Who knows of warnings."""

    async def warning(self, destination: Destination, at: Instant) -> str | None:
        """The highest level in force there, "" for none; None where nobody knows."""
        ...


class Traffic(Protocol):
    """Who knows of delays."""

    async def delay(self, route_id: str, at: Instant) -> Span | None:
        """The delay on the rest of a route in milliseconds; None where nobody knows."""
        ...


class NobodyKnows:
    """No source of weather and traffic: the guards that ask for it are unknown."""

    async def warning(self, destination: Destination, at: Instant) -> str | None:
        return None

    async def delay(self, route_id: str, at: Instant) -> Span | None:
        return None


class LookingOut:
    """Done as a local activity, in the workflow task of the batch that asks."""

    def __init__(self, register: Register, weather: Weather, traffic: Traffic, groups: Membership, herald: Herald) -> None:
        self._register, self._weather, self._traffic = register, weather, traffic
        self._groups, self._herald = groups, herald

    @activity.defn(name="look_out")
    async def look_out(self, request: LookOut) -> tuple[Answer, ...]:
        """The answers, in the order of the questions."""
        feeds = {one.subject for one in request.questions if one.about in (About.FEED_STALE, About.FEED_SILENT)}
        places = {one.subject for one in request.questions if one.about is About.DISRUPTION}
        states = await self._register.feeds(feeds) if feeds else {}
        open_on = await self._register.disruptions(places, request.at) if places else {}
        answers = [await self._answer(question, request, states, open_on) for question in request.questions]
        silent = {one.question.subject for one in answers if one.question.about is About.FEED_SILENT and one.truth}
        if silent:
            await self._register.park(silent, request.delivery_id, request.at)
        return tuple(answers)

    async def _answer(
        self, question: Question, request: LookOut, states: Mapping[str, FeedState], open_on: Mapping[str, tuple[Disrupted, ...]]
    ) -> Answer:
        if question.about is About.DISRUPTION:
            return of_disruptions(question, open_on.get(question.subject, ()))
        if question.about is About.APART:
            answer = await self._groups.leave(question, request.delivery_id, request.at)
            await self._herald.tell(question.subject)
            return answer
        if question.about is About.TOGETHER:
            return await self._joined(question, request)
        if question.about is About.WEATHER:
            level = await self._weather.warning(request.destination, request.at)
            return Answer(question, None if level is None else is_at_least(level, question.detail), level or "")
        if question.about is About.TRAFFIC:
            delay = await self._traffic.delay(question.subject, request.at)
            return Answer(question, None if delay is None else delay > question.span, "" if delay is None else f"{delay} ms")
        return _of_feed(question, states.get(question.subject, FeedState()), request.at)

    async def _joined(self, question: Question, request: LookOut) -> Answer:
        """Joins a group. Once it has come together the workflow of its disruption calls the others; what was cut short before that
        was told is told by whoever asks next."""
        answer = await self._groups.join(question, request.delivery_id, request.at)
        if answer.truth:
            await self._herald.tell(question.subject)
        return answer


def _of_feed(question: Question, known: FeedState, at: Instant) -> Answer:
    """By the cadence that the feed was registered with, else by that of the directory."""
    feed = known if known.cadence is not None else FeedState(known.last_seen, question.cadence)
    truth = is_silent(feed, at) if question.about is About.FEED_SILENT else is_stale(feed, question.span, at)
    seen = "never heard of" if feed.last_seen is None else f"last heard of at {iso(feed.last_seen)}"
    return Answer(question, truth, seen if feed.cadence is not None else f"{seen}; its cadence is not known")
