"""The saved views of the Temporal UI: each query is run by a real server and finds what it says, and a browser shows it."""

from collections.abc import AsyncIterator

import pytest

from cli.views import VIEWS, View, by_zone, link, of_disruptions
from docs.screenshots.camera import browser, chromium, shown
from domain.disruption import Notice
from domain.links import Links
from store.database import Database
from tests.end_to_end.looking import Ground, looking
from tests.gateway import SECRET, port_of, serving
from tests.ports import free_port
from tests.workflows.stage import from_now
from workflows.clock import wall_clock

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


TOLD = {
    "healthy": ("is ordered", "Nothing is wrong now.", "the promised window ends"),
    "late": ("is out for delivery, late", "Promised by **", "nobody has said when"),
    "late_and_there": ("is delivered, late", "it ended at **", "a mistake can still be corrected"),
    "at_risk": ("is ordered, expected too late", ", 20 minutes after that"),
    "asking": ("it says asking", "**to be decided**: message to the customer", "If nobody decides by ", "it is dropped"),
    "decided": ("message to the customer, done",),
    "damaged": ("severity critical", "nobody has said yet that they look after it"),
    "breakdown": ("driver V1, route R1", "somebody else to bring it, asked for, no answer yet, until "),
    "offers": ("Rule `breakdown` asks for it", "driver V2 was asked, until **", "If V2 does not answer by **", "Each has 1 hour"),
    "hub": (": down", "(Europe/Helsinki)", 'Declared by Kim ("no power")', "doorstep disruption close hub:", "at the latest"),
    "feed": ("feed acme: silent", "as soon as the feed is heard of again", 'Carrier="acme"'),
    "refused": ("The order was not accepted", "may be sent again"),
}
"""Workflow -> what a support agent reads aloud of it."""


@pytest.mark.parametrize("name", TOLD)
async def test_current_details_say_how_it_stands_and_what_comes_next(ground: Ground, name: str) -> None:
    told = await ground.details(name, *TOLD[name])

    assert [part for part in TOLD[name] if part not in told] == []
    assert [part for part in ("Aino", "aino@", "+358") if part in told] == []


@pytest.mark.skipif(chromium() is None, reason="no Chromium; on Debian: apt-get install chromium")
async def test_a_browser_shows_a_saved_view_and_the_customers_page(ground: Ground, sqlite_database: Database) -> None:
    late, view = ground.ids["late"].removeprefix("delivery-"), next(view for view in VIEWS if view.name == "Late now")
    async with serving(sqlite_database, port_of(ground.server)) as gateway, browser() as opened:
        await gateway.copied({"delivery_id": late, "promised": {"end": from_now(minutes=-30)}})
        track = (Links(str(gateway.client.base_url).rstrip("/"), SECRET).tracking(late, wall_clock())) or ""
        page = await opened.new_page()

        await page.goto(link(view, ground.ui))
        await shown(page, "Late now", f"delivery-{late}")
        listed = await page.inner_text("body")
        await page.goto(track)
        await shown(page, f"Delivery {late}")
        tracked = await page.inner_text("body")

    assert ground.ids["late_and_there"] not in listed
    assert "Hello Aino" in tracked
    assert "On the van, on its way to you" in tracked
