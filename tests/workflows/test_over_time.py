"""What happens to an open incident over time, on a real Temporal server."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.incident import Resolution
from domain.instant import DAY, HOUR, SECOND, Span
from rules.book import Ladder, LadderStep, Limit, QuietHours, Repeat, Step
from rules.tree import Absent, Clock, EventPattern
from tests.temporal import temporal_server
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, stage
from tests.workflows.test_delivery import acted, ended, is_open, seconds_between
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER

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


def asked_at(snapshot: dict[str, Any]) -> dict[str, str]:
    """When each step was asked for, by its path."""
    return {act["key"].split("/", 4)[4]: act["asked_at"] for act in snapshot["actions"]}


@pytest.mark.alone
async def test_each_step_of_an_escalation_comes_within_a_second(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(FORGOTTEN)) as on:
        delivery_id, _, opened_at = await opened(on)

        snapshot = await on.until(delivery_id, lambda seen: "escalate.1.do.0/1" in asked_at(seen))

        asked = asked_at(snapshot)
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


def quiet_for(span: Span) -> QuietHours:
    """Quiet hours that have begun a while ago and end soon, by the clock of UTC."""
    today = int(datetime.now(UTC).timestamp() * 1000) % DAY
    return QuietHours(("notify",), (today - HOUR) % DAY, (today + span) % DAY)


async def test_a_message_in_quiet_hours_is_sent_once_when_they_end_though_the_delivery_goes_on_as_new() -> None:
    quiet = a_rule("quiet", FAILED, do=(TELL, TICKET), quiet_hours=quiet_for(5 * SECOND), clock=Clock.UTC)
    async with (
        temporal_server("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30") as environment,
        stage(environment.client, a_book(quiet)) as on,
    ):
        delivery_id = await on.start()
        first_run = (await on.deliveries.handle(delivery_id).describe()).run_id
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        waiting = await on.until(delivery_id, acted("open_ticket", "done"))
        for number in range(30):
            await on.deliveries.report(delivery_id, [an_event("note", event_id=f"n{number}")])

        sent = await on.until(delivery_id, acted("notify.customer", "done"))

        put_off = next(act for act in waiting["actions"] if act["action"] == "notify.customer")
        told = next(act for act in sent["actions"] if act["action"] == "notify.customer")
        assert put_off["outcome"] == "deferred"
        assert put_off["note"].startswith("quiet hours until")
        assert waiting["next_wake"]["at"] == put_off["until"]
        assert 0 <= seconds_between(put_off["until"], told["asked_at"]) < 1
        assert (await on.deliveries.handle(delivery_id).describe()).run_id != first_run
        assert sorted(on.recorder.done()) == sorted({*on.recorder.done()})


async def test_a_delivery_that_has_ended_lives_until_its_last_message_is_sent(temporal: WorkflowEnvironment) -> None:
    quiet = a_rule("quiet", FAILED, on_resolve={"final": (TELL,)}, quiet_hours=quiet_for(3 * SECOND), clock=Clock.UTC)
    async with stage(temporal.client, a_book(quiet)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, is_open("quiet"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        waiting = await on.until(delivery_id, acted("notify.customer", "deferred"))

        result = await ended(on, delivery_id)

        assert waiting["status"] == result["status"] == "delivered"
        assert len(on.recorder.done()) == 1


async def test_what_goes_beyond_a_limit_is_withheld_and_seen(temporal: WorkflowEnvironment) -> None:
    limited = a_rule("limited", FAILED, do=(TELL, TELL), limits=(Limit("customer_message", 1, HOUR),))
    async with stage(temporal.client, a_book(limited)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert [(act["outcome"], act["note"]) for act in snapshot["actions"]] == [
            ("done", "done"),
            ("withheld", "limit: at most 1 customer message within 1h"),
        ]
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
        assert "limited: notify.customer withheld: limit: at most 1 customer message within 1h" in [e["what"] for e in timeline]


async def test_a_delivery_lives_as_long_as_a_rule_may_open_after_its_end(temporal: WorkflowEnvironment) -> None:
    done = EventPattern("delivered")
    late = a_rule("late", Absent(EventPattern("proof"), 2 * SECOND, done), after_final=True, final_grace=3 * SECOND, do=(TELL,))
    async with stage(temporal.client, a_book(late)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("delivered")])

        result = await ended(on, delivery_id)

        assert result["incidents"] == 1
        assert len(on.recorder.done()) == 1


@pytest.mark.parametrize("silence", [SECOND, 3 * SECOND], ids=["before-the-last-instant", "at-the-last-instant"])
async def test_what_is_open_when_the_grace_ends_is_resolved_before_the_workflow_ends(
    temporal: WorkflowEnvironment, silence: Span
) -> None:
    unproven = Absent(EventPattern("proof"), silence, EventPattern("delivered"))
    keys: dict[str, Any] = {"after_final": True, "do": (TICKET,), "on_resolve": {"final": (LEAD,)}}
    async with stage(temporal.client, a_book(a_rule("no-proof", unproven, **keys), final_grace=3 * SECOND)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("delivered")])

        result = await ended(on, delivery_id)

        snapshot, copy = await on.snapshot(delivery_id), on.paper.copies[-1]
        history = await on.deliveries.handle(delivery_id).fetch_history()
        replayer = Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER)
        assert result["incidents"] == 1
        assert [(incident["rule"], incident["resolution"]) for incident in snapshot["incidents"]] == [("no-proof", "final")]
        assert all(acted(action, "done")(snapshot) for action in ("open_ticket", "notify.shift-lead", "update_ticket"))
        assert copy.finished_at is not None
        assert copy.open_incidents == ()
        assert [incident.resolution for incident in copy.incidents] == [Resolution.FINAL]
        assert (await replayer.replay_workflow(history)).replay_failure is None


async def test_what_the_forecast_says_then_happens_with_no_other_event_coming(temporal: WorkflowEnvironment) -> None:
    unseen = Absent(EventPattern("scan"), 2 * SECOND, EventPattern("out_for_delivery"))
    steps = (LadderStep(2 * SECOND, (LEAD,)),)
    silent = a_rule("silent", unseen, hold=SECOND, do=(TELL,), escalate=Ladder(steps, ("acknowledged",)))
    async with stage(temporal.client, a_book(silent)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])

        foreseen = await on.deliveries.query(delivery_id, "forecast", {"rule": "silent"})

        seen = await on.until(delivery_id, acted("notify.shift-lead", "done"))
        assert [(one["what"], one.get("action")) for one in foreseen["to_come"]] == [
            ("opens", None),
            ("done", "notify.customer"),
            ("escalates", None),
            ("done", "notify.shift-lead"),
        ]
        assert " unless acknowledged" in foreseen["to_come"][2]["says"]
        asked = {act["action"]: act["asked_at"] for act in seen["actions"]}
        happened = [seen["open_incidents"][0]["opened_at"], asked["notify.customer"], asked["notify.shift-lead"]]
        due = [one["at"] for one in foreseen["to_come"] if one["what"] != "escalates"]
        assert all(0 <= seconds_between(expected, really) < 1 for expected, really in zip(due, happened, strict=True))


async def test_a_forecast_of_a_rule_that_there_is_not_names_those_that_there_are(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(FORGOTTEN)) as on:
        delivery_id = await on.start()

        with pytest.raises(LookupError, match="has no rule nothing; it has: forgotten"):
            await on.deliveries.query(delivery_id, "forecast", {"rule": "nothing"})
