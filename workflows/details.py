"""The current details of a delivery in the Temporal UI: markdown that a support agent can read aloud. No personal data.

They are made when somebody looks (workflows.guard). What is healthy is told in few lines.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from domain.facts import Facts
from domain.incident import Resolution
from domain.instant import MINUTE, Instant
from domain.order import Window
from domain.status import FINAL, Condition, Status
from rules.book import public_name
from rules.evaluate import Wake
from rules.evidence import in_words
from rules.watch import Watch
from workflows.copies import outcome_of
from workflows.incident_details import incident_lines
from workflows.state import State
from workflows.words import CONDITIONS, STATUSES, because, clipped, clock, said_in_quotes, zone_of

SHOWN_ENDED = 5
"""How many incidents that are over are told of, the latest; the query `timeline` has them all."""

ENDS: dict[Resolution, str] = {
    Resolution.CURED: "it passed",
    Resolution.HANDLED: "somebody settled it",
    Resolution.FINAL: "the delivery ended",
    Resolution.RETRACTED: "what was reported did not occur",
    Resolution.SUPERSEDED: "another one took its place",
    Resolution.EXPIRED: "its time was over",
    Resolution.FALSE_ALARM: "it was a false alarm",
}


def details_of(state: State, wake: Wake | None, now: Instant) -> str:
    """How the delivery stands, what is wrong, who does what about it, and what happens next, by the recipient's clock."""
    watch, order = state.watch, state.watch.delivery.order
    zone = zone_of(order.destination.timezone)
    lines = [
        f"## {order.delivery_id} {_stands(watch, now)}",
        "",
        *_promise(watch.delivery.facts, zone),
        _whereabouts(watch),
        "",
        *_troubles(watch, zone),
        *_over(watch, zone),
        "### What happens next",
        "",
        _next(state, wake, zone),
        "",
        f"Times are those of {order.destination.timezone}. Watched by rulebook `{state.rulebook}`, version `{watch.book[:12]}`.",
    ]
    if state.rejections.count:
        said = said_in_quotes(state.rejections.last[-1])
        lines.append(f"Messages that could not be used: {state.rejections.count}; the last: {said}")
    return clipped("\n".join(lines))


def refused_details(why: str) -> str:
    """Of an order that was not accepted; `why` quotes nothing of it but the names of its fields."""
    return clipped(
        f"## The order was not accepted\n\n{said_in_quotes(why)}\n\nNothing is watched. A corrected order may be sent again."
    )


def _stands(watch: Watch, now: Instant) -> str:
    """`is out for delivery, late`; nothing more where it is on time."""
    status, condition = watch.delivery.facts.status, watch.delivery.condition(now)
    if condition is Condition.ON_TIME or (status in FINAL and status is not Status.DELIVERED):
        return STATUSES[status]
    return f"{STATUSES[status]}, {CONDITIONS[condition]}"


def _promise(facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    promised = f"Promised {_window(facts.promised, zone)}"
    if facts.status in FINAL:
        yield f"{promised}; it ended at **{clock(facts.status_since, zone)}**."
    elif facts.eta is None:
        yield f"{promised}; nobody has said when it will be there."
    else:
        yield f"{promised}; expected at **{clock(facts.eta, zone)}**{_beyond(facts.eta - facts.promised.end)}."
    if facts.first_promised != facts.promised:
        yield f"At first it was promised {_window(facts.first_promised, zone)}."


def _beyond(span: int) -> str:
    return f", {in_words(span // MINUTE * MINUTE)} after that" if span >= MINUTE else ""


def _window(window: Window, zone: ZoneInfo) -> str:
    """`for Tue 24 Nov 14:00 to 16:00`, or `by Tue 24 Nov 16:00`."""
    end = clock(window.end, zone)
    if window.start is None:
        return f"by **{end}**"
    start = clock(window.start, zone)
    return f"for **{start} to {end.removeprefix(start[:11])}**"


def _whereabouts(watch: Watch) -> str:
    facts, allowed = watch.delivery.facts, watch.delivery.order.attempts_allowed
    who = [f"Carrier {facts.carrier}", f"driver {facts.driver_id}" if facts.driver_id else "no driver known"]
    if facts.route_id:
        who.append(f"route {facts.route_id}")
    if not facts.attempts:
        return f"{', '.join(who)}."
    reason = f", the last one because: {facts.last_reason.value.replace('_', ' ')}" if facts.last_reason else ""
    return f"{', '.join(who)}. Failed attempts: {facts.attempts} of {allowed}{reason}."


def _troubles(watch: Watch, zone: ZoneInfo) -> Iterator[str]:
    if not watch.open_incidents:
        yield from ("Nothing is wrong now.", "")
    for incident in watch.open_incidents:
        yield from incident_lines(incident, zone)
    for rule, mute in watch.muted.items():
        why = f": {said_in_quotes(mute.reason)}" if mute.reason else ""
        yield f"Rule `{rule}` is muted until {clock(mute.until, zone)} and does nothing, by {mute.by}{why}."
    if watch.muted:
        yield ""


def _over(watch: Watch, zone: ZoneInfo) -> Iterator[str]:
    """The latest incidents that have ended."""
    ended = [one for one in watch.incidents if one.resolved_at is not None and not one.is_shadow]
    if not ended:
        return
    yield from ("### What is over", "")
    for one in ended[-SHOWN_ENDED:]:
        how = ENDS[one.resolution] if one.resolution else "it ended"
        span = f"{clock(one.opened_at, zone)} until {clock(one.resolved_at, zone)}"
        yield f"- {said_in_quotes(one.says)} (`{public_name(one.rule)}`): {span}, {how}"
    yield ""


def _next(state: State, wake: Wake | None, zone: ZoneInfo) -> str:
    if state.ended_at is not None:
        return f"It is closed, nothing more happens. {KEPT[outcome_of(state)['first_promise']]}"
    if wake is None:
        return "Nothing is due by time alone; we wait for what is reported."
    if state.watch.final_since is not None and wake.because == CORRECTIONS:
        return f"Until **{clock(wake.at, zone)}** a mistake can still be corrected; then it is closed."
    return f"If nothing is reported before, we look again at **{clock(wake.at, zone)}**: {because(wake)}."


CORRECTIONS = "the time for corrections ends"

KEPT = {
    "kept": "The first promise was kept.",
    "missed": "The first promise was missed.",
    "not_delivered": "It was not delivered.",
}
