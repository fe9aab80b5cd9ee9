"""What planning a route anew comes to, and what deliveries that did not ask for it are told.

One of the effects keeps the news in its row of the ledger, so that after a crash they are told again, with the same ids.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from activities.effects import Ended
from domain.event import Event
from domain.instant import Instant, Span
from domain.route import RoutePlan
from domain.status import Kind, Party

Ends: TypeAlias = Mapping[str, Ended]
"""How each effect ended, by key."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The plans to write, how each effect then ends, and who else is told which ETA, or which assignment with its ETA."""

    plans: Sequence[RoutePlan] = ()
    ends: Ends = field(default_factory=dict)
    etas: Mapping[str, Instant] = field(default_factory=dict)
    assigned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


NOTHING = Planned()


def with_news(planned: Planned, now: Instant) -> Ends:
    """The ends; the first of them keeps the news, if there are new plans."""
    if not planned.plans:
        return planned.ends
    versions = [[plan.route_id, plan.service_date, plan.version + 1] for plan in planned.plans]
    news = {"at": now, "new": versions, "eta": dict(planned.etas), "assigned": dict(planned.assigned)}
    first = next(iter(planned.ends))
    return {key: _keeping(ended, news if key == first else None) for key, ended in planned.ends.items()}


def _keeping(ended: Ended, news: Mapping[str, Any] | None) -> Ended:
    return replace(ended, detail={**(ended.detail or {}), "news": news})


def events_in(news: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """Each delivery that is told something, with the events."""
    route_id, service_date, version = news["new"][0]
    id, at = f"route/{route_id}/{service_date}/{version}", int(news["at"])
    for delivery_id, eta in news["eta"].items():
        yield delivery_id, (_event(id, Kind.ETA, at, eta=int(eta)),)
    for delivery_id, told in news["assigned"].items():
        assignment = _event(id, Kind.ASSIGNMENT, at, detail=dict(told["assignment"]))
        yield delivery_id, (assignment, _event(id, Kind.ETA, at, eta=int(told["eta"])))


def _event(id: str, kind: Kind, at: Instant, **told: Any) -> Event:
    return Event(f"{id}/{kind}", kind, at, at, "doorstep", by=Party.SYSTEM, **told)


def etas_of(plan: RoutePlan) -> dict[str, Instant]:
    return {stop.delivery_id: stop.eta for stop in plan.remaining if stop.eta is not None}


def moved_etas(known: Mapping[str, Instant], after: RoutePlan, but: Iterable[str], by: Span) -> dict[str, Instant]:
    """The new ETAs of deliveries that moved by more than a span from what was known of them; without those who hear of it anyway."""
    others = {one: eta for one, eta in etas_of(after).items() if one not in but}
    return {one: eta for one, eta in others.items() if abs(eta - known.get(one, eta)) > by}
