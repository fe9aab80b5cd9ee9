"""How one event changes the facts.

`fold` is called with events in the order of `Event.order_key`; out-of-order arrival is `Delivery.after`'s business.
"""

from collections.abc import Callable, Mapping

from domain.distance import metres_to
from domain.entries import entry
from domain.event import Event
from domain.facts import REMEMBERED_TIMES, Changes, Facts, LastScan, changed, stay
from domain.instant import Instant
from domain.order import Order, Window
from domain.stated import stated
from domain.status import AssignmentState, DriverState, Kind, Status


def fold(facts: Facts, event: Event, order: Order) -> Facts:
    """The facts after one more event."""
    return changed(facts, news(facts, event, order))


def news(facts: Facts, event: Event, order: Order) -> Changes:
    """What one more event tells: new values of facts, some of which may be the old ones."""
    changes = FOLDS.get(event.kind, _nothing_more)(facts, event, order)
    if event.location is not None and event.kind in OF_THE_VAN:
        metres = metres_to(order.destination, event.location)
        changes["distance_to_stop"] = facts.distance_to_stop if metres is None else metres
    status = event.reported_status
    if status is not None:
        changes.update(entry(facts, changes, event, status, order))
    changes["happened"] = _with_times(facts.happened, _names(facts, changes, event, status), event.occurred_at)
    return changes


OF_THE_VAN = frozenset(
    {Kind.DEPARTED_DEPOT, Kind.DEPARTED, Kind.ARRIVED, Kind.STOPPED, Kind.MOVING, Kind.OFF_ROUTE, Kind.BACK_ON_ROUTE}
)
"""Kinds whose position is that of the van that has the delivery."""


def _with_times(happened: Mapping[str, tuple[Instant, ...]], names: set[str], at: Instant) -> Mapping[str, tuple[Instant, ...]]:
    more = dict(happened)
    for name in names:
        more[name] = (*happened.get(name, ()), at)[-REMEMBERED_TIMES:]
    return more


def _names(before: Facts, changes: Changes, event: Event, status: Status | None) -> set[str]:
    names = set(event.names)
    if "status" in changes:
        names.add(changes["status"].value)
    if status is Status.ATTEMPT_FAILED and changes.get("attempts", before.attempts) == before.attempts:
        names.discard(Status.ATTEMPT_FAILED.value)
    return names


def _nothing_more(facts: Facts, event: Event, order: Order) -> Changes:
    return {}


def _scan(facts: Facts, event: Event, order: Order) -> Changes:
    hub = (event.place or order.hub) if event.status is Status.AT_HUB else None
    scan = LastScan(event.occurred_at, event.place, hub)
    if hub is not None and facts.status is Status.AT_HUB:
        return {"last_scan": scan, "at_hub": stay(facts.at_hub, hub, event.occurred_at)}
    return {"last_scan": scan}


def _status(facts: Facts, event: Event, order: Order) -> Changes:
    if event.status is Status.AT_HUB and facts.status is Status.AT_HUB and event.place:
        return {"at_hub": stay(facts.at_hub, event.place, event.occurred_at)}
    return {}


def _eta(facts: Facts, event: Event, order: Order) -> Changes:
    stops = event.detail.get("stops_before")
    return {
        "stops_before": stops if isinstance(stops, int) and stops >= 0 else facts.stops_before,
        "eta": event.eta,
        "eta_at": event.occurred_at,
        "eta_confidence": event.confidence,
        "first_eta": facts.first_eta if facts.first_eta is not None else event.eta,
    }


def _arrived(facts: Facts, event: Event, order: Order) -> Changes:
    if event.place is None:
        return {"at_stop_since": _first(facts.at_stop_since, event)}
    if event.place == order.hub:
        return {"at_hub": stay(facts.at_hub, event.place, event.occurred_at)}
    return {}


def _departed(facts: Facts, event: Event, order: Order) -> Changes:
    if event.place is None:
        return {"at_stop_since": None}
    if facts.at_hub is not None and facts.at_hub.place == event.place:
        return {"at_hub": None}
    return {}


def _first(since: Instant | None, event: Event) -> Instant:
    """Since when it has been so; this event's instant if it was not."""
    return since if since is not None else event.occurred_at


def _stopped(facts: Facts, event: Event, order: Order) -> Changes:
    return {"stopped_since": _first(facts.stopped_since, event), "moving_since": None, "silent_since": None}


def _moving(facts: Facts, event: Event, order: Order) -> Changes:
    return {"moving_since": _first(facts.moving_since, event), "stopped_since": None, "silent_since": None}


def _silent(facts: Facts, event: Event, order: Order) -> Changes:
    return {"silent_since": _first(facts.silent_since, event)}


def _off_route(facts: Facts, event: Event, order: Order) -> Changes:
    return {"off_route_since": _first(facts.off_route_since, event)}


def _back_on_route(facts: Facts, event: Event, order: Order) -> Changes:
    return {"off_route_since": None}


