"""What should have been: the fold of all that was taken, and the openings that the simulator sees in the same news. Pure."""

import json
from collections.abc import Iterator, Mapping

from domain.delivery import Delivery, delivery_of
from domain.event import Event
from domain.incident import Resolution
from domain.instant import SECOND, Instant, Span, from_iso, instant, iso
from domain.order import Order
from rules.compile import CompiledBook
from rules.simulate import simulate
from rules.telling import Reported
from tests.chaos.evidence import Watched
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder

ADMITTED_WITHIN: Span = 30 * SECOND

Opening = tuple[str, Instant]
"""A rule, and when it opened."""


def order_of(watched: Watched) -> Order:
    """The order, read anew from what was sent."""
    sent = watched.record.life.order(watched.record.ordered_at)
    return DeliveryOrder.model_validate_json(json.dumps(sent)).order()


def known_events(watched: Watched) -> dict[str, Event]:
    """What the delivery says that it was told, by id; times to the millisecond as it knows them."""
    told = (DeliveryEvent.model_validate_json(json.dumps(wire)) for wire in watched.history["events"])
    return {one.event_id: one.event(instant(one.recorded_at)) for one in told if one.recorded_at is not None}


def lost_events(watched: Watched) -> list[str]:
    """What was taken and is not there."""
    known = known_events(watched)
    return [event_id for event_id in watched.record.taken if event_id not in known]


def folded(watched: Watched) -> Delivery:
    """The delivery after everything that was taken, in the order in which it happened."""
    delivery = delivery_of(order_of(watched), from_iso(watched.history["known_at"]))
    for event in sorted(_taken(watched), key=lambda one: one.order_key):
        delivery = delivery.after(event)
    return delivery


def _taken(watched: Watched) -> Iterator[Event]:
    """What was sent, read anew; when it became known is the delivery's to say, and a clock that is ahead means then."""
    known = known_events(watched)
    for event_id, taken in watched.record.taken.items():
        if event_id in known:
            yield DeliveryEvent.model_validate_json(json.dumps(taken.wire)).event(known[event_id].recorded_at)
    sent = watched.record.taken
    yield from (event for event_id, event in known.items() if event_id not in sent)


def wrong_state(watched: Watched) -> str:
    """What differs from the fold; nothing if nothing does."""
    wanted, told = folded(watched).facts, watched.snapshot
    pairs = {
        "status": (wanted.status.value, told["status"]),
        "attempts": (wanted.attempts, told["attempts"]),
        "eta": (iso(wanted.eta), told["eta"]),
        "promised": (iso(wanted.promised.end), told["promised"]["end"]),
    }
    return "; ".join(f"{name} is {was}, should be {should}" for name, (should, was) in pairs.items() if should != was)


def wrong_copy(watched: Watched) -> str:
    """Where the store's copy differs from the workflow's own answer."""
    copy, told = watched.copy, watched.snapshot
    if copy is None:
        return "the store has no copy"
    pairs = {
        "status": (told["status"], copy.status.value),
        "attempts": (told["attempts"], copy.attempts),
        "eta": (told["eta"], iso(copy.eta)),
        "open incidents": (sorted(one["rule"] for one in told["open_incidents"]), sorted(copy.open_incidents)),
    }
    wrong = [f"the copy's {name} is {was}, should be {should}" for name, (should, was) in pairs.items() if should != was]
    return "; ".join(wrong + (["the copy has not ended"] if copy.finished_at is None else []))


def openings(book: CompiledBook, watched: Watched) -> Mapping[Opening, bool]:
    """What the simulator sees open, told the same at the same instants; whether late news took it back."""
    lines = [Reported(event.recorded_at, event) for event in known_events(watched).values()]
    lines.sort(key=lambda line: line.at)
    until = from_iso(watched.history["as_of"])
    moments = simulate(book, order_of(watched), from_iso(watched.history["known_at"]), lines, until)
    found = moments[-1].watch.incidents if moments else ()
    return {(one.rule, one.opened_at): one.resolution is Resolution.RETRACTED for one in found}


def noticed(watched: Watched) -> Mapping[Opening, bool]:
    """What the delivery itself noticed: whether it was looked at only when it was over."""
    opened = {(one["rule"], from_iso(one["opened_at"])): False for one in watched.snapshot["incidents"]}
    return opened | {(one["rule"], from_iso(one["at"])): True for one in watched.snapshot["missed"]}


def wrong_openings(book: CompiledBook, watched: Watched) -> list[str]:
    """Openings that the simulator and the delivery do not agree on; what was taken back before anybody looked never was."""
    wanted, found, first = openings(book, watched), noticed(watched), from_iso(watched.history["known_at"])
    # What is true when the order becomes known opens with the first look, which comes once the store has admitted it.
    at_once = {rule: at for rule, at in found if first <= at <= first + ADMITTED_WITHIN}
    wanted = {(rule, at_once.get(rule, at) if at == first else at): back for (rule, at), back in wanted.items()}
    lacking = [f"{rule} did not open at {iso(at)}" for (rule, at), back in wanted.items() if (rule, at) not in found and not back]
    return lacking + [f"{rule} opened at {iso(at)}, and should not" for rule, at in found if (rule, at) not in wanted]
