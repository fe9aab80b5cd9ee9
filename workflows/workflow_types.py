"""Every workflow type, in one list: what workers run and what replays check."""

from workflows.assignment import Assignment
from workflows.delivery import Delivery
from workflows.disruption import Disruption
from workflows.feed import Feed
from workflows.route import Route

WORKFLOW_TYPES: tuple[type, ...] = (Delivery, Route, Assignment, Disruption, Feed)
