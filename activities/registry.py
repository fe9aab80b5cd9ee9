"""ACTIVITIES: which activity does each action. To add an action: a row here, one in domain.actions, one file beside this."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from activities.notify import Notifying
from activities.open_ticket import Ticketing
from activities.reassign import Reassigning
from activities.reroute import Rerouting
from domain.actions import ActionRequest, ActionResult

Activity: TypeAlias = Callable[[Any, ActionRequest], Awaitable[ActionResult]]

ACTIVITIES: dict[str, Activity] = {
    "notify": Notifying.notify,
    "open_ticket": Ticketing.open_ticket,
    "solve_ticket": Ticketing.solve_ticket,
    "reroute": Rerouting.reroute,
    "reassign": Reassigning.reassign,
}
