"""A ticket and its incident, on a real Temporal server: what the ticket is told, and what a desk may do."""

from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from intake.tickets import TicketDoor
from integrations.webhooks.signature import signed_headers
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import Stage, an_event, stage
from tests.workflows.test_delivery import acted, is_open
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER

SECRET = "between-desk-and-doorstep"


def told(on: Stage) -> list[str]:
    """All that the ticket was told, in order."""
    return [line for request in on.recorder.requests if "lines" in request.args for line in request.args["lines"]]


async def changed(on: Stage, incident_id: str, status: str, id: str) -> dict[str, Any]:
    """What the door answers to a change at the desk."""

    async def connected() -> Deliveries:
        return on.deliveries

    app, body = FastAPI(), f'{{"external_id": "{incident_id}", "status": "{status}", "by": "Ann"}}'.encode()
    app.add_api_route("/door", TicketDoor("webhook", SECRET, "", connected, wall_clock).changed, methods=["POST"])
    headers = {"Content-Type": "application/json", **signed_headers(SECRET, id, wall_clock(), body)}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        answer = await client.post("/door", content=body, headers=headers)
    assert answer.status_code == 202
    return dict(answer.json())


async def test_what_is_done_at_the_desk_reaches_the_incident_once_and_the_ticket_hears_what_changed(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, acted("update_ticket", "done"))
        incident_id = f"{delivery_id}:1:attempt:1"

        first = await changed(on, incident_id, "acknowledged", "msg_1")
        again = await changed(on, incident_id, "acknowledged", "msg_1")
        seen = await on.until(delivery_id, lambda _: "Acknowledged by Ann." in told(on))
        solved = await changed(on, incident_id, "solved", "msg_2")
        late = await changed(on, incident_id, "solved", "msg_3")
        after = await on.until(delivery_id, acted("solve_ticket", "done"))
        history = await on.deliveries.handle(delivery_id).fetch_history()

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )
    assert told(on) == ["notify.customer: done (done)", "Acknowledged by Ann."]
    assert (first, again, solved["taken"], late["taken"]) == (*[{"taken": True, "update": "acknowledge"}] * 2, True, False)
    assert seen["open_incidents"][0]["acknowledged"]
    assert not is_open("attempt")(after)
    assert after["incidents"][0]["resolution"] == "handled"
    assert replayed.replay_failure is None
