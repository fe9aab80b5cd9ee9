"""A delivery's life on a real Temporal server."""

import asyncio
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import RetryPolicy
from temporalio.testing import WorkflowEnvironment

from domain.actions import ActionRequest, ActionResult, Outcome
from domain.event import Event
from domain.instant import DAY, HOUR, SECOND
from domain.status import Kind
from rules.directory import Calendar, Directory
from rules.tree import All, AnyOf, InCalendar
from tests.temporal import temporal_server
from tests.workflows.books import ATTEMPT, FAILED, LATE, MISSED_SCAN, OUT, TELL, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, an_order, from_now, stage
from workflows.client import RefusedError
from workflows.contract import delivery_workflow_id

Snapshot = dict[str, Any]


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def is_open(rule: str) -> Any:
    return lambda snapshot: rule in [incident["rule"] for incident in snapshot["open_incidents"]]


def all_closed(snapshot: Snapshot) -> bool:
    return bool(snapshot["incidents"]) and not snapshot["open_incidents"]


def acted(action: str, outcome: str) -> Any:
    return lambda snapshot: any(act["action"] == action and act["outcome"] == outcome for act in snapshot["actions"])


async def ended(on: Stage, delivery_id: str) -> dict[str, Any]:
    result: dict[str, Any] = await on.deliveries.handle(delivery_id).result()
    return result


async def test_a_missed_scan_opens_acts_and_is_cured_by_a_scan(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(MISSED_SCAN)) as on:
        delivery_id = await on.start()
        out = a_status("out_for_delivery")
        await on.deliveries.report(delivery_id, [out])

        opened = await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.report(delivery_id, [an_event("scan")])
        cured = await on.until(delivery_id, all_closed)

        incident = opened["open_incidents"][0]
        assert 1.99 <= seconds_between(out["occurred_at"], incident["opened_at"]) < 2.2
        assert cured["incidents"][0]["resolution"] == "cured"
        assert [request.key.split("/", 2)[2] for request in on.recorder.requests[:2]] == [
            "missed-scan/1/do.0/0",
            "missed-scan/1/do.1/0",
        ]


async def test_calendars_with_public_holidays_work_in_the_sandbox(temporal: WorkflowEnvironment) -> None:
    at_any_time = AnyOf((InCalendar("office"), InCalendar("office", negated=True)))
    office = Calendar((0, 1, 2, 3, 4, 5, 6), 0, DAY, "IS")
    book = a_book(a_rule("out", All((OUT, at_any_time)), do=(TELL,)), directory=Directory(calendars={"office": office}))
    async with stage(temporal.client, book) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])

        await on.until(delivery_id, is_open("out"))


async def test_a_rule_opens_within_a_second_of_its_deadline(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(LATE)) as on:
        promised = from_now(seconds=2)
        delivery_id = await on.start(promised={"end": promised})

        late = await on.until(delivery_id, acted("notify.customer", "done"))

        told = next(act for act in late["actions"] if act["action"] == "notify.customer")
        assert late["condition"] == "late"
        assert seconds_between(promised, told["at"]) < 1


async def test_otherwise_runs_when_an_action_could_not_help(temporal: WorkflowEnvironment) -> None:
    def nobody_helps(request: ActionRequest, times: int) -> ActionResult:
        return ActionResult(
            Outcome.NO_HELP if "queue" not in request.args and "who" not in request.args else Outcome.DONE, "so it goes"
        )

    async with stage(temporal.client, a_book(MISSED_SCAN), nobody_helps) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        outcomes = {act["action"]: act["outcome"] for act in snapshot["actions"]}
        assert outcomes | {"update_ticket": "-"} == {
            "reroute": "no_help",
            "reassign": "no_help",
            "open_ticket": "done",
            "notify.customer": "done",
            "update_ticket": "-",
        }


async def test_what_an_action_learns_is_folded_into_the_delivery(temporal: WorkflowEnvironment) -> None:
    def rerouted(request: ActionRequest, times: int) -> ActionResult:
        event = Event(f"{request.key}/eta", Kind.ETA, request.asked_at, request.asked_at, "doorstep", eta=request.asked_at + HOUR)
        return ActionResult(Outcome.DONE, "new order of 5 stops", (event,))

    async with stage(temporal.client, a_book(MISSED_SCAN), rerouted) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])

        snapshot = await on.until(delivery_id, acted("reroute", "done"))

        assert snapshot["eta"] is not None


