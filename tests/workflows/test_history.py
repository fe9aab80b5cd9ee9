"""What a delivery's workflow answers to `history` can be played again: the test that is made of it passes."""

from typing import Any

from temporalio.testing import WorkflowEnvironment

from cli.recorded_books import Books
from cli.recording import history_lines, read_event, read_order, written
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.incident import Mode
from domain.instant import HOUR, SECOND
from rules.book import Approval, Ladder, LadderStep, Step
from rules.compile import compile_book
from rules.source import compose, source_of
from rules.testfile import Readers, read_cases
from rules.verify import run_case
from tests.workflows.books import FAILED, MISSED_SCAN, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import a_status, an_event, from_now, stage
from tests.workflows.test_adoption import published
from tests.workflows.test_delivery import acted, ended, is_open

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

    text, differing = written(history, Books(BOOK, "small.yaml"))
    source = source_of(text, "recorded.test.yaml")
    (case,) = read_cases(source, compose(source), BOOK, Readers(read_order, read_event)).cases
    result = run_case(case, compile_book(BOOK, "reference"))
    assert (result.ending, result.failures) == ("passed", ())
    assert differing == []
    assert "acknowledge missed-scan" in text
    assert "open: [missed-scan], did: [reroute, " in text
    assert next(history_lines(history))["order"]["delivery_id"] == delivery_id


ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, do=(TICKET,))
COSTLY = a_rule("costly", FAILED, approve_above=Approval(1_500, "EUR"), do=(Step("reassign", {}, (TICKET,)), TELL))
LADDER = Ladder((LadderStep(HOUR, (TICKET,)),), ("claimed", "acknowledged"))
HELD_UP = a_rule("held-up", FAILED, acknowledge_expires=SECOND, escalate=LADDER)
QUIET = a_rule("quiet", FAILED, do=(TELL,))
NEXT = a_rule("next", FAILED, do=(TICKET,))


def nobody_has_seen(snapshot: dict[str, Any]) -> bool:
    return not any(incident["acknowledged"] for incident in snapshot["open_incidents"])


async def test_whatever_people_decided_is_told_and_the_test_that_is_made_of_it_passes(temporal: WorkflowEnvironment) -> None:
    before, after = a_book(ASKING, COSTLY, HELD_UP, QUIET), a_book(ASKING, COSTLY, HELD_UP, QUIET, NEXT)
    async with stage(temporal.client, before) as on:
        delivery_id = await on.start()
        await on.deliveries.ask(delivery_id, "mute", {"rule": "quiet", "until": from_now(hours=1), "by": "Kim"})
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        opened = await on.until(delivery_id, lambda seen: len(seen["proposals"]) == 2 and is_open("held-up")(seen))
        held_up = next(one["incident_id"] for one in opened["open_incidents"] if one["rule"] == "held-up")
        await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": held_up, "by": "Kim"})
        await on.until(delivery_id, nobody_has_seen)
        for owner in ("Kim", "Lee"):
            await on.deliveries.ask(delivery_id, "claim", {"incident_id": held_up, "owner": owner, "by": "Kim"})
        answers = {one["rule"]: {"proposal_id": one["proposal_id"], "by": "Kim"} for one in opened["proposals"]}
        await on.deliveries.ask(delivery_id, "decide", {**answers["costly"], "approve": False})
        await on.deliveries.ask(delivery_id, "decide", {**answers["asking"], "approve": True})
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.ask(delivery_id, "adopt_rulebook", {"version": published(after)})
        await on.until(delivery_id, is_open("next"))
        await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": held_up, "by": "Kim"})
        await on.until(delivery_id, nobody_has_seen)  # a second later: a test has whole seconds
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.query(delivery_id, "history")

    books = Books(before, "small.yaml", {published(after): ("next.yaml", after)})
    text, differing = written(history, books)
    source = source_of(text, "recorded.test.yaml")
    (case,) = read_cases(source, compose(source), before, Readers(read_order, read_event, books.read)).cases
    result = run_case(case, compile_book(before, "reference"))
    told = [(one["what"], one["rule"]) for one in history["decisions"] if one["what"] != "adopt"]
    assert (result.ending, result.failures) == ("passed", ())
    assert differing == []
    assert told == [
        ("mute", "quiet"),
        ("acknowledge", "held-up"),
        ("claim", "held-up"),
        ("claim", "held-up"),
        ("reject", "costly"),
        ("approve", "asking"),
        ("acknowledge", "held-up"),
    ]
    assert history["decisions"][-2]["before"] == {"name": "standard", "version": published(before)}
    for line in ("mute quiet until ", "acknowledge held-up", "claim held-up", "decide costly reject", "decide asking approve"):
        assert line in text
    assert 'adopt "next.yaml"' in text
    assert "open: [costly, held-up, next, quiet]" in text
