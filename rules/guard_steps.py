"""Guards: what they ask for a delivery, and what they make of the last answer. Until there is one they are unknown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.delivery import Delivery
from domain.guards import About, Question
from domain.incident import Mode
from domain.instant import Instant, Span
from domain.status import Kind, Status
from rules.book import Rule
from rules.durations import text_of
from rules.parts import parts_of
from rules.readings import FALSE_FOR_GOOD, TRUE_FOR_GOOD, UNKNOWN_FOR_GOOD, Answer, Frame
from rules.scene import Scene, Step
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Condition,
    DisruptionOpen,
    EventPattern,
    FeedStale,
    Group,
    NoneOf,
    Together,
    TrafficDelay,
    Truth,
    WeatherWarning,
)

FED: frozenset[str] = frozenset(
    [
        *(
            kind.value
            for kind in (Kind.SCAN, Kind.STATUS, Kind.ETA, Kind.ATTEMPT_FAILED, Kind.ARRIVED, Kind.DEPARTED, Kind.PROOF)
        ),
        *(status.value for status in Status),
    ]
)
"""What the feed of a carrier tells. What customers, drivers and trackers say comes another way."""

PLACES: Mapping[str, Callable[[Delivery], str | None]] = {
    "hub": lambda delivery: delivery.order.hub,
    "zone": lambda delivery: delivery.order.zone,
    "carrier": lambda delivery: delivery.facts.carrier,
    "route": lambda delivery: delivery.facts.route_id,
}
"""Scope of a disruption -> the place of a delivery in it."""

KNOWN: Mapping[bool | None, Answer] = {True: TRUE_FOR_GOOD, False: FALSE_FOR_GOOD, None: UNKNOWN_FOR_GOOD}


def question_of(node: Any, delivery: Delivery, frame: Frame) -> Question | None:
    """What a guard asks for a delivery; None where the delivery has not got what it is about."""
    return QUESTIONS[type(node)](node, delivery, frame)


def _feed_stale(node: FeedStale, delivery: Delivery, frame: Frame) -> Question | None:
    feed = node.feed or delivery.facts.carrier
    return Question(About.FEED_STALE, feed, span=node.span, cadence=cadence_of(feed, frame))


def _disruption(node: DisruptionOpen, delivery: Delivery, frame: Frame) -> Question | None:
    place = PLACES[node.scope](delivery)
    return None if place is None else Question(About.DISRUPTION, f"{node.scope}:{place}", node.kind or "")


def _weather(node: WeatherWarning, delivery: Delivery, frame: Frame) -> Question | None:
    return Question(About.WEATHER, delivery.order.zone or "", node.level)


def _traffic(node: TrafficDelay, delivery: Delivery, frame: Frame) -> Question | None:
    route = delivery.facts.route_id
    return None if route is None else Question(About.TRAFFIC, route, span=node.span)


def _absence(node: Absent | AbsentBefore, delivery: Delivery, frame: Frame) -> Question | None:
    """Whether the feed that would have told of it is silent; None for what no feed with a cadence tells."""
    feed = feed_of(node.event, delivery)
    cadence = None if feed is None else cadence_of(feed, frame)
    return None if feed is None or cadence is None else Question(About.FEED_SILENT, feed, cadence=cadence)


BY: Mapping[str, Callable[[Delivery], str | None]] = {
    **PLACES,
    "lane": lambda delivery: delivery.order.lane,
    "driver": lambda delivery: delivery.facts.driver_id,
    "shipper": lambda delivery: delivery.order.shipper,
}
"""What the members of a group may share -> that of a delivery."""


def together_of(rule: Rule, rulebook: str) -> Together | None:
    """What a rule with `group` asks before it opens."""
    if rule.group is None:
        return None
    group, within = rule.group, f" within {text_of(rule.group.within)}" if rule.group.within else ""
    text = f"at least {group.at_least} together on {group.by}{within}"
    return Together(
        group.by, group.at_least, group.within, f"{rulebook}/{rule.id}", rule.mode is Mode.SHADOW, group.instead, text=text
    )


def is_alone(by: str, at_least: int, delivery: Delivery) -> bool:
    """Whether a delivery is a group by itself: one is enough, and it has no such route, hub or the like."""
    return at_least == 1 and BY[by](delivery) is None


def _together(node: Together, delivery: Delivery, frame: Frame) -> Question | None:
    shared = BY[node.by](delivery)
    subject = f"{'shadow ' if node.unseen else ''}{node.by}:{shared}".replace("|", "/")
    return None if shared is None else _joining(subject, node)


def _joining(subject: str, node: Together) -> Question:
    acted_on = node.instead or node.unseen
    return Question(About.TOGETHER, subject, node.rule, node.span, at_least=node.at_least, instead=acted_on)


QUESTIONS: Mapping[type, Callable[[Any, Delivery, Frame], Question | None]] = {
    FeedStale: _feed_stale,
    DisruptionOpen: _disruption,
    WeatherWarning: _weather,
    TrafficDelay: _traffic,
    Absent: _absence,
    AbsentBefore: _absence,
    Together: _together,
}
"""Sentence -> what it asks outside."""

EXPLICIT = (FeedStale, DisruptionOpen, WeatherWarning, TrafficDelay, Together)
"""The guards of form 10, and groups; the absences of form 4 only ask before they open something."""


def cadence_of(feed: str, frame: Frame) -> Span | None:
    """How often a feed reports, by the directory."""
    carrier = frame.directory.carriers.get(feed)
    return carrier.cadence if carrier is not None else None


def feed_of(pattern: EventPattern, delivery: Delivery) -> str | None:
    """The feed that tells of such events: the one that is named, or the carrier's."""
    if pattern.source is not None:
        return pattern.source
    return delivery.facts.carrier if pattern.name in FED else None


