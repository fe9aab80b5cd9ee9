"""The saved views of the Temporal UI: each query is run by a real server and finds what it says, and a browser shows it."""

from collections.abc import AsyncIterator

import pytest

from cli.views import VIEWS, View, by_zone, of_disruptions
from domain.disruption import Notice
from tests.end_to_end.looking import Ground, looking
from tests.ports import free_port

FOUND = {
    "Late now": {"late"},
    "At risk": {"at_risk"},
    "Awaiting decision": {"asking"},
    "Critical incidents": {"damaged"},
    "High incidents": {"asking", "decided"},
    "Disruptions": {"hub", "feed"},
    "Silent feeds": {"feed"},
    "Offers under way": {"offers"},
    "Failing tasks": {"broken"},
    "Refused orders": {"refused"},
}


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with looking(tmp_path_factory.mktemp("looking"), free_port()) as on:
        yield on


def test_there_is_something_to_find_for_every_view() -> None:
    assert {view.name for view in VIEWS} == set(FOUND)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_view_finds_the_workflows_that_it_speaks_of_and_no_others(ground: Ground, view: View) -> None:
    wanted = {ground.ids[name] for name in FOUND[view.name]}

    assert await ground.found(view.query, wanted) == wanted


async def test_what_is_at_risk_is_found_by_its_zone(ground: Ground) -> None:
    north, south = by_zone(["north-2", "south-1"])

    assert await ground.found(north.query, {ground.ids["at_risk"]}) == {ground.ids["at_risk"]}
    assert await ground.found(south.query, ()) == set()


async def test_the_deliveries_of_a_disruption_are_found_by_their_place(ground: Ground) -> None:
    notices = [Notice("route", "R1", "Kim", 0), Notice("feed", "nobody", "feed", 0), Notice("lane", "HEL-TKU", "Kim", 0)]

    on_route, of_feed = of_disruptions(notices)

    assert await ground.found(on_route.query, {ground.ids["breakdown"]}) == {ground.ids["breakdown"]}
    assert await ground.found(of_feed.query, ()) == set()
