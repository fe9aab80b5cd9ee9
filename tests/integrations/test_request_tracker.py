"""Tickets at the real Request Tracker, and what its people do there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from domain.instant import MINUTE
from domain.sending import Unsent
from domain.ticket import Filed, TicketDraft, TicketNews, TicketNote
from intake.tickets import TicketDoor
from integrations.tickets.request_tracker import RequestTracker
from settings import read_settings
from tests.request_tracker import Running, need_request_tracker, request_tracker
from workflows.clock import wall_clock

SECRET = "between-rt-and-doorstep"
pytestmark = pytest.mark.slow
DRAFT = TicketDraft("D-1:1:late:1", "D-1", "hub-ops", "high", "No scan since 07:55", "Call V7: myöhässä.")


@dataclass
class Asked:
    """Deliveries that take note of what they are asked."""

    updates: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(
        self, delivery_id: str, update: str, request: Mapping[str, Any], update_id: str | None = None
    ) -> dict[str, Any]:
        self.updates.append((delivery_id, update, dict(request)))
        return {"ok": True}


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture(scope="module")
def gateway() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory, gateway: str) -> Iterator[Running]:
    need_request_tracker()
    with request_tracker(tmp_path_factory.mktemp("rt"), free_port(), gateway, SECRET) as running:
        yield running


@pytest.fixture
async def desk(tracker: Running) -> AsyncIterator[RequestTracker]:
    desk = RequestTracker(tracker.url, tracker.token, wall_clock)
    yield desk
    await desk.close()


@pytest.fixture
async def ann(tracker: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who works at the desk."""
    async with httpx.AsyncClient(base_url=f"{tracker.url}/REST/2.0", auth=("ann", "ann-password"), timeout=20) as client:
        yield client


