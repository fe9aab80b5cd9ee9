"""What a worker decided, another decides again from the history alone: a cold worker goes on where the last one stopped."""

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.actions import ActionRequest, ActionResult, Outcome
from tests.workflows.books import ATTEMPT, MISSED_SCAN, a_book
from tests.workflows.stage import a_status, an_event, from_now, stage
from tests.workflows.test_delivery import acted, all_closed, ended
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER


async def test_a_life_with_incidents_updates_and_failures_replays(temporal: WorkflowEnvironment) -> None:
    def fails_once(request: ActionRequest, times: int) -> ActionResult:
        if times == 1 and "queue" in request.args:
            raise ConnectionError("the desk is away")
        return ActionResult(Outcome.DONE, "done")

    async with stage(temporal.client, a_book(MISSED_SCAN, ATTEMPT), fails_once) as on:
        on.paper.broken = 1
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed"), a_status("nonsense")])
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        await on.until(delivery_id, acted("open_ticket", "done"))
        await on.deliveries.ask(delivery_id, "reschedule", {"end": from_now(hours=8), "by": "customer"})
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        await on.until(delivery_id, all_closed)
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )

    assert replayed.replay_failure is None
