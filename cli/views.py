"""Saved views of the Temporal UI: what operators look for, as links that add the view to their browser when they are opened."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from temporalio.envconfig import ClientConfig

from domain.disruption import Notice
from domain.status import FINAL
from rules.beside import DIRECTORY_FILE
from rules.directory_reader import read_directory_file
from settings import Settings
from store.database import Database
from store.disruptions import Disruptions
from store.errors import StoreError
from store.urls import missing_file
from workflows.attributes import AWAITING, CARRIER, HUB, ROUTE, ZONE
from workflows.clock import wall_clock
from workflows.contract import ASSIGNMENT, DELIVERY, DISRUPTION


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its name, what it finds in words, and the query of Temporal's visibility."""

    name: str
    finds: str
    query: str


def _running(workflow: str) -> str:
    return f'`WorkflowType`="{workflow}" AND `ExecutionStatus`="Running"'


RUNNING = _running(DELIVERY)

ENDED = ", ".join(f'"{status}"' for status in sorted(FINAL))

VIEWS: tuple[View, ...] = (
    View(
        "Late now",
        "the promise has passed, and it is not there",
        f'{RUNNING} AND `DeliveryCondition`="late" AND `DeliveryStatus` NOT IN ({ENDED})',
    ),
    View("At risk", "the ETA is after the promise", f'{RUNNING} AND `DeliveryCondition`="at_risk"'),
    View("Awaiting decision", "a person is to approve or reject something", f'{RUNNING} AND `OpenIncidents`="{AWAITING}"'),
    View("Critical incidents", "with an open incident that is critical", f'{RUNNING} AND `IncidentSeverity`="critical"'),
    View("High incidents", "with an open incident of high severity", f'{RUNNING} AND `IncidentSeverity`="high"'),
    View("Disruptions", "places where something is wrong now", _running(DISRUPTION)),
    View("Silent feeds", "carriers' feeds that should have reported", f'{_running(DISRUPTION)} AND `Scope`="feed"'),
    View("Offers under way", "deliveries that others are asked to take over", _running(ASSIGNMENT)),
    View(
        "Failing tasks",
        "workflows that cannot go on because of a fault in the code or its surroundings; must be empty",
        '`TemporalReportedProblems` IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")',
    ),
    View("Refused orders", "orders that could not be accepted", f'`WorkflowType`="{DELIVERY}" AND `ExecutionStatus`="Failed"'),
)
"""Where to look first, the most urgent first. To add one: a row here."""

PLACES = {"hub": HUB, "zone": ZONE, "carrier": CARRIER, "feed": CARRIER, "route": ROUTE}
"""Scope of a disruption -> the search attribute by which its deliveries are found."""


NAMED = r"[A-Za-z0-9._-]{1,64}"
"""What search attributes hold of places (docs/oms.md)."""


def by_zone(zones: Sequence[str]) -> Iterator[View]:
    """What is at risk, for each zone of directory.yaml."""
    for zone in zones:
        query = f'{RUNNING} AND `DeliveryCondition`="at_risk" AND `Zone`="{zone}"'
        yield View(f"At risk in {zone}", f"the same in zone {zone}", query)


def of_disruptions(notices: Sequence[Notice]) -> Iterator[View]:
    """The deliveries of each place on which something is open, as far as search attributes tell."""
    for place in dict.fromkeys(notice.place for notice in notices):
        scope, _, key = place.partition(":")
        if scope in PLACES and re.fullmatch(NAMED, key):
            yield View(f"On {place}", f"deliveries on {place}", f'{RUNNING} AND `{PLACES[scope].name}`="{key}"')


def link(view: View, ui: str, namespace: str = "default") -> str:
    """The address that opens a view, and saves it in that browser."""
    return f"{ui}/namespaces/{quote(namespace, safe='')}/workflows?query={quote(view.query)}&savedQuery={quote(view.name)}"


async def show_links(settings: Settings, format: str) -> int:
    """`doorstep doctor --links`. What is open is asked of the database; where that is away, its links are left out."""
    zones = read_directory_file(settings.rules / DIRECTORY_FILE).directory.zones
    views = [*VIEWS, *by_zone(zones), *of_disruptions(await _open_disruptions(settings))]
    namespace = ClientConfig.load_client_connect_config().get("namespace") or "default"
    links = {view: link(view, settings.temporal_ui, namespace) for view in views}
    if format == "json":
        told = [{"name": view.name, "finds": view.finds, "query": view.query, "link": url} for view, url in links.items()]
        print(json.dumps(told, indent=2))
        return 0
    print("Views of the Temporal UI. Opening one also saves it in your browser, under Saved Views.\n")
    for view, url in links.items():
        print(f"{view.name}: {view.finds}\n  {url}")
    if os.environ.get("TEMPORAL_ADDRESS") and not settings["DOORSTEP_TEMPORAL_UI"]:
        print("\nTEMPORAL_ADDRESS names another server: set DOORSTEP_TEMPORAL_UI to the address of its UI, for these links.")
    return 0


async def _open_disruptions(settings: Settings) -> Sequence[Notice]:
    if missing_file(settings.database_url):
        return ()
    async with Database(settings.database_url) as database:
        try:
            return await Disruptions(database).open_at(wall_clock())
        except StoreError:
            return ()
