"""ACTIVITIES: which activity does each action. To add an action: a row here, one in domain.actions, one file beside this."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from activities.ask_approver import AskingApprovers
from activities.ask_carrier import AskingCarriers
from activities.ask_customer import Asking
from activities.call_webhook import Calling
from activities.notify import Notifying
from activities.open_ticket import Ticketing
from activities.reassign import Reassigning
from activities.reroute import Rerouting
from domain.actions import ActionRequest, ActionResult

Activity: TypeAlias = Callable[[Any, ActionRequest], Awaitable[ActionResult]]

ACTIVITIES: dict[str, Activity] = {
    "notify": Notifying.notify,
    "open_ticket": Ticketing.open_ticket,
    "update_ticket": Ticketing.update_ticket,
    "solve_ticket": Ticketing.solve_ticket,
    "reroute": Rerouting.reroute,
    "reassign": Reassigning.reassign,
    "reassign_route": Rerouting.reassign_route,
    "ask_customer": Asking.ask_customer,
    "request_new_attempt": AskingCarriers.request_new_attempt,
    "hold_at_hub": AskingCarriers.hold_at_hub,
    "change_to_pickup_point": AskingCarriers.change_to_pickup_point,
    "return_to_sender": AskingCarriers.return_to_sender,
    "ask_approver": AskingApprovers.ask_approver,
    "call_webhook": Calling.call_webhook,
    "emit": Calling.emit,
}