async def test_an_unreachable_provider_is_seen_in_the_snapshot_and_tried_again(temporal: WorkflowEnvironment) -> None:
    def down_at_first(request: ActionRequest, times: int) -> ActionResult:
        if "template" in request.args and times < 5:
            raise ConnectionError("mail server 127.0.0.1:25 cannot be reached: connection refused")
        return ActionResult(Outcome.DONE, "sent")

    async with stage(temporal.client, a_book(ATTEMPT), down_at_first) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed", reason="consignee_not_home")])

        waiting = await on.until(delivery_id, lambda snapshot: "cannot be reached" in json.dumps(snapshot["actions"]))
        done = await on.until(delivery_id, acted("notify.customer", "done"), within=40)

        told = next(act for act in waiting["actions"] if act["action"] == "notify.customer")
        assert told["outcome"] == "started"
        assert told["note"].startswith("trying again: mail server")
        assert len([act for act in done["actions"] if act["action"] == "notify.customer"]) == 1


async def test_a_final_status_resolves_everything_and_the_result_says_how_it_went(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(MISSED_SCAN, ATTEMPT)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed", reason="consignee_not_home")])
        await on.until(delivery_id, is_open("attempt"))

        await on.deliveries.report(delivery_id, [a_status("delivered")])
        result = await ended(on, delivery_id)
        after = await on.snapshot(delivery_id)

        assert result == {
            "delivery_id": delivery_id,
            "generation": 1,
            "status": "delivered",
            "outcome": {"first_promise": "kept", "last_promise": "kept"},
            "attempts": 1,
            "incidents": 1,
        }
        assert after["incidents"][0]["resolution"] == "final"
        assert on.paper.copies[-1].finished_at is not None
        assert {"open_ticket", "solve_ticket"} <= {act["action"] for act in after["actions"]}


async def test_a_finished_id_is_refused_unless_it_is_reopened(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order()
        await on.deliveries.start(order)
        await on.deliveries.report(order["delivery_id"], [a_status("delivered")])
        await ended(on, order["delivery_id"])

        with pytest.raises(RefusedError, match="has ended") as refused:
            await on.deliveries.start(order)
        accepted = await on.deliveries.start({**order, "reopen": True})

        assert refused.value.type == "AlreadyFinished"
        assert accepted["generation"] == 2


async def test_starting_a_running_delivery_again_joins_it(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order()

        first = await on.deliveries.start(order)
        second = await on.deliveries.start(order)

        assert first == second
        assert first["rulebook_version"] == on.book


async def test_grace_after_the_end_leaves_room_for_a_correction(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT, final_grace=3 * SECOND)) as on:
        delivery_id = await on.start()
        wrong = a_status("delivered")
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery"), wrong])
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "delivered")

        with pytest.raises(RefusedError, match="cannot cancel: the delivery is delivered") as refused:
            await on.deliveries.ask(delivery_id, "cancel", {"by": "ops"})
        await on.deliveries.ask(delivery_id, "correct", {"event_id": wrong["event_id"], "reason": "did_not_occur", "by": "ops"})
        back = await on.snapshot(delivery_id)

        assert refused.value.type == "Finished"
        assert back["status"] == "out_for_delivery"
        assert back["next_wake"]["because"] != "the time for corrections ends"


async def test_people_acknowledge_resolve_reschedule_amend_and_cancel(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start(zone="north-1")
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        incident = (await on.until(delivery_id, is_open("attempt")))["open_incidents"][0]["incident_id"]
        end = from_now(hours=9)

        await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": incident, "by": "Kim"})
        seen = await on.snapshot(delivery_id)
        await on.deliveries.ask(
            delivery_id, "resolve", {"incident_id": incident, "resolution": "handled", "note": "called", "by": "Kim"}
        )
        await on.deliveries.ask(delivery_id, "reschedule", {"end": end, "by": "customer"})
        await on.deliveries.ask(
            delivery_id, "amend", {"patch": {"zone": "north-2", "customer": {"language": "fi"}}, "by": "shop"}
        )
        settled = await on.snapshot(delivery_id)
        answer = await on.deliveries.ask(delivery_id, "cancel", {"reason": "ordered twice", "by": "customer"})

        assert seen["open_incidents"][0]["acknowledged"]
        assert settled["incidents"][0]["resolution"] == "handled"
        assert settled["promised"]["end"] != settled["first_promised"]["end"]
        assert answer["ok"]
        assert (await ended(on, delivery_id))["status"] == "cancelled"
        assert on.paper.copies[-1].order["customer"]["language"] == "fi"
        assert on.paper.copies[-1].zone == "north-2"


@pytest.mark.parametrize(
    ("update", "request_", "type_", "says"),
    [
        pytest.param("acknowledge", {"incident_id": "nope", "by": "Kim"}, "NotFound", "no incident", id="unknown incident"),
        pytest.param(
            "correct", {"event_id": "x", "reason": "did_not_occur", "by": "K"}, "NotFound", "no event", id="unknown event"
        ),
        pytest.param("amend", {"patch": {"delivery_id": "D"}, "by": "K"}, "InvalidInput", "cannot be amended", id="identity"),
        pytest.param("amend", {"patch": {"zone": "no zone"}, "by": "K"}, "InvalidInput", "zone", id="bad value"),
        pytest.param("reschedule", {"end": "2020-01-01T00:00:00Z", "by": "K"}, "InvalidInput", "already over", id="past"),
        pytest.param("reschedule", {"by": "K"}, "InvalidInput", "end: Field required", id="missing field"),
        pytest.param("resolve", {"incident_id": "x", "resolution": "fixed", "by": "K"}, "InvalidInput", "handled", id="bad word"),
    ],
)
async def test_a_wrong_update_is_refused_with_its_reason(
    temporal: WorkflowEnvironment, update: str, request_: dict[str, Any], type_: str, says: str
) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        with pytest.raises(RefusedError, match=says) as refused:
            await on.deliveries.ask(delivery_id, update, request_)

        assert refused.value.type == type_


async def test_cancelling_in_the_temporal_ui_cancels_the_delivery(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        await on.deliveries.handle(delivery_id).cancel()

        assert (await ended(on, delivery_id))["status"] == "cancelled"


async def test_a_delivery_that_never_ends_expires_after_its_promise(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT, expires_after=SECOND)) as on:
        delivery_id = await on.start(promised={"end": from_now(seconds=1)})

        assert (await ended(on, delivery_id))["status"] == "expired"


async def test_the_same_event_twice_and_late_scans_change_nothing(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        scan = an_event("scan", status="out_for_delivery")
        late = {**an_event("scan", status="at_hub"), "occurred_at": from_now(hours=-1)}

        await on.deliveries.report(delivery_id, [scan, scan])
        await on.deliveries.report(delivery_id, [late])
        await on.deliveries.report(delivery_id, [scan])
        snapshot = await on.snapshot(delivery_id)

        assert snapshot["status"] == "out_for_delivery"
        assert snapshot["events_seen"] == 2


async def test_a_slow_database_delays_no_reaction_and_the_copy_is_repaired(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        on.paper.broken = 3
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])

        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)

        assert on.paper.broken == 0
        assert on.paper.copies[-1].status == "delivered"


async def test_search_attributes_show_the_delivery_without_personal_data(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start(zone="north-1", hub="HEL1", route_id="R1", service_level="same_day")
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, is_open("attempt"))

        described = await on.deliveries.handle(delivery_id).describe()

        shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
        assert shown["OpenIncidents"] == ["attempt"]
        assert shown["DeliveryStatus"] == "attempt_failed"
        assert shown["Attempts"] == 1
        assert "Aino" not in str(shown)
        assert "aino@" not in str(shown)


async def test_the_ui_reads_the_delivery_without_opening_a_payload(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, acted("open_ticket", "done"))

        history = await on.deliveries.handle(delivery_id).fetch_history()
        metadata = await on.deliveries.handle(delivery_id).query("__temporal_workflow_metadata")

        summaries = [
            event.user_metadata.summary.data.decode() for event in history.events if event.user_metadata.HasField("summary")
        ]
        assert any("opens a ticket: attempt" in summary for summary in summaries)
        assert any(": the promised window ends" in summary for summary in summaries)
        assert "it says attempt" in str(metadata)
        assert "Aino" not in str(metadata)


async def test_why_explains_a_rule_that_is_not_open(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(MISSED_SCAN)) as on:
        delivery_id = await on.start()

        answer = await on.deliveries.query(delivery_id, "why", {"rule": "missed-scan"})

        assert answer["rules"][0]["rule"] == "missed-scan"
        assert answer["timezone"] == (await on.snapshot(delivery_id))["timezone"] == "Europe/Helsinki"
        assert "false" in json.dumps(answer)


async def test_a_delivery_goes_on_as_new_in_the_middle_of_an_open_incident() -> None:
    async with (
        temporal_server("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=40") as environment,
        stage(environment.client, a_book(MISSED_SCAN, ATTEMPT)) as on,
    ):
        delivery_id = await on.start()
        first_run = (await on.deliveries.handle(delivery_id).describe()).run_id
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        before = await on.until(delivery_id, acted("notify.customer", "done"))

        for number in range(40):
            await on.deliveries.report(delivery_id, [an_event("note", event_id=f"n{number}")])
        after = await on.snapshot(delivery_id)
        run = (await on.deliveries.handle(delivery_id).describe()).run_id
        await on.deliveries.report(delivery_id, [an_event("note", event_id="n3"), an_event("scan")])
        cured = await on.until(delivery_id, all_closed)
        await on.deliveries.report(delivery_id, [a_status("delivered")])

        assert run != first_run
        assert after["open_incidents"] == before["open_incidents"]
        assert after["actions"] == before["actions"]
        assert cured["incidents"][0]["resolution"] == "cured"
        assert cured["events_seen"] == 42
        assert (await ended(on, delivery_id))["incidents"] == 1
        assert len(on.recorder.done()) == len(set(on.recorder.done()))
        assert {copy.run_id for copy in on.paper.copies} == {first_run}


async def test_a_worker_that_starts_cold_goes_on_where_the_other_stopped(temporal: WorkflowEnvironment) -> None:
    queue_name = f"test-{uuid.uuid4().hex[:8]}"
    async with stage(temporal.client, a_book(MISSED_SCAN), queue=queue_name) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.snapshot(delivery_id)

    async with stage(temporal.client, a_book(MISSED_SCAN), queue=queue_name) as on:
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert len(snapshot["incidents"]) == 1
        described = await temporal.client.get_workflow_handle(delivery_workflow_id(delivery_id)).describe()
        assert described.status is WorkflowExecutionStatus.RUNNING


async def test_a_delivered_parcel_waits_for_a_message_under_way_without_waking_for_nothing(temporal: WorkflowEnvironment) -> None:
    def down_at_first(request: ActionRequest, times: int) -> ActionResult:
        if "template" in request.args and times < 5:
            raise ConnectionError("mail server 127.0.0.1:25 cannot be reached: connection refused")
        return ActionResult(Outcome.DONE, "sent")

    said_at_the_end = a_rule("attempt", FAILED, on_resolve={"final": (TELL,)})
    async with stage(temporal.client, a_book(said_at_the_end), down_at_first) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, is_open("attempt"))

        await on.deliveries.report(delivery_id, [a_status("delivered")])
        result = await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

        assert result["status"] == "delivered"
        assert acted("notify.customer", "done")(await on.snapshot(delivery_id))
        assert sum(event.HasField("timer_started_event_attributes") for event in history.events) <= 2


