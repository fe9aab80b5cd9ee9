"""The current details of disrupted places and feeds in the Temporal UI: markdown that can be read aloud. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from domain.feed import Expected, FeedLook
from domain.instant import Instant
from rules.evidence import in_words
from workflows.notices import Open
from workflows.words import clipped, clock, said_in_quotes, zone_of

UTC = ZoneInfo("UTC")

ATTRIBUTES: Mapping[str, str] = {"hub": "Hub", "zone": "Zone", "carrier": "Carrier", "feed": "Carrier", "route": "RouteId"}
"""Scope -> the search attribute by which the deliveries of a place are found."""


def place_details(under_way: Sequence[Open], said: Mapping[int, str]) -> str:
    """What is open on a place; `said` is what became of telling operations, by the number of a disruption."""
    lines = [line for one in under_way for line in _disruption(one, said.get(one.number))]
    if not lines:
        lines = ["## Nothing is open here any more", "", *(f"Operations: {said_in_quotes(one)}." for one in said.values())]
    return clipped("\n".join(lines))


def _disruption(one: Open, said: str | None) -> Iterator[str]:
    notice, zone = one.notice, zone_of(one.timezone)
    yield from (f"## {said_in_quotes(notice.says)}", "")
    note = f' ("{said_in_quotes(notice.note)}")' if notice.note else ""
    yield f"Since **{clock(notice.opened_at, zone)}** ({one.timezone}). Declared by {said_in_quotes(notice.declared_by)}{note}."
    if one.affected.count:
        first = f", among them {', '.join(one.affected.first[:5])}" if one.affected.first else ""
        yield f"When it opened there were {one.affected.count} open deliveries on it{first}."
    else:
        yield "When it opened there were no open deliveries on it."
    if said is not None:
        yield f"Operations: {said_in_quotes(said)}."
    yield from ("", "### What happens next", "", _end(one, zone))
    if notice.scope in ATTRIBUTES:
        query = f'{ATTRIBUTES[notice.scope]}="{notice.key}" AND ExecutionStatus="Running"'
        yield f"Its deliveries, in the list of workflows: `{said_in_quotes(query)}`"
    yield ""


def _end(one: Open, zone: ZoneInfo) -> str:
    """When it ends, and what that does."""
    notice = one.notice
    if notice.scope == "feed":
        ends = "It ends as soon as the feed is heard of again"
    elif notice.rule is not None:
        ends = f"It ends when the deliveries that rule `{notice.rule}` brought together are well again"
    else:
        ends = f"It ends as soon as somebody closes it (`doorstep disruption close {said_in_quotes(notice.place)}`)"
    if notice.closes_at is not None:
        ends = f"{ends}, at **{clock(notice.closes_at, zone)}** at the latest"
    return f"{ends}. The deliveries that have a rule about it are then called to look again."


def feed_details(expected: Expected, seen: FeedLook | None, looks_at: Instant | None) -> str:
    """Whether a feed reports; `looks_at` is when it will be looked at next if nothing is heard of it."""
    last = seen.last_seen if seen is not None else None
    is_silent = seen is not None and seen.is_silent
    state = "is silent" if is_silent else "reports" if last is not None else "has never been heard of"
    lines = [f"## Feed {expected.source} {state}", "", f"It should report every {in_words(expected.cadence)}."]
    if last is not None:
        lines[-1] += f" It was heard of last at **{clock(last, UTC)} UTC**."
    if is_silent:
        lines.append(f"That is a disruption: `disruption-feed-{expected.source}`.")
    lines += ["", "### What happens next", "", _feed_next(is_silent, looks_at)]
    return "\n".join(lines)


def _feed_next(is_silent: bool, looks_at: Instant | None) -> str:
    if looks_at is None:
        return "It is watched from its first report on."
    at = f"**{clock(looks_at, UTC)} UTC**"
    if is_silent:
        return f"When it is back, the deliveries that wait for it are called. We look again at {at}, should nobody say so before."
    return f"If nothing is heard of it by {at}, it counts as silent."
