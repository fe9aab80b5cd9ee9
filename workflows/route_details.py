"""The current details of a route in the Temporal UI: markdown that can be read aloud, by the clock of its depot. Pure."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from domain.instant import Instant
from domain.replanning import Answered
from workflows.route_plan import RouteState
from workflows.words import OUTCOMES, clipped, clock, deed_name, said_in_quotes, zone_of

SHOWN_ANSWERS = 20


def details_of(state: RouteState) -> str:
    """Whether somebody waits for a plan, which one is in force, what was answered, and when the day ends."""
    zone = zone_of(state.timezone)
    lines = [f"## Route {state.route_id} on {state.service_date}", "", _waiting(state), _plan(state, zone)]
    if state.dispatch:
        lines.append(f"{said_in_quotes(state.dispatch[0].upper() + state.dispatch[1:])}.")
    if state.answers:
        lines += ["", "### What deliveries were answered", ""]
        lines += [_answer(at, answer, zone) for at, answer in reversed(state.answers[-SHOWN_ANSWERS:])]
    lines += ["", "### What happens next", ""]
    lines.append(
        f"What deliveries ask for is planned at once. The day ends at **{clock(state.ends_at, zone)}** ({state.timezone})."
    )
    if state.rejections.count:
        said = said_in_quotes(state.rejections.last[-1])
        lines.append(f"Messages that could not be used: {state.rejections.count}; the last: {said}")
    return clipped("\n".join(lines))


def _waiting(state: RouteState) -> str:
    if not state.waiting:
        return "No delivery waits for an answer."
    return f"Deliveries that wait for an answer: {', '.join(sorted({one.request.delivery_id for one in state.waiting}))}."


def _plan(state: RouteState, zone: ZoneInfo) -> str:
    if not state.version:
        return "The plan has not been looked at yet."
    return " ".join((f"Version {state.version} of the plan is in force.", *_stops(state, zone)))


def _stops(state: RouteState, zone: ZoneInfo) -> Iterator[str]:
    if not state.stops:
        yield "All of its stops are done."
        return
    first = state.stops[0]
    yield f"Stops to come: {len(state.stops)}, the next for {first.delivery_id} at {clock(first.eta, zone)}."


def _answer(at: Instant, answer: Answered, zone: ZoneInfo) -> str:
    note = f" ({said_in_quotes(answer.note)})" if answer.note else ""
    return f"- {clock(at, zone)}, {answer.delivery_id}: {deed_name(answer.action)}: {OUTCOMES[answer.outcome]}{note}"
