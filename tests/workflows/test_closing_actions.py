"""Actions that ask others for something, on a real Temporal server: customers, carriers, other systems."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.ask_carrier import AskingCarriers
from activities.call_webhook import Calling
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.delivery import delivery_of
from domain.endpoint import ORDER_SYSTEM, Endpoint
from domain.incident import Act, Incident, Mode, Severity
from domain.instant import SECOND
from integrations.messaging.templates import Templates
from integrations.webhooks.carrier import CarrierEndpoints
from integrations.webhooks.sender import Webhooks
from rules.book import Rulebook, Step
from rules.watch import Watch
from store.database import Database
from store.ledger import Ledger
from store.migrate import migrate
from tests.endpoints import Recorder, recording
from tests.workflows.books import FAILED, OUT, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, an_order, stage
from tests.workflows.test_delivery import Snapshot, acted, all_closed, ended, is_open, seconds_between
from workflows.clock import wall_clock
from workflows.orders import DeliveryOrder
from workflows.state import State, packed, unpacked


def asking(within: int, **keys: Any) -> Rulebook:
    """Asks, and opens a ticket if nobody answers."""
    question = {"template": "address-problem", "answers": ["yes", "no"], "answer_within": within}
    return a_book(a_rule("address", FAILED, do=(Step("ask_customer", question, (TELL,), (TICKET,)),), **keys))


def of(snapshot: Snapshot, action: str) -> dict[str, Any]:
    return next(act for act in snapshot["actions"] if act["action"] == action)


async def failed_attempt(on: Stage) -> str:
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [a_status("attempt_failed", reason="consignee_incorrect_address")])
    return delivery_id


def a_reply(text: str) -> Any:
    return an_event("customer_reply", by="customer", detail={"text": text, "channel": "sms"})


async def test_an_answer_in_time_ends_the_question_and_no_ticket_is_opened(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, asking(60 * SECOND)) as on:
        delivery_id = await failed_attempt(on)
        waiting = await on.until(delivery_id, acted("ask_customer", "asked"))

        await on.deliveries.report(delivery_id, [a_reply("hm?")])
        await on.deliveries.report(delivery_id, [a_reply("Yes")])
        answered = await on.until(delivery_id, acted("ask_customer", "done"))

        asked = of(waiting, "ask_customer")
        assert waiting["next_wake"]["at"] == asked["until"]
        assert waiting["next_wake"]["because"] == "address: ask_customer waits for an answer"
        assert of(answered, "ask_customer")["note"] == 'answered "yes"'
        assert [request.args["template"] for request in on.recorder.requests] == ["address-problem"]
        timeline = await on.deliveries.query(delivery_id, "timeline")
        assert any(entry["what"] == "asked" for entry in timeline["entries"])


async def test_without_an_answer_in_time_the_rest_is_done_at_that_time(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, asking(2 * SECOND)) as on:
        delivery_id = await failed_attempt(on)

        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        question, ticket = of(snapshot, "ask_customer"), of(snapshot, "open_ticket")
        assert question["outcome"] == "unanswered"
        assert 1.9 <= seconds_between(question["asked_at"], ticket["asked_at"]) < 3
        assert ticket["key"] == f"{delivery_id}/1/address/1/do.0.unanswered.0/0"


async def test_a_question_that_reached_nobody_is_followed_by_what_is_done_otherwise(temporal: WorkflowEnvironment) -> None:
    def unreachable(request: ActionRequest, times: int) -> ActionResult:
        return ActionResult(Outcome.FAILED if "answers" in request.args else Outcome.DONE, "no phone number to use")

    async with stage(temporal.client, asking(60 * SECOND), unreachable) as on:
        delivery_id = await failed_attempt(on)

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "ask_customer")["outcome"] == "failed"


async def test_a_promise_that_the_customer_moves_is_an_answer(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, asking(60 * SECOND)) as on:
        delivery_id = await failed_attempt(on)
        await on.until(delivery_id, acted("ask_customer", "asked"))

        await on.deliveries.ask(delivery_id, "reschedule", {"end": "2099-01-01T12:00:00+02:00", "by": "customer"})
        snapshot = await on.until(delivery_id, acted("ask_customer", "done"))

        assert of(snapshot, "ask_customer")["note"] == "the customer moved the promise"


async def test_a_question_is_still_waited_for_by_another_worker(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, asking(4 * SECOND)) as on:
        delivery_id = await failed_attempt(on)
        await on.until(delivery_id, acted("ask_customer", "asked"))
    async with stage(temporal.client, asking(4 * SECOND), queue=on.queue) as later:
        snapshot = await later.until(delivery_id, acted("open_ticket", "done"))

        assert of(snapshot, "ask_customer")["outcome"] == "unanswered"
        assert [request.args for request in later.recorder.requests if "queue" in request.args] == [{"queue": "hub-ops"}]


async def test_a_delivery_that_has_ended_waits_for_no_answer(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, asking(3600 * SECOND)) as on:
        delivery_id = await failed_attempt(on)
        await on.until(delivery_id, acted("ask_customer", "asked"))

        await on.deliveries.report(delivery_id, [a_status("delivered")])

        assert (await asyncio.wait_for(ended(on, delivery_id), 10))["status"] == "delivered"


async def test_a_question_after_the_end_is_waited_for(temporal: WorkflowEnvironment) -> None:
    question = Step("ask_customer", {"template": "how-was-it", "answer_within": 2 * SECOND}, (), (TELL,))
    book = a_book(a_rule("out", OUT, on_resolve={"final": (question,)}))
    async with stage(temporal.client, book) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, is_open("out"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])

        await asyncio.wait_for(ended(on, delivery_id), 15)

        assert [request.key.rsplit("/", 2)[1] for request in on.recorder.requests] == [
            "on_resolve.final.0",
            "on_resolve.final.0.unanswered.0",
        ]


# Really done: over HTTP, through the ledger in a real store


@asynccontextmanager
async def outside(folder: Path, hub: Recorder, carriers: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    """The activities that speak to a real HTTP server."""
    await migrate(url := f"sqlite:///{folder / 'store.db'}")
    database, endpoints = Database(url), {name: Endpoint(hub.url, "SECRET") for name in ("hub", ORDER_SYSTEM)}
    async with Webhooks(endpoints, {"SECRET": "hush"}.get, wall_clock) as webhooks:
        texts, ledger = Templates(folder), Ledger(database)
        asked = AskingCarriers(CarrierEndpoints(webhooks, carriers), texts, ledger, wall_clock)
        told = Calling(webhooks, texts, ledger, wall_clock)
        yield {
            "request_new_attempt": asked.request_new_attempt,
            "hold_at_hub": asked.hold_at_hub,
            "change_to_pickup_point": asked.change_to_pickup_point,
            "return_to_sender": asked.return_to_sender,
            "call_webhook": told.call_webhook,
            "emit": told.emit,
        }
    await database.close()


OF_CARRIERS = ("request_new_attempt", "hold_at_hub", "change_to_pickup_point", "return_to_sender")


@pytest.mark.parametrize("action", OF_CARRIERS)
async def test_what_a_carrier_agrees_to_may_cure_the_incident(temporal: WorkflowEnvironment, tmp_path: Path, action: str) -> None:
    book = a_book(a_rule("third", FAILED, do=(Step(action, {}, (TICKET,)), TELL)))
    async with recording() as acme, outside(tmp_path, acme, {"acme": "hub"}) as real:
        acme.answer(503)
        acme.answer(202, '{"status": "returning"}')
        async with stage(temporal.client, book, real=real) as on:
            delivery_id = await failed_attempt(on)

            snapshot = await on.until(delivery_id, all_closed)

            assert snapshot["status"] == "returning"
            assert snapshot["incidents"][0]["resolution"] == "cured"
            assert of(snapshot, action)["outcome"] == "done"
            assert [call.json["type"] for call in acme.calls] == [action, action]
            assert len(set(acme.ids)) == 1
            assert acted("open_ticket", "done")(snapshot) is False


async def test_a_carrier_that_takes_no_requests_leaves_it_to_otherwise(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    book = a_book(a_rule("third", FAILED, do=(Step("return_to_sender", {}, (TICKET,)), TELL)))
    async with recording() as acme, outside(tmp_path, acme, {}) as real, stage(temporal.client, book, real=real) as on:
        delivery_id = await failed_attempt(on)

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "return_to_sender")["outcome"] == "no_help"
        assert "name an endpoint as its requests" in of(snapshot, "return_to_sender")["note"]
        assert of(snapshot, "open_ticket")["outcome"] == "done"
        assert acme.calls == []


async def test_other_systems_are_told(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    steps = (
        Step("call_webhook", {"endpoint": "hub"}),
        Step("emit", {"type": "delivery.failed", "data": {"try": "{{ attempts }}"}}),
    )
    async with recording() as hub, outside(tmp_path, hub, {}) as real:
        async with stage(temporal.client, a_book(a_rule("failed", FAILED, do=steps)), real=real) as on:
            delivery_id = await failed_attempt(on)
            snapshot = await on.until(delivery_id, lambda seen: [act["outcome"] for act in seen["actions"]] == ["done", "done"])

        assert {call.json["type"] for call in hub.calls} == {"incident", "delivery.failed"}
        assert {call.headers["Idempotency-Key"] for call in hub.calls} == {act["key"] for act in snapshot["actions"]}
        emitted = next(call.json for call in hub.calls if call.json["type"] == "delivery.failed")
        assert emitted["data"]["more"] == {"try": "1"}
        assert emitted["data"]["delivery"]["status"] == "attempt_failed"


def test_a_question_that_is_waited_for_goes_through_continue_as_new() -> None:
    order = DeliveryOrder.model_validate_json(json.dumps(an_order())).order()
    act = Act("ask_customer", 1, Outcome.ASKED, 2, "sms sent", until=9)
    incident = Incident("D:1:r:1", "r", 1, Severity.HIGH, Mode.LIVE, 1, "says", "book", acts={"do.0": act}, due_at=9, due_for="x")
    state = State({}, "", Watch(delivery_of(order, 0), 1, "book", 0, incidents=(incident,)), "standard", "run", 0)

    back = unpacked(json.dumps(packed(state), separators=(",", ":")).encode())

    assert back == state
    assert back is not None
    assert back.watch.has_put_off
