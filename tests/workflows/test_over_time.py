"""What happens to an open incident over time, on a real Temporal server."""

import asyncio
from datetime import datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from domain.instant import SECOND
from rules.book import Ladder, LadderStep, Repeat, Step
from tests.temporal import temporal_server
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, an_event, stage
from tests.workflows.test_delivery import acted, is_open, seconds_between

LEAD = Step("notify", {"who": "shift-lead", "template": "lost-contact"})
FORGOTTEN = a_rule(
    "forgotten",
    FAILED,
    do=(TELL,),
    escalate=Ladder((LadderStep(2 * SECOND, (LEAD,)), LadderStep(4 * SECOND, (TICKET,), Repeat(SECOND, 1))), ("acknowledged",)),
    acknowledge_expires=2 * SECOND,
)


def after(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()


async def opened(on: Stage) -> tuple[str, str, str]:
    """The delivery, its incident and when that opened."""
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    incident = (await on.until(delivery_id, is_open("forgotten")))["open_incidents"][0]
    return delivery_id, incident["incident_id"], incident["opened_at"]


async def test_each_step_of_an_escalation_comes_within_a_second(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(FORGOTTEN)) as on:
        delivery_id, _, opened_at = await opened(on)

        snapshot = await on.until(delivery_id, lambda seen: len(seen["actions"]) == 4)

        asked = {act["key"].split("/", 4)[4]: act["asked_at"] for act in snapshot["actions"]}
        due = {"escalate.0.do.0/0": 2, "escalate.1.do.0/0": 4, "escalate.1.do.0/1": 5}
        assert all(0 <= seconds_between(after(opened_at, seconds), asked[path]) < 1 for path, seconds in due.items())
        assert snapshot["open_incidents"][0]["escalation"] == 2
        assert snapshot["open_incidents"][0]["next"] is None
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
        assert any(entry["what"].startswith("forgotten, escalation 2, repeat 1: open_ticket") for entry in timeline)


async def test_an_acknowledgement_holds_the_escalation_up_until_it_expires(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(FORGOTTEN)) as on:
        delivery_id, incident_id, _ = await opened(on)
        await asyncio.sleep(0.5)
        answer = await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": incident_id, "by": "Kim"})
        seen = (await on.snapshot(delivery_id))["open_incidents"][0]
        why = (await on.deliveries.query(delivery_id, "why", {"rule": "forgotten"}))["rules"][0]

        snapshot = await on.until(delivery_id, acted("notify.shift-lead", "done"))

        lapse = seen["acknowledged_until"]
        assert 1.9 < seconds_between(answer["as_of"], lapse) < 2.1
        assert seen["next"]["at"] == lapse
        assert why["escalation"]["says"] == f"escalates at {lapse} unless acknowledged"
        told = next(act for act in snapshot["actions"] if act["action"] == "notify.shift-lead")
        assert 0 <= seconds_between(lapse, told["asked_at"]) < 1
        assert not snapshot["open_incidents"][0]["acknowledged"]


async def test_an_escalation_goes_on_when_the_delivery_goes_on_as_new() -> None:
    async with (
        temporal_server("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30") as environment,
        stage(environment.client, a_book(FORGOTTEN)) as on,
    ):
        delivery_id, _, opened_at = await opened(on)
        first_run = (await on.deliveries.handle(delivery_id).describe()).run_id
        await on.until(delivery_id, acted("notify.shift-lead", "done"))
        for number in range(30):
            await on.deliveries.report(delivery_id, [an_event("note", event_id=f"n{number}")])

        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        run = (await on.deliveries.handle(delivery_id).describe()).run_id
        ticket = next(act for act in snapshot["actions"] if act["action"] == "open_ticket")
        assert run != first_run
        assert 0 <= seconds_between(after(opened_at, 4), ticket["asked_at"]) < 1
        assert len(on.recorder.done()) == len(set(on.recorder.done()))