def guard_step(node: Any, frame: Frame) -> Step:
    """The last answer, for as long as there is no other; one that is true ends when what it told of ends by itself."""

    def at(scene: Scene, t: Instant) -> Answer:
        question = question_of(node, scene.delivery, frame)
        if question is None:
            is_own_group = isinstance(node, Together) and node.at_least == 1
            return TRUE_FOR_GOOD if is_own_group else UNKNOWN_FOR_GOOD
        facts = scene.delivery.facts
        truth, until = facts.guards.get(question.key), facts.guards_until.get(question.key)
        if truth is not True or until is None:
            return KNOWN[truth]
        return (Truth.TRUE, until) if t < until else FALSE_FOR_GOOD

    return at


def blind(node: Absent | AbsentBefore, frame: Frame, plain: Step) -> Step:
    """An absence that is unknown while the feed that would have told is known to be silent."""
    if frame.is_sighted or not any(carrier.cadence for carrier in frame.directory.carriers.values()):
        return plain

    def at(scene: Scene, t: Instant) -> Answer:
        truth, until = plain(scene, t)
        if truth is Truth.TRUE and scene.delivery.facts.guards and _is_blind(node, scene.delivery, frame):
            return Truth.UNKNOWN, until
        return truth, until

    return at


def _is_blind(node: Absent | AbsentBefore, delivery: Delivery, frame: Frame) -> bool:
    question = _absence(node, delivery, frame)
    return question is not None and delivery.facts.guards.get(question.key) is True


@dataclass(frozen=True, slots=True)
class Asking:
    """A condition with guards: the sentences that ask, and the condition as it is with the best and with the worst of answers."""

    tree: Condition
    nodes: tuple[Any, ...]
    best: Step
    worst: Step

    def hangs_on_answers(self, scene: Scene, t: Instant) -> bool:
        """Whether the rest is true, so that the answers decide."""
        return self.best(scene, t)[0] is Truth.TRUE and self.worst(scene, t)[0] is not Truth.TRUE

    def can_be_answered(self, delivery: Delivery, frame: Frame) -> bool:
        """Whether the delivery has got what at least one of the sentences is about: a hub, a route, a feed with a cadence."""
        return any(question_of(node, delivery, frame) is not None for node in self.nodes)


def asking(node: Condition, frame: Frame, step_of: Callable[[Condition, Frame], Step]) -> Asking | None:
    """What a condition asks outside; None for one that never does."""
    has_cadence = any(carrier.cadence for carrier in frame.directory.carriers.values())
    nodes = tuple(
        part
        for part in parts_of(node)
        if isinstance(part, EXPLICIT) or (has_cadence and isinstance(part, Absent | AbsentBefore) and _may_be_fed(part.event))
    )
    if not nodes:
        return None
    best = step_of(_assuming(node, True), replace(frame, is_sighted=True))
    return Asking(node, nodes, best, step_of(_assuming(node, False), frame))


def _may_be_fed(pattern: EventPattern) -> bool:
    return pattern.source is not None or pattern.name in FED


def _assuming(node: Condition, wanted: bool) -> Condition:
    """The condition with each guard answered so that the whole is (or is not) true."""
    if isinstance(node, EXPLICIT):
        return All(()) if wanted else AnyOf(())
    if isinstance(node, Group):
        turned = wanted is not isinstance(node, NoneOf)
        return replace(node, children=tuple(_assuming(child, turned) for child in node.children))
    return node
