"""The actions that a rule may ask for: their names, their arguments, what they are handed and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from domain.event import Event
from domain.instant import HOUR, Instant, Span
from domain.order import Customer, Destination


class Outcome(StrEnum):
    """What came of an action. Only `started`, `deferred`, `proposed`, `asked` and `requested` are no end."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    NO_HELP = "no_help"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    WOULD = "would"
    """A shadow rule would have done it; nothing was done."""
    DEFERRED = "deferred"
    """It waits for the end of quiet hours."""
    WITHHELD = "withheld"
    """It would have gone beyond a limit, and is not done."""
    DROPPED = "dropped"
    """Quiet hours, or a question to a person, kept it back, and it is not done any more."""
    PROPOSED = "proposed"
    """It waits for a person who approves it."""
    MUTED = "muted"
    """Its rule was muted, and it is not done any more."""
    ASKED = "asked"
    """The customer was asked, and has not answered yet."""
    REQUESTED = "requested"
    """Another workflow was asked to do it, and has not said yet what came of it: see rules.requests."""

    @property
    def helped(self) -> bool:
        return self in (Outcome.DONE, Outcome.WOULD)

    @property
    def ended(self) -> bool:
        return self not in (Outcome.STARTED, Outcome.DEFERRED, Outcome.PROPOSED, Outcome.ASKED, Outcome.REQUESTED)

    @property
    def calls_for_otherwise(self) -> bool:
        """Whether it failed or could not help. What was kept back on purpose leaves it at that."""
        return self in (Outcome.FAILED, Outcome.NO_HELP, Outcome.DECLINED, Outcome.UNANSWERED)


IN_MS: Mapping[str, str] = {"unit": "ms"}
"""Marks an argument that rulebooks write as a duration and actions are handed in milliseconds."""

Channel = Literal["email", "sms", "whatsapp"]
Way = Literal["email", "sms", "whatsapp", "slack", "webhook"]
"""How people are told: by the channels that rules name, and by those that directory.yaml gives for people of ours."""

OF_STAFF: tuple[Way, ...] = ("email", "sms", "slack", "webhook")
"""How drivers and our own people may be told. WhatsApp wants everybody's consent, which only an order tells of."""

ON_CALL = "on-call"
"""Whoever is on call now; each time that an incident pages them, the next one."""
Fallback = Literal["nearby_driver", "backup_carrier"]
BACKUP_CARRIER: Fallback = "backup_carrier"
"""The one that costs something."""
TicketPriority = Literal["low", "normal", "high", "urgent"]


@dataclass(frozen=True, slots=True)
class Notify:
    """Tells somebody. `who` is customer, driver or a person of directory.yaml; every channel named is used, where an address is
    known. If none of them reaches anybody, the others on which they may be written to are tried in turn."""

    who: str
    template: str
    channels: tuple[Channel, ...] = ("email",)


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Opens a ticket at a desk's queue, or updates the one that the incident has. `title` and `body` are Liquid.

    Without a `priority` the ticket has that of the incident's severity.
    """

    queue: str
    priority: TicketPriority | None = None
    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Reroute:
    """Puts the remaining stops of the delivery's route into a better order. Helps only if the plan gets better for this delivery or,
    where kilometres are to be saved, for the driver."""

    optimise: Literal["remaining_stops"] = "remaining_stops"
    max_added_minutes: int | None = None
    objective: Literal["on_time", "priority", "distance"] = "on_time"


@dataclass(frozen=True, slots=True)
class Reassign:
    """Gives the delivery to somebody else, trying the kinds in `to` in turn.

    With `accept_within` they are asked, `at_once` of them at a time, and each has so long to answer; without it they are told.
    Who is known to have no stop before this one keeps it, unless `even_on_last_leg`.
    """

    to: tuple[Fallback, ...] = ("nearby_driver", "backup_carrier")
    accept_within: Span | None = field(default=None, metadata=IN_MS)
    never_back_to_same: bool = True
    at_once: int = field(default=1, metadata={"least": 1, "most": 20})
    even_on_last_leg: bool = False


Driver = Literal["nearby_driver"]


@dataclass(frozen=True, slots=True)
class ReassignRoute:
    """Gives all that is left on the delivery's route, whose van has broken down, to other drivers of its carrier."""

    to: tuple[Driver, ...] = ("nearby_driver",)


LIQUID: Mapping[str, bool] = {"liquid": True}
"""Marks an argument whose text, or each of whose texts, is Liquid."""


