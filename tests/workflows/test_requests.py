"""What a delivery asks another workflow for: it waits durably for the answer, on a real Temporal server."""

import json

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.actions import ActionRequest, ActionResult, Outcome
from domain.delivery import delivery_of
from domain.event import Event
from domain.incident import Act, Incident, Mode, Severity
from domain.instant import SECOND, Span
from domain.status import Kind, Party
from rules.book import Rulebook, Step
from rules.watch import Watch
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Script, Stage, an_order, stage
from tests.workflows.test_closing_actions import failed_attempt, of
from tests.workflows.test_delivery import acted, ended, seconds_between
from workflows.clock import wall_clock
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.orders import DeliveryOrder
from workflows.payloads import DATA_CONVERTER
from workflows.state import State, packed, unpacked


def rerouting() -> Rulebook:
    """Asks a route for another order, opens a ticket if that does not help, and tells the customer afterwards."""
    return a_book(a_rule("late", FAILED, do=(Step("reroute", {}, (TICKET,)), TELL)))


def asks(within: Span) -> Script:
    def script(request: ActionRequest, times: int) -> ActionResult:
        if request.key.endswith("/do.0/0"):
            return ActionResult(Outcome.REQUESTED, "route R1 was asked", answer_within=within)
        return ActionResult(Outcome.DONE, "done")

    return script


def an_eta(key: str) -> Event:
    at = wall_clock()
    return Event(f"{key}/eta", Kind.ETA, at, at, "doorstep", by=Party.SYSTEM, eta=at + 600 * SECOND)


async def answer(on: Stage, delivery_id: str, result: ActionResult, path: str = "do.0/0", rule: str = "late") -> None:
    key, incident_id = f"{delivery_id}/1/{rule}/1/{path}", f"{delivery_id}:1:{rule}:1"
    await on.deliveries.answer(delivery_id, incident_id, key, result)


async def asked(on: Stage) -> str:
    delivery_id = await failed_attempt(on)
    await on.until(delivery_id, acted("reroute", "requested"))
    return delivery_id


async def test_what_follows_waits_for_the_answer_whose_events_the_delivery_learns(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, rerouting(), asks(60 * SECOND)) as on:
        delivery_id = await asked(on)
        waiting = await on.snapshot(delivery_id)
        assert [act["action"] for act in waiting["actions"]] == ["reroute"]
        assert waiting["next_wake"]["because"] == "late: reroute waits for an answer"

        await answer(on, delivery_id, ActionResult(Outcome.DONE, "a new order", (an_eta("K"),)))
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "reroute")["outcome"] == "done"
        assert of(snapshot, "reroute")["note"] == "a new order"
        assert snapshot["eta"] is not None
        assert acted("open_ticket", "done")(snapshot) is False


async def test_an_answer_that_it_cannot_help_is_followed_by_otherwise(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, rerouting(), asks(60 * SECOND)) as on:
        delivery_id = await asked(on)

        await answer(on, delivery_id, ActionResult(Outcome.NO_HELP, "no other order is better"))
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "reroute")["outcome"] == "no_help"
        assert of(snapshot, "open_ticket")["outcome"] == "done"


async def test_without_an_answer_in_time_otherwise_is_done_and_a_late_one_changes_nothing_of_it(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, rerouting(), asks(2 * SECOND)) as on:
        delivery_id = await failed_attempt(on)
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))
        assert of(snapshot, "reroute")["outcome"] == "unanswered"
        assert 1.9 <= seconds_between(of(snapshot, "reroute")["asked_at"], of(snapshot, "open_ticket")["asked_at"]) < 3.5

        await answer(on, delivery_id, ActionResult(Outcome.DONE, "a new order", (an_eta("K"),)))
        late = await on.until(delivery_id, lambda seen: seen["eta"] is not None)

        assert of(late, "reroute")["outcome"] == "unanswered"
        timeline = await on.deliveries.query(delivery_id, "timeline")
        assert "an answer about reroute came too late: a new order" in [entry["what"] for entry in timeline["entries"]]


async def test_the_same_answer_twice_counts_once_and_one_about_nothing_is_rejected(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, rerouting(), asks(60 * SECOND)) as on:
        delivery_id = await asked(on)

        for _ in range(2):
            await answer(on, delivery_id, ActionResult(Outcome.DONE, "a new order", (an_eta("K"),)))
        await answer(on, delivery_id, ActionResult(Outcome.DONE), path="do.7/0")
        await on.deliveries.handle(delivery_id).signal("answer", {"key": "no"})
        snapshot = await on.until(delivery_id, lambda seen: seen["rejected"]["count"] == 2)

        assert snapshot["events_seen"] == 2
        assert "was asked for by the key" in snapshot["rejected"]["last"][0]
        assert "answer: invalid input" in snapshot["rejected"]["last"][1]
        assert [act["outcome"] for act in snapshot["actions"] if act["action"] == "reroute"] == ["done"]


async def test_an_answer_may_be_faster_than_the_news_that_it_was_asked_for(temporal: WorkflowEnvironment) -> None:
    def answers_at_once(request: ActionRequest, times: int) -> ActionResult:
        if request.key.endswith("/do.0/0"):
            if times == 1:
                raise ConnectionError("it was asked, and the worker died before it could say so")
            return ActionResult(Outcome.REQUESTED, "asked", answer_within=60 * SECOND)
        return ActionResult(Outcome.DONE, "done")

    async with stage(temporal.client, rerouting(), answers_at_once) as on:
        delivery_id = await failed_attempt(on)
        await on.until(delivery_id, acted("reroute", "started"))

        await answer(on, delivery_id, ActionResult(Outcome.DONE, "a new order"))
        await on.until(delivery_id, lambda seen: len([r for r in on.recorder.requests if r.key.endswith("/do.0/0")]) == 2)
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "reroute")["note"] == "a new order"


async def test_another_worker_goes_on_waiting_and_the_history_replays(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, rerouting(), asks(60 * SECOND)) as on:
        delivery_id = await asked(on)
    async with stage(temporal.client, rerouting(), queue=on.queue) as later:
        await answer(later, delivery_id, ActionResult(Outcome.NO_HELP, "no other order is better"))
        await later.until(delivery_id, acted("notify.customer", "done"))
        await later.deliveries.ask(delivery_id, "cancel", {"by": "shop"})
        await ended(later, delivery_id)
        history = await later.deliveries.handle(delivery_id).fetch_history()

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )

    assert replayed.replay_failure is None


async def test_a_delivery_that_has_ended_waits_for_no_answer(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, rerouting(), asks(3600 * SECOND)) as on:
        delivery_id = await asked(on)

        await on.deliveries.ask(delivery_id, "cancel", {"by": "shop"})

        assert (await ended(on, delivery_id))["status"] == "cancelled"


def test_what_was_requested_goes_through_continue_as_new() -> None:
    order = DeliveryOrder.model_validate_json(json.dumps(an_order())).order()
    act = Act("reroute", 1, Outcome.REQUESTED, 2, "route R1 was asked", until=9)
    incident = Incident("D:1:r:1", "r", 1, Severity.HIGH, Mode.LIVE, 1, "says", "book", acts={"do.0": act}, due_at=9, due_for="x")
    state = State({}, "", Watch(delivery_of(order, 0), 1, "book", 0, incidents=(incident,)), "standard", "run", 0)

    back = unpacked(json.dumps(packed(state), separators=(",", ":")).encode())

    assert back == state
    assert back is not None
    assert back.watch.has_put_off
