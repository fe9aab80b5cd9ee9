"""What a delivery's workflow answers to `history` can be played again: the test that is made of it passes."""

from temporalio.testing import WorkflowEnvironment

from cli.recording import history_lines, read_event, read_order, written
from domain.actions import ActionRequest, ActionResult, Outcome
from rules.compile import compile_book
from rules.source import compose, source_of
from rules.testfile import Readers, read_cases
from rules.verify import run_case
from tests.workflows.books import MISSED_SCAN, a_book
from tests.workflows.stage import a_status, an_event, stage
from tests.workflows.test_delivery import ended, is_open

BOOK = a_book(MISSED_SCAN)


def nothing_helps(request: ActionRequest, times: int) -> ActionResult:
    """A new route does not help, another driver does."""
    return ActionResult(Outcome.NO_HELP if request.args == {} and times == 1 else Outcome.DONE, "")


async def test_a_delivery_that_was_played_on_a_server_is_played_again_as_a_test(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, BOOK, nothing_helps) as on:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [a_status("out_for_delivery")])
        opened = await on.until(delivery_id, is_open("missed-scan"))
        incident_id = opened["open_incidents"][0]["incident_id"]
        await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": incident_id, "by": "Kim"})
        await on.deliveries.report(delivery_id, [an_event("scan")])
        await on.until(delivery_id, lambda seen: not seen["open_incidents"])
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)

        history = await on.deliveries.query(delivery_id, "history")

    text, differing = written(history, BOOK, "small.yaml")
    source = source_of(text, "recorded.test.yaml")
    (case,) = read_cases(source, compose(source), BOOK, Readers(read_order, read_event)).cases
    result = run_case(case, compile_book(BOOK, "reference"))
    assert (result.ending, result.failures) == ("passed", ())
    assert differing == []
    assert "acknowledge missed-scan" in text
    assert "open: [missed-scan], did: [reroute, " in text
    assert next(history_lines(history))["order"]["delivery_id"] == delivery_id
