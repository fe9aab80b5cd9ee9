"""A message that did not arrive, against the real workflow: it goes by another way, once, however often that is reported."""

import json
from typing import Any

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.actions import ActionRequest, ActionResult, Outcome
from domain.event import Event
from domain.status import Kind
from domain.talk import Talk
from rules.book import Step
from rules.tree import Is
from tests.rules.test_contests import a_book as quiet_book
from tests.rules.test_reaching import LATE, played
from tests.rules.test_reaching import lost as lost_in_simulation
from tests.workflows.books import FAILED, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, stage
from tests.workflows.test_delivery import acted, ended, is_open
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER
from workflows.state import STATE_KEY, State, packed, unpacked

TELL_BY_SMS = Step("notify", {"who": "customer", "template": "attempt-failed", "channels": ["sms"]}, (TICKET,))
BOOK = a_book(
    a_rule("attempt", FAILED, do=(TELL_BY_SMS,)),
    a_rule("unreachable", Is("customer unreachable", (True,), text="customer unreachable")),
)


def sends(request: ActionRequest, times: int) -> ActionResult:
    """By the channels that were not tried."""
    if request.args.get("who") != "customer":
        return ActionResult(Outcome.DONE, "done")
    channel = next(channel for channel in ("sms", "email") if channel not in request.tried)
    detail = {"template": "attempt-failed", "channel": channel, "to": "customer"}
    event = Event(f"{request.key}/{channel}", Kind.NOTIFIED, request.asked_at, request.asked_at, "doorstep", detail=detail)
    return ActionResult(Outcome.DONE, f"{channel} sent", (event,))


def lost(key: str, channel: str) -> Any:
    detail = {"message": key, "channel": channel, "code": 30003}
    return an_event("undelivered", event_id=f"{key}/{channel}/undelivered", by="system", detail=detail)


async def told(on: Stage) -> tuple[str, str]:
    """A delivery whose customer was told by SMS, and the key of that."""
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [a_status("attempt_failed")])
    await on.until(delivery_id, acted("notify.customer", "done"))
    return delivery_id, on.recorder.requests[0].key


async def test_an_sms_that_did_not_arrive_goes_by_mail_and_then_the_customer_is_unreachable(
    temporal: WorkflowEnvironment,
) -> None:
    async with stage(temporal.client, BOOK, sends) as on:
        delivery_id, key = await told(on)

        await on.deliveries.report(delivery_id, [lost(key, "sms")])
        await on.deliveries.report(delivery_id, [lost(key, "sms")])
        again = await on.until(delivery_id, lambda snapshot: snapshot["actions"][0].get("note") == "email sent")
        await on.deliveries.report(delivery_id, [lost(key, "email")])
        await on.until(delivery_id, is_open("unreachable"))
        failed = await on.until(delivery_id, acted("open_ticket", "done"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    assert [request.key for request in on.recorder.requests if request.args.get("who") == "customer"] == [key, key]
    assert [one["rule"] for one in again["open_incidents"]] == ["attempt"]
    told_last = next(one for one in failed["actions"] if one["action"] == "notify.customer")
    assert told_last["outcome"] == "failed"
    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )
    assert replayed.replay_failure is None


async def test_a_callback_that_comes_before_the_activity_has_returned_is_not_lost(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK, sends) as on:
        delivery_id = await on.start()
        key = f"{delivery_id}/1/attempt/1/do.0/0"

        await on.deliveries.report(delivery_id, [lost(key, "sms"), a_status("attempt_failed")])
        await on.until(delivery_id, lambda snapshot: any(act.get("note") == "email sent" for act in snapshot["actions"]))

    assert [request.tried for request in on.recorder.requests] == [(), ("sms",)]


def test_what_was_tried_goes_through_continue_as_new_and_is_nothing_in_what_earlier_versions_kept() -> None:
    quiet = LATE.replace("  do:", '  quiet_hours: {for: [notify.customer], window: "09:02-12:00"}\n  do:')
    watch = played(quiet_book(quiet), [lost_in_simulation("sms", "09:05")], "10:00")[-1].watch
    state = State({}, "", watch, "standard", "run", 0)

    carried = packed(state)
    again = unpacked(json.dumps(carried).encode())
    earlier = json.loads(json.dumps(carried))
    for facts in (earlier[STATE_KEY]["watch"]["delivery"][name] for name in ("facts", "base")):
        del facts["talk"]
    del earlier[STATE_KEY]["watch"]["incidents"][0]["tried"]
    from_earlier = unpacked(json.dumps(earlier).encode())

    assert watch.incidents[0].tried == {"do.0": ("sms",)}
    assert again == state
    assert from_earlier is not None
    assert from_earlier.watch.delivery.facts.talk == Talk()