ANSWER_WITHIN: Span = 2 * HOUR
"""How long an answer is waited for if the rule does not say."""


@dataclass(frozen=True, slots=True)
class AskCustomer:
    """Asks the customer, and waits for an answer. `answers` are the replies that count, any if there are none; who has not
    answered `answer_within` is asked no further: the steps of `unanswered` are then done."""

    template: str
    answers: tuple[str, ...] = ()
    answer_within: Span = field(default=ANSWER_WITHIN, metadata=IN_MS)
    channels: tuple[Channel, ...] = ("sms", "email")


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Posts the incident and the delivery, signed, to an endpoint of directory.yaml. `data` goes along."""

    endpoint: str
    event: str = "incident"
    data: Mapping[str, str] = field(default_factory=dict, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class Emit:
    """Tells the order system that something happened. `data` goes along."""

    type: str
    data: Mapping[str, str] = field(default_factory=dict, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class RequestNewAttempt:
    """Asks the carrier to try again."""

    note: str | None = field(default=None, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class HoldAtHub:
    """Asks the carrier to keep the parcels at a hub, at the delivery's own unless it is named."""

    hub: str | None = None
    note: str | None = field(default=None, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class ChangeToPickupPoint:
    """Asks the carrier to bring the parcels to a pickup point instead: the one named, the order's own, or one that it chooses."""

    point: str | None = None
    note: str | None = field(default=None, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class ReturnToSender:
    """Asks the carrier to bring the parcels back to the sender."""

    note: str | None = field(default=None, metadata=LIQUID)


@dataclass(frozen=True, slots=True)
class UpdateTicket:
    """Tells the ticket of an open incident what has changed; `severity` if it was raised. Rules do not ask for it."""

    lines: tuple[str, ...]
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class SolveTicket:
    """Solves the ticket of a resolved incident. Rules do not ask for it: resolving an incident that has a ticket does."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class AskApprover:
    """Tells whose rulebook it is what a rule proposes, with a link to decide it. Rules do not ask for it.

    `to` is a mail address or a person of directory.yaml; `due_at` the deadline.
    """

    to: str
    proposal_id: str
    actions: tuple[str, ...] = ()
    cost: str | None = None
    due_at: Instant | None = None


ACTION_ARGUMENTS: dict[str, type] = {
    "notify": Notify,
    "open_ticket": OpenTicket,
    "reroute": Reroute,
    "reassign": Reassign,
    "reassign_route": ReassignRoute,
    "ask_customer": AskCustomer,
    "request_new_attempt": RequestNewAttempt,
    "hold_at_hub": HoldAtHub,
    "change_to_pickup_point": ChangeToPickupPoint,
    "return_to_sender": ReturnToSender,
    "call_webhook": CallWebhook,
    "emit": Emit,
}
"""Action -> its argument model. To add an action: a row here, one in activities.ACTIONS, one file in activities/."""

OF_THE_CARRIER = ("request_new_attempt", "hold_at_hub", "change_to_pickup_point", "return_to_sender")
"""Actions that ask the carrier for something."""

QUESTIONS = frozenset({"ask_customer"})
"""Actions that are only begun when they are done: they end with an answer, or with the time for it."""

OF_THE_ROUTE = frozenset({"reroute", "reassign_route"})
"""Actions that a delivery asks the workflow of its route for."""

AWAITED = frozenset({"reassign", *OF_THE_ROUTE, *OF_THE_CARRIER})
"""Actions that what follows in a `do` list waits for, since they change what there is to tell."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What an action's activity is handed.

    `key` is the idempotency key of the effect; `context` holds the values that templates may use.
    """

    key: str
    incident_id: str
    rule: str
    says: str
    severity: str
    delivery_id: str
    generation: int
    args: Mapping[str, Any]
    customer: Customer
    destination: Destination
    carrier: str
    asked_at: Instant
    driver_id: str | None = None
    route_id: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    tried: tuple[str, ...] = ()
    """Channels by which the same message was sent before, and did not arrive."""
    stopped: tuple[str, ...] = ()
    """Channels by which the customer wants no messages; "" stands for all."""
    wrote_at: Instant | None = None
    """When the customer last wrote by WhatsApp, which for a day lets us write freely."""
    turn: int = 0
    """How often those on call were paged before for the incident."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action's activity answers: what came of it, in words, and the events that the delivery learns from it.

    Of what was `requested`, the answer is waited for `answer_within`.
    """

    outcome: Outcome
    note: str = ""
    events: tuple[Event, ...] = ()
    answer_within: Span | None = None
