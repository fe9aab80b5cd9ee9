"""Words for people in the Temporal UI: labels of the timeline and what current details are made of. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.actions import Outcome
from domain.instant import Instant, moment
from domain.status import Condition, Status
from rules.book import public_name
from rules.evaluate import Wake
from rules.plan import step_name

LONGEST_LABEL, LONGEST_DETAILS = 200, 18_000
"""Bytes. The server takes labels of 400, the UI shows details of 20,000."""

STATUSES: Mapping[Status, str] = {
    Status.CREATED: "is ordered",
    Status.ASSIGNED: "has a driver",
    Status.PICKED_UP: "has been picked up",
    Status.IN_TRANSIT: "is in transit",
    Status.AT_HUB: "is at a hub",
    Status.OUT_FOR_DELIVERY: "is out for delivery",
    Status.ARRIVED: "has arrived at the door",
    Status.ATTEMPT_FAILED: "could not be handed over",
    Status.ON_HOLD: "is on hold",
    Status.HELD_CUSTOMS: "is held by customs",
    Status.AVAILABLE_FOR_PICKUP: "waits to be picked up",
    Status.PARTIALLY_DELIVERED: "is delivered in part",
    Status.DAMAGED: "is damaged",
    Status.RETURNING: "is on its way back",
    Status.DELIVERED: "is delivered",
    Status.REFUSED: "was refused",
    Status.RETURNED: "is back at the sender",
    Status.CANCELLED: "was cancelled",
    Status.LOST: "is lost",
    Status.EXPIRED: "was given up: nothing more was heard of it",
}

CONDITIONS: Mapping[Condition, str] = {
    Condition.LATE: "late",
    Condition.AT_RISK: "expected too late",
    Condition.EARLY: "expected too early",
    Condition.ON_TIME: "on time",
}

DEEDS: Mapping[str, tuple[str, str]] = {
    "notify": ("tells {who}", "message to {who}"),
    "open_ticket": ("opens a ticket", "a ticket"),
    "update_ticket": ("updates the ticket", "news for the ticket"),
    "solve_ticket": ("solves the ticket", "closing the ticket"),
    "reroute": ("asks for a better order of stops", "a better order of stops"),
    "reassign": ("looks for somebody else to bring it", "somebody else to bring it"),
    "reassign_route": ("looks for others for the whole route", "others for the whole route"),
    "ask_customer": ("asks the customer", "a question to the customer"),
    "ask_approver": ("asks for a decision", "asking for a decision"),
    "request_new_attempt": ("asks the carrier to try again", "a new attempt by the carrier"),
    "hold_at_hub": ("asks the carrier to keep it at a hub", "keeping it at a hub"),
    "change_to_pickup_point": ("asks the carrier for a pickup point", "a pickup point instead"),
    "return_to_sender": ("asks the carrier to take it back", "return to the sender"),
    "call_webhook": ("calls another system", "a call to another system"),
    "emit": ("tells the order system", "news for the order system"),
}
"""Action -> how it is said that it is being done, and what it is called."""

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.STARTED: "under way",
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.NO_HELP: "could not help",
    Outcome.DECLINED: "declined",
    Outcome.UNANSWERED: "not answered in time",
    Outcome.WOULD: "would be done; the rule only watches",
    Outcome.DEFERRED: "waits",
    Outcome.WITHHELD: "not done, it would go beyond a limit",
    Outcome.DROPPED: "not done any more",
    Outcome.PROPOSED: "waits for a decision",
    Outcome.MUTED: "not done, the rule was muted",
    Outcome.ASKED: "asked, no answer yet",
    Outcome.REQUESTED: "asked for, no answer yet",
}

WHO: Mapping[str, str] = {"customer": "the customer", "driver": "the driver"}
"""How they are called whom messages go to; our own people by their names in directory.yaml."""


def order_label(order: Mapping[str, Any]) -> str:
    """What is said of a delivery's workflow whatever becomes of it; the order may be any JSON object."""
    return short(f"watches over delivery {order.get('delivery_id')} of carrier {order.get('carrier')}")


def deed_label(action: str, rule: str, path: str) -> str:
    """The label of an action's activity, `tells the customer: late, escalation 2`; `action` is its public name, `notify.customer`."""
    return short(f"{_deed(action, 0)}: {', '.join(filter(None, (public_name(rule), step_name(path))))}")


def deed_name(action: str) -> str:
    """What an action is called: `message to the customer`."""
    return _deed(action, 1)


def _deed(action: str, form: int) -> str:
    name, _, who = action.partition(".")
    said = DEEDS.get(name)
    return action if said is None else said[form].format(who=WHO.get(who, who or "somebody"))


def timer_label(wake: Wake, zone: ZoneInfo) -> str:
    """The label of a timer: `until Tue 24 Nov 18:12: late opens`."""
    return short(f"until {clock(wake.at, zone)}: {because(wake)}")


def because(wake: Wake) -> str:
    """Why we look again, without the layers that rules were made for: `late opens, silent resolves`."""
    return _LAYER.sub("", wake.because) if "@" in wake.because else wake.because


@lru_cache(maxsize=1_024)
def zone_of(timezone: str) -> ZoneInfo:
    """The zone of a name; UTC if there is none: a label must not stop a workflow."""
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


_LAYER = re.compile(r"@[^\s,:]+")


@lru_cache(maxsize=4_096)
def clock(at: Instant | None, zone: ZoneInfo) -> str:
    """`Tue 24 Nov 18:12`, with seconds where there are some: by the minute is how promises and deadlines are said."""
    if at is None:
        return "unknown"
    when = moment(at).astimezone(zone)
    return when.strftime("%a %d %b %H:%M:%S" if at % 60_000 >= 1_000 else "%a %d %b %H:%M")


def short(text: str) -> str:
    """A label that every server takes."""
    return clipped(text, LONGEST_LABEL)


def clipped(text: str, most: int = LONGEST_DETAILS) -> str:
    """The text, or what of it fits into so many bytes."""
    data = text.encode()
    return text if len(data) <= most else data[: most - 3].decode(errors="ignore") + "..."


def said_in_quotes(text: str) -> str:
    """A text of somebody else in one line of details, so that it cannot look like part of ours."""
    return " ".join(text.split()).translate(_MARKS)


_MARKS = str.maketrans(dict.fromkeys("*`#<>[]|", ""))