@pytest.fixture
async def heard(gateway: str, tracker: Running) -> AsyncIterator[Asked]:
    """What reaches the deliveries through the gateway's door."""
    asked, app = Asked(), FastAPI()

    async def deliveries() -> Asked:
        return asked

    app.add_api_route("/v1/tickets/rt", TicketDoor("rt", SECRET, "doorstep", deliveries, wall_clock).changed, methods=["POST"])
    server = uvicorn.Server(uvicorn.Config(app, port=int(gateway.rpartition(":")[2]), log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield asked
    server.should_exit = True
    await serving


async def ticket(ann: httpx.AsyncClient, number: str) -> dict[str, Any]:
    return dict((await ann.get(f"/ticket/{number}")).json())


async def texts(ann: httpx.AsyncClient, number: str) -> list[str]:
    """The first line of each text on a ticket."""
    found = await ann.get(f"/ticket/{number}/attachments", params={"fields": "Content", "per_page": "100", "orderby": "id"})
    return [text["Content"].splitlines()[0] for text in found.json()["items"]]


async def opened(desk: RequestTracker, draft: TicketDraft, key: str, in_doubt: bool = False) -> Filed:
    filed = await desk.open(draft, key=key, now=0, in_doubt=in_doubt)
    assert isinstance(filed, Filed), filed
    return filed


async def test_the_life_of_a_ticket_opened_told_raised_moved_solved_and_reopened(
    desk: RequestTracker, ann: httpx.AsyncClient
) -> None:
    draft = replace(DRAFT, external_id="D-1:1:life:1")

    first = await opened(desk, draft, "K1")
    told = await desk.update(TicketNote(draft.external_id, "Severity is critical now.", "urgent"), key="K2", now=0)
    moved = await opened(desk, replace(draft, queue="duty-manager", title="Still gone"), "K3")
    solved = await desk.solve(draft.external_id, "incident cured", key="K4", now=0)
    resolved = await ticket(ann, first.ticket_id)
    again = await opened(desk, replace(draft, external_id="D-1:1:life:2", earlier=(draft.external_id,)), "K5")

    reopened = await ticket(ann, first.ticket_id)
    assert first == Filed(first.ticket_id, "hub-ops", TicketNews.OPENED)
    assert told == Filed(first.ticket_id, "hub-ops", TicketNews.UPDATED)
    assert moved == Filed(first.ticket_id, "duty-manager", TicketNews.UPDATED, moved_from="hub-ops")
    assert solved == Filed(first.ticket_id, "duty-manager", TicketNews.SOLVED)
    assert (resolved["Status"], resolved["Priority"], resolved["Subject"]) == ("resolved", "100", "No scan since 07:55")
    assert again == Filed(first.ticket_id, "hub-ops", TicketNews.REOPENED, moved_from="duty-manager")
    assert (reopened["Status"], reopened["CustomFields"][0]["values"]) == ("open", ["D-1:1:life:2"])
    assert await texts(ann, first.ticket_id) == [
        "Call V7: myöhässä.", "Severity is critical now.", "Still gone", "incident cured", "No scan since 07:55",
    ]  # fmt: skip


async def test_what_a_worker_wrote_that_died_before_it_could_say_so_is_found_and_not_doubled(
    desk: RequestTracker, ann: httpx.AsyncClient
) -> None:
    draft, note = replace(DRAFT, external_id="D-1:1:killed:1"), TicketNote("D-1:1:killed:1", "reroute: could not help")

    for in_doubt in (False, True):
        filed = await opened(desk, draft, "K1", in_doubt)
        await desk.update(note, key="K2", now=0, in_doubt=in_doubt)
        await desk.solve(draft.external_id, "incident cured", key="K3", now=0, in_doubt=in_doubt)
        await desk.open(replace(draft, title="Gone again"), key="K4", now=0, in_doubt=in_doubt)

    assert await texts(ann, filed.ticket_id) == [
        "Call V7: myöhässä.", "reroute: could not help", "incident cured", "Gone again",
    ]  # fmt: skip
    assert (await ticket(ann, filed.ticket_id))["Status"] == "open"


async def test_what_a_person_resolved_is_not_resolved_again(desk: RequestTracker, ann: httpx.AsyncClient) -> None:
    draft = replace(DRAFT, external_id="D-1:1:by-hand:1")
    filed = await opened(desk, draft, "K1")
    await ann.put(f"/ticket/{filed.ticket_id}", json={"Status": "rejected"})

    await desk.solve(draft.external_id, "incident cured", key="K2", now=0)

    assert (await ticket(ann, filed.ticket_id))["Status"] == "rejected"
    assert await texts(ann, filed.ticket_id) == ["Call V7: myöhässä."]


async def test_what_has_no_ticket_is_neither_told_nor_solved(desk: RequestTracker) -> None:
    assert await desk.update(TicketNote("D-9:1:late:1", "news"), key="K", now=0) is None
    assert await desk.solve("D-9:1:late:1", "over", key="K", now=0) is None


async def test_a_ticket_that_is_taken_up_acknowledges_and_one_that_is_resolved_resolves_but_not_by_our_own_hand(
    desk: RequestTracker, ann: httpx.AsyncClient, heard: Asked
) -> None:
    draft = replace(DRAFT, external_id="D-7:1:late:1")
    filed = await opened(desk, draft, "K1")

    await ann.put(f"/ticket/{filed.ticket_id}", json={"Status": "open"})
    await ann.put(f"/ticket/{filed.ticket_id}", json={"Status": "resolved"})
    await opened(desk, draft, "K2")
    await desk.solve(draft.external_id, "incident cured", key="K3", now=0)

    about = {"incident_id": "D-7:1:late:1", "by": "Ann"}
    assert heard.updates == [
        ("D-7", "acknowledge", about),
        ("D-7", "resolve", {**about, "resolution": "handled", "note": ""}),
    ]


async def test_nothing_is_opened_without_the_field_by_which_it_would_be_found_again(tracker: Running) -> None:
    desk = RequestTracker(tracker.url, tracker.token, wall_clock, field="NoSuchField")

    answer = await desk.open(DRAFT, key="K1", now=0)

    await desk.close()
    assert isinstance(answer, Unsent)
    assert answer.reason.startswith("Request Tracker has no custom field NoSuchField for tickets")
    assert (answer.retry, answer.after) == (True, MINUTE)


async def test_an_unknown_queue_is_refused_for_good_and_a_wrong_token_is_somebodys_to_correct(tracker: Running) -> None:
    desk, stranger = (RequestTracker(tracker.url, token, wall_clock) for token in (tracker.token, "1-2-wrong"))

    nowhere = await desk.open(replace(DRAFT, external_id="D-8:1:late:1", queue="nowhere"), key="K1", now=0)
    refused = await stranger.open(DRAFT, key="K1", now=0)

    await desk.close()
    await stranger.close()
    assert nowhere == Unsent("Request Tracker refused it for good (403)", retry=False)
    assert isinstance(refused, Unsent)
    assert (refused.retry, refused.after, "check DOORSTEP_RT_TOKEN" in refused.reason) == (True, MINUTE, True)


async def test_the_doctor_is_told_which_version_answers(desk: RequestTracker, tracker: Running) -> None:
    said = await desk.looked_at()

    assert isinstance(said, str)
    assert said.startswith("answers, version 5")
    assert read_settings({}, Path("none"))["DOORSTEP_RT_FIELD"] == "DoorstepIncident"