MOST_NUMBERS = 20
"""So many tracking numbers beside the order's are kept, the latest."""


def _assignment(facts: Facts, event: Event, order: Order) -> Changes:
    state, detail = AssignmentState(event.detail["state"]), event.detail
    if state is not AssignmentState.ACCEPTED:
        return {"assignment": state}
    carrier = detail.get("carrier") or facts.carrier
    given = ((carrier, str(detail["tracking_number"])),) if detail.get("tracking_number") else ()
    return {
        "assignment": state,
        "carrier": carrier,
        "driver_id": detail.get("driver_id"),
        "route_id": detail.get("route_id"),
        "more_numbers": tuple(dict.fromkeys((*facts.more_numbers, *given)))[-MOST_NUMBERS:],
    }


def _driver_status(facts: Facts, event: Event, order: Order) -> Changes:
    return {"driver_on_break": DriverState(event.detail["state"]) is DriverState.ON_BREAK}


def _promise_changed(facts: Facts, event: Event, order: Order) -> Changes:
    return {
        "promised": Window(event.detail.get("start"), event.detail["end"], facts.promised.window_type),
        "promise_moves": facts.promise_moves + 1,
        "customer_moved_promise": facts.customer_moved_promise or event.by == "customer",
    }


def _plan_changed(facts: Facts, event: Event, order: Order) -> Changes:
    return {"due": {**facts.due, Status(event.detail["milestone"]): event.detail["due"]}}


NO_MORE = frozenset({"stop", "stopall", "unsubscribe", "optout"})
AGAIN = frozenset({"start", "unstop"})
"""What customers reply who want no messages, and who want them again (the words of CTIA's guidelines, which Twilio heeds)."""


def _customer_reply(facts: Facts, event: Event, order: Order) -> Changes:
    text = str(event.detail.get("text", "")).strip().casefold()
    ends, begins = text in NO_MORE, text in AGAIN
    talk = facts.talk.with_reply(event, ends, begins)
    return {"customer_answered": True, "opted_out": ends or (facts.opted_out and not begins), "talk": talk}


def _note(facts: Facts, event: Event, order: Order) -> Changes:
    return stated(event.detail, facts.sensors)


def _asked(facts: Facts, event: Event, order: Order) -> Changes:
    return {"customer_answered": False, "talk": facts.talk.with_message(event, order.customer.channels)}


def _notified(facts: Facts, event: Event, order: Order) -> Changes:
    return {"talk": facts.talk.with_message(event, order.customer.channels)}


def _undelivered(facts: Facts, event: Event, order: Order) -> Changes:
    return {"talk": facts.talk.with_failure(event, order.customer.channels)}


def _proof(facts: Facts, event: Event, order: Order) -> Changes:
    return {"proof": True}


def _sensor(facts: Facts, event: Event, order: Order) -> Changes:
    return {"sensors": {**facts.sensors, str(event.detail["name"]): int(event.detail["value"])}}


def _found(facts: Facts, event: Event, order: Order) -> Changes:
    truths = {key: told["truth"] for key, told in event.detail.items()}
    gone = {key for key, told in event.detail.items() if told.get("gone")}
    groups = {key: told["of"] for key, told in event.detail.items() if told.get("of")}
    changed: Changes = {"guards": {key: truth for key, truth in {**facts.guards, **truths}.items() if key not in gone}}
    if groups or gone & facts.groups.keys():
        changed["groups"] = {key: of for key, of in {**facts.groups, **groups}.items() if key not in gone}
    ends = {key: told["until"] for key, told in event.detail.items() if told.get("until") is not None}
    if ends or facts.guards_until:
        changed["guards_until"] = {**{key: at for key, at in facts.guards_until.items() if key not in event.detail}, **ends}
    return changed


Fold = Callable[[Facts, Event, Order], Changes]

FOLDS: dict[Kind, Fold] = {
    Kind.SCAN: _scan,
    Kind.STATUS: _status,
    Kind.ETA: _eta,
    Kind.ARRIVED: _arrived,
    Kind.DEPARTED: _departed,
    Kind.STOPPED: _stopped,
    Kind.MOVING: _moving,
    Kind.SILENT: _silent,
    Kind.OFF_ROUTE: _off_route,
    Kind.BACK_ON_ROUTE: _back_on_route,
    Kind.ASSIGNMENT: _assignment,
    Kind.DRIVER_STATUS: _driver_status,
    Kind.PROMISE_CHANGED: _promise_changed,
    Kind.PLAN_CHANGED: _plan_changed,
    Kind.CUSTOMER_REPLY: _customer_reply,
    Kind.ASKED: _asked,
    Kind.NOTIFIED: _notified,
    Kind.UNDELIVERED: _undelivered,
    Kind.PROOF: _proof,
    Kind.SENSOR: _sensor,
    Kind.NOTE: _note,
    Kind.FOUND: _found,
}
"""What each kind tells beyond its status; kinds that are not here tell nothing more."""