async def test_a_correction_that_comes_while_the_end_is_being_written_counts(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        delivered = a_status("delivered")
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "out_for_delivery")
        on.paper.broken = 2
        await on.deliveries.report(delivery_id, [delivered])
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "delivered")

        await on.deliveries.report(
            delivery_id,
            [an_event("correction", detail={"event_id": delivered["event_id"], "reason": "did_not_occur"})],
        )
        back = await on.until(delivery_id, lambda snapshot: snapshot["status"] == "out_for_delivery")

        assert back["condition"] == "on_time"
        assert on.paper.copies[-1].finished_at is None or on.paper.broken > 0


async def test_a_message_for_an_incident_that_is_over_is_given_up(temporal: WorkflowEnvironment) -> None:
    def mail_is_down(request: ActionRequest, times: int) -> ActionResult:
        if "template" in request.args:
            raise ConnectionError("mail server 127.0.0.1:25 cannot be reached: connection refused")
        return ActionResult(Outcome.DONE, "done")

    async with stage(temporal.client, a_book(ATTEMPT), mail_is_down) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, lambda snapshot: "cannot be reached" in json.dumps(snapshot["actions"]))

        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)

        told = next(act for act in (await on.snapshot(delivery_id))["actions"] if act["action"] == "notify.customer")
        assert told["outcome"] == "no_help"
        assert told["note"].startswith("given up")


