"""Tickets at a desk that takes signed calls."""

from collections.abc import AsyncIterator

import pytest

from domain.endpoint import Endpoint
from domain.instant import Instant
from domain.sending import Unsent
from domain.ticket import Filed, TicketDraft, TicketNews, TicketNote
from integrations.tickets.webhook import ENDPOINT, WebhookDesk
from integrations.webhooks.sender import Webhooks
from integrations.webhooks.signature import signed_headers
from tests.endpoints import Recorder, recording

NOW: Instant = 1_795_413_600_000
SECRET = "between-desk-and-doorstep"
DRAFT = TicketDraft("D-1:1:late:2", "D-1", "hub-ops", "high", "No scan", "Call V7.", earlier=("D-1:1:late:1",))


@pytest.fixture
async def other_side() -> AsyncIterator[Recorder]:
    async with recording() as recorder:
        yield recorder


@pytest.fixture
async def desk(other_side: Recorder) -> AsyncIterator[WebhookDesk]:
    desk = WebhookDesk(Webhooks({ENDPOINT: Endpoint(other_side.url, "SECRET")}, {"SECRET": SECRET}.get, lambda: NOW))
    yield desk
    await desk.close()


async def test_a_ticket_is_asked_for_with_all_that_it_says_signed(other_side: Recorder, desk: WebhookDesk) -> None:
    other_side.answer(200, '{"ticket_id": 77}')

    filed = await desk.open(DRAFT, key="K1", now=NOW)

    (call,) = other_side.calls
    signed = signed_headers(SECRET, call.headers["webhook-id"], NOW, call.body)
    assert filed == Filed("77", "hub-ops", TicketNews.OPENED)
    assert call.json == {
        "type": "ticket.open",
        "timestamp": "2026-11-23T06:00:00Z",
        "data": {
            "external_id": "D-1:1:late:2",
            "queue": "hub-ops",
            "priority": "high",
            "title": "No scan",
            "body": "Call V7.",
            "delivery_id": "D-1",
            "earlier": ["D-1:1:late:1"],
        },
    }
    assert {name: call.headers[name] for name in signed} == signed


async def test_news_and_the_end_name_the_incident_and_each_write_has_one_id_however_often_it_is_sent(
    other_side: Recorder, desk: WebhookDesk
) -> None:
    for _ in range(2):
        told = await desk.update(TicketNote(DRAFT.external_id, "Acknowledged by Ann."), key="K2", now=NOW)
    solved = await desk.solve(DRAFT.external_id, "incident cured", key="K3", now=NOW)

    data = [call.json["data"] for call in other_side.calls]
    assert (told, solved) == (
        Filed("D-1:1:late:2", "the desk", TicketNews.UPDATED),
        Filed("D-1:1:late:2", "the desk", TicketNews.SOLVED),
    )
    assert data[0] == {"external_id": "D-1:1:late:2", "text": "Acknowledged by Ann.", "priority": None}
    assert data[2] == {"external_id": "D-1:1:late:2", "text": "incident cured"}
    assert other_side.ids[0] == other_side.ids[1] != other_side.ids[2]


async def test_what_the_desk_does_not_take_is_said(other_side: Recorder, desk: WebhookDesk) -> None:
    other_side.answer(400)

    assert await desk.open(DRAFT, key="K1", now=NOW) == Unsent("endpoint tickets refused it for good (400)", retry=False)
