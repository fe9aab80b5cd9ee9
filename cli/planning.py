"""Wires what plans routes anew: the doors to their workflows, and the activities of these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from activities.assign import Assigning, Reached
from activities.breakdown import Breakdown
from activities.planning import TravelTimes
from activities.reassign import Reassigning
from activities.reorder import Reordering
from activities.replan_route import Replanning
from activities.reroute import Rerouting
from activities.tell_dispatch import Dispatching
from domain.endpoint import DISPATCH
from domain.route import StandIn
from integrations.routing.closures import Closures, ClosuresError, ClosuresFile
from integrations.routing.learnt import LearntSpeeds
from integrations.routing.solver import VroomSolver
from integrations.routing.travel import GreatCircle
from integrations.routing.valhalla import Valhalla
from integrations.webhooks.sender import Webhooks
from rules.directory import Carrier, Directory
from settings import Settings, SettingsError
from store.database import Database
from store.drives import Drives
from store.ledger import Ledger
from store.plans import Plans
from store.reservations import Reservations
from store.stand_ins import StandIns
from workflows.client import Deliveries as Running
from workflows.clock import wall_clock
from workflows.feeds import WatchedFeeds
from workflows.places import DisruptedPlaces
from workflows.routes import Routes


@dataclass(frozen=True, slots=True)
class WorkflowsRunning:
    """The workflows that activities speak to."""

    deliveries: Running
    routes: Routes
    places: DisruptedPlaces
    feeds: WatchedFeeds


def running_on(client: Client, task_queue: str) -> WorkflowsRunning:
    return WorkflowsRunning(
        Running(client, task_queue),
        Routes(client, task_queue),
        DisruptedPlaces(client, task_queue),
        WatchedFeeds(client, task_queue),
    )


def travel_of(settings: Settings, database: Database) -> LearntSpeeds | Valhalla:
    """The road engine that is set, else the built-in estimate with what was learnt. Raises SettingsError for closures that cannot be read."""
    estimate, url, file = (
        GreatCircle(settings.speed_m_per_hour),
        settings["DOORSTEP_ROUTING_URL"],
        settings["DOORSTEP_ROUTING_CLOSURES"],
    )
    if not url:
        return LearntSpeeds(estimate, Drives(database), wall_clock)
    closures: Callable[[], Closures] = ClosuresFile(Path(file)) if file else Closures
    try:
        closures()
    except ClosuresError as error:
        raise SettingsError(f"DOORSTEP_ROUTING_CLOSURES: {error}") from None
    return Valhalla(url, estimate, closures)


def of_routes(
    settings: Settings,
    database: Database,
    running: WorkflowsRunning,
    stand_ins: StandIns,
    travel: TravelTimes,
    webhooks: Webhooks,
) -> list[object]:
    """The activities by which deliveries ask their routes, and routes answer."""
    plans, ledger, told_from = Plans(database), Ledger(database), settings.tells_eta_from
    rerouting = Rerouting(plans, running.routes, ledger, wall_clock)
    replanning = Replanning(
        plans,
        Reordering(travel, VroomSolver(), told_from),
        Breakdown(plans, stand_ins, travel, told_from),
        running.deliveries,
        ledger,
        wall_clock,
        is_dispatched=webhooks.knows(DISPATCH),
    )
    return [
        rerouting.reroute,
        rerouting.reassign_route,
        replanning.replan_route,
        replanning.give_up_replanning,
        Dispatching(plans, webhooks, ledger, wall_clock).tell_dispatch,
    ]


def stand_ins_of(directory: Directory) -> Mapping[str, Sequence[StandIn]]:
    """The backups that directory.yaml names for each carrier, each with its own cost per drop."""
    return {name: [_stand_in(backup, directory) for backup in row.backup] for name, row in directory.carriers.items()}


def _stand_in(carrier: str, directory: Directory) -> StandIn:
    listed = directory.carriers.get(carrier, Carrier())
    return StandIn(carrier, carrier, listed.cost_per_drop, listed.currency)


def of_takers(
    database: Database, stand_ins: StandIns, travel: TravelTimes, others: Reached, routes: Routes | None
) -> list[object]:
    """The activities that give a delivery to somebody else: at once, or to whoever accepts an offer. `routes`: None where no dispatch
    system is told of new plans."""
    plans, ledger = Plans(database), Ledger(database)
    assigning = Assigning(plans, stand_ins, travel, Reservations(database), others, ledger, wall_clock)
    return [
        Reassigning(plans, stand_ins, travel, ledger, wall_clock, routes).reassign,
        assigning.candidates,
        assigning.offer,
        assigning.commit,
        assigning.withdraw,
    ]