async def test_a_corrected_expiry_leaves_the_delivery_awake(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(MISSED_SCAN, expires_after=2 * SECOND, final_grace=20 * SECOND)) as on:
        delivery_id = await on.start(promised={"end": from_now(seconds=0.5)})
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "expired")
        expiry = next(e for e in (await on.deliveries.query(delivery_id, "timeline"))["entries"] if "expired" in e["what"])

        await on.deliveries.ask(delivery_id, "correct", {"event_id": expiry["event_id"], "reason": "did_not_occur", "by": "ops"})
        await on.deliveries.ask(delivery_id, "reschedule", {"end": from_now(hours=1), "by": "ops"})
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])

        assert await on.until(delivery_id, is_open("missed-scan"), within=10)


async def test_an_amended_order_is_seen_in_the_copy_and_in_the_search_attributes_at_once(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start(zone="north-1", hub="HEL1")

        await on.deliveries.ask(delivery_id, "amend", {"patch": {"hub": None, "zone": "north-2"}, "by": "shop"})
        await on.until(delivery_id, lambda snapshot: on.paper.copies[-1].zone == "north-2")
        described = await on.deliveries.handle(delivery_id).describe()

        shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
        assert shown["Zone"] == "north-2"
        assert "Hub" not in shown
        assert on.paper.copies[-1].hub is None


async def test_unknown_fields_of_an_amendment_are_not_kept(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()

        await on.deliveries.ask(delivery_id, "amend", {"patch": {"customer": {"junk": "x" * 50_000}}, "by": "shop"})
        await on.until(delivery_id, lambda snapshot: len(on.paper.copies) > 1)

        assert "junk" not in json.dumps(on.paper.copies[-1].order)


async def test_a_retry_policy_of_the_starter_does_not_confuse_an_order_with_our_state(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order()
        await on.client.start_workflow(
            "Delivery",
            order,
            id=delivery_workflow_id(order["delivery_id"]),
            task_queue=on.queue,
            run_timeout=timedelta(seconds=2),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2),
        )

        async with asyncio.timeout(15):
            while on.paper.copies[-1:] == [] or on.paper.copies[-1].generation == 1:  # noqa: ASYNC110 - the server retries
                await asyncio.sleep(0.2)

        assert on.paper.copies[-1].delivery_id == order["delivery_id"]


async def test_cancelling_while_the_store_is_away_is_not_lost(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        on.paper.slow_admissions = 2
        order = an_order()
        handle = await on.client.start_workflow(
            "Delivery", order, id=delivery_workflow_id(order["delivery_id"]), task_queue=on.queue
        )

        await handle.cancel()

        assert (await ended(on, order["delivery_id"]))["status"] == "cancelled"
        assert on.paper.copies[-1].status == "cancelled"


async def test_another_order_under_a_running_id_is_a_conflict(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        order = an_order()
        await on.deliveries.start(order)

        with pytest.raises(RefusedError, match="under way with another order") as refused:
            await on.deliveries.start({**order, "carrier": "zipvan"})

        assert refused.value.type == "Conflict"
        assert (await on.snapshot(order["delivery_id"]))["assigned"]["carrier"] == "acme"


async def test_a_delivery_that_has_ended_has_nothing_left_to_wait_for(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ATTEMPT, final_grace=SECOND)) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)

        assert (await on.snapshot(delivery_id))["next_wake"] is None
