"""`doorstep fleet import`: how routes, drivers and carriers come into the store."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.errors import InputError
from cli.fleet import take_over
from cli.fleet_file import read_fleet
from domain.contact import Contact
from domain.instant import HOUR, Instant
from domain.route import Break, Point
from settings import Settings
from store.database import Database
from store.drivers import Drivers
from store.plans import Plans
from store.stand_ins import StandIns

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet.json"
EIGHT: Instant = 1_795_413_600_000


def rewritten(tmp_path: Path, **changes: Any) -> Path:
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps({**json.loads(EXAMPLE.read_text()), **changes}))
    return file


async def test_the_example_is_taken_over_and_rerouting_and_reassigning_find_it(
    settings: Settings, sqlite_database: Database
) -> None:
    """Only the demo ever wrote routes: without it, every reroute and reassignment found nobody."""
    code = await take_over(settings, EXAMPLE, "text")

    plan = await Plans(sqlite_database).holding("D-1001", EIGHT)
    assert code == 0
    assert plan is not None
    assert (plan.route_id, plan.driver_id, plan.start, plan.skills) == ("R12", "V7", Point(60.285, 24.96), ("fridge",))
    assert plan.stops[0].latest == EIGHT + 8 * HOUR
    assert plan.breaks == (Break(EIGHT + 3 * HOUR, EIGHT + 5 * HOUR, HOUR // 2),)
    assert [stop.priority for stop in plan.stops] == [0, 50]
    assert [other.route_id for other in await Plans(sqlite_database).others(plan, EIGHT)] == ["R13"]
    assert [backup.cost_cents for backup in await StandIns(sqlite_database).backups("acme", "north-2")] == [900]
    assert await StandIns(sqlite_database).backups("acme", "south-1") == []
    assert await Drivers(sqlite_database).contact("V7") == Contact("v7@example.test", "+358401234567")


async def test_the_same_file_again_changes_nothing(
    settings: Settings, sqlite_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await take_over(settings, EXAMPLE, "text")
    before = await Plans(sqlite_database).holding("D-1001", EIGHT)
    capsys.readouterr()

    await take_over(settings, EXAMPLE, "json")

    assert await Plans(sqlite_database).holding("D-1001", EIGHT) == before
    assert json.loads(capsys.readouterr().out) == {"drivers": 2, "carriers": 2, "new": [], "changed": [], "known": ["R12", "R13"]}


async def test_other_stops_are_the_next_version_of_the_plan(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    await take_over(settings, EXAMPLE, "text")
    route, other = json.loads(EXAMPLE.read_text())["routes"]
    route["stops"].reverse()

    await take_over(settings, rewritten(tmp_path, routes=[route, other]), "text")
    await take_over(settings, EXAMPLE, "text")

    plan = await Plans(sqlite_database).holding("D-1001", EIGHT)
    assert plan is not None
    assert plan.version == 2
    assert [stop.delivery_id for stop in plan.stops] == ["D-1002", "D-1001"]


async def test_another_driver_is_taken_over_without_a_new_plan(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    await take_over(settings, EXAMPLE, "text")
    route, _ = json.loads(EXAMPLE.read_text())["routes"]

    await take_over(settings, rewritten(tmp_path, routes=[{**route, "driver": "V8"}]), "text")

    plan = await Plans(sqlite_database).holding("D-1001", EIGHT)
    assert plan is not None
    assert (plan.version, plan.driver_id) == (1, "V8")


async def test_a_driver_whom_nobody_named_is_a_mistake_and_nothing_is_taken_over(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(LookupError, match="nothing was taken over: unknown drivers: V7 of route R12, V8 of route R13"):
        await take_over(settings, rewritten(tmp_path, drivers=[]), "text")

    assert await Plans(sqlite_database).holding("D-1001", EIGHT) is None
    assert await StandIns(sqlite_database).backups("acme", "north-2") == []


def test_the_same_in_yaml() -> None:
    text = """
service_date: 2026-11-23
drivers: [{id: V7, name: Aino, carrier: acme}]
routes:
  - {id: R1, carrier: acme, driver: V7, start: {lat: 60.2, lon: 24.9}, leaves_at: 2026-11-23T08:00:00+02:00}
"""

    fleet = read_fleet(text.encode(), "fleet.yaml")

    assert (fleet.plans[0].service_date, fleet.plans[0].leaves_at) == ("2026-11-23", EIGHT)


def test_every_mistake_is_shown_at_once() -> None:
    text = b"""{"drivers": [{"id": "V 7", "name": "A", "carrier": "acme", "phne": "+358401234567"}],
        "carriers": [{"id": "zipvan", "cost_per_drop": "nine"}],
        "routes": [{"id": "R1", "carrier": "acme", "start": {"lat": 160, "lon": 24.9}, "leaves_at": "2026-11-23T08:00:00"}]}"""

    with pytest.raises(InputError, match=r"drivers\.0\.id") as raised:
        read_fleet(text, "fleet.json")

    said = str(raised.value)
    places = ("drivers.0.phne", "carriers.0.cost_per_drop", "routes.0.start.lat", "routes.0.leaves_at")
    assert [place for place in places if place not in said] == []
    assert all(line.startswith("fleet.json: ") for line in said.splitlines())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[1", "neither JSON nor YAML", id="neither"),
        pytest.param("{bad", "neither JSON nor YAML", id="broken JSON"),
        pytest.param("[]", "Input should be an object", id="a list"),
        pytest.param("drivers: [{id: V, name: A, carrier: c}, {id: V, name: B, carrier: c}]", "V is there 2 times", id="twice"),
        pytest.param(
            "routes: [{id: R, carrier: c, start: {lat: 1, lon: 1}, leaves_at: 2026-11-23T08:00:00Z}]",
            "service_date: is needed with routes",
            id="no date",
        ),
    ],
)
def test_what_cannot_be_a_fleet_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_fleet(text.encode(), "fleet")
