"""What people decide about rules, on a real Temporal server: proposals with a deadline, rules that are muted."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.delivery import delivery_of
from domain.incident import Answer, Incident, Mode, Proposal, Severity
from domain.instant import HOUR, SECOND
from rules.book import Approval, Ladder, LadderStep, Rule, Step
from rules.decisions import Decision, Version
from rules.muting import Mute
from rules.watch import Watch
from tests.workflows.books import FAILED, TELL, TICKET, a_book, a_rule
from tests.workflows.stage import Stage, an_event, an_order, from_now, stage
from tests.workflows.test_delivery import acted, ended, is_open, seconds_between
from workflows.client import RefusedError
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.orders import DeliveryOrder
from workflows.payloads import DATA_CONVERTER
from workflows.state import STATE_KEY, State, packed, unpacked

ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, propose_for=HOUR, do=(TICKET, TELL))
COSTLY = a_rule("costly", FAILED, approve_above=Approval(1_500, "EUR"), do=(Step("reassign", {}, (TICKET,)), TELL))
QUIET = a_rule("quiet", FAILED, do=(TELL,))


CLAIMABLE = a_rule(
    "claimable",
    FAILED,
    escalate=Ladder(
        (LadderStep(2 * SECOND, (TICKET,)),),
        ("claimed",),
    ),
)
UNCLAIMED = a_rule("unclaimed", FAILED, hold=3 * SECOND, do=(Step("notify", {"who": "driver", "template": "running-late"}),))
WONDERING = a_rule("wondering", FAILED, do=(Step("ask_customer", {"template": "running-late", "answer_within": HOUR}),))


async def failed(on: Stage) -> str:
    """A delivery whose attempt has failed."""
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    return delivery_id


def asks(snapshot: dict[str, Any]) -> bool:
    return any(proposal["answer"] is None for proposal in snapshot["proposals"])


@pytest.mark.parametrize(
    ("rule", "approved"), [(ASKING, ["open_ticket", "notify.customer"]), (COSTLY, ["reassign", "notify.customer"])]
)
async def test_a_proposal_waits_until_somebody_approves_also_with_another_worker(
    temporal: WorkflowEnvironment, rule: Rule, approved: list[str]
) -> None:
    queue = f"test-{uuid.uuid4().hex[:8]}"
    async with stage(temporal.client, a_book(rule), queue=queue) as on:
        delivery_id = await failed(on)
        before = await on.until(delivery_id, asks)
        assert on.recorder.requests == []
    async with stage(temporal.client, a_book(rule), queue=queue) as on:
        proposal = before["proposals"][0]

        await on.deliveries.ask(delivery_id, "decide", {"proposal_id": proposal["proposal_id"], "approve": True, "by": "Kim"})
        after = await on.until(delivery_id, acted("notify.customer", "done"))
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
        history = await on.deliveries.handle(delivery_id).fetch_history()
        with pytest.raises(RefusedError, match="approved already by Kim") as refused:
            await on.deliveries.ask(
                delivery_id, "decide", {"proposal_id": proposal["proposal_id"], "approve": False, "by": "Lee"}
            )

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )
    assert [act["action"] for act in after["actions"] if act["action"] != "update_ticket"] == approved
    assert (after["proposals"][0]["answer"], after["proposals"][0]["by"]) == ("approved", "Kim")
    assert before["open_incidents"][0]["rule"] == rule.id
    assert any("the proposal was approved by Kim" in entry["what"] for entry in timeline)
    assert refused.value.type == "Conflict"
    assert replayed.replay_failure is None


async def test_what_is_rejected_is_not_done_and_it_is_known_by_whom(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on:
        delivery_id = await failed(on)
        proposal = (await on.until(delivery_id, asks))["proposals"][0]
        why = (await on.deliveries.query(delivery_id, "why", {"rule": "asking"}))["rules"][0]

        await on.deliveries.ask(delivery_id, "decide", {"proposal_id": proposal["proposal_id"], "approve": False, "by": "Kim"})
        await on.deliveries.report(delivery_id, [an_event("status", status="delivered")])
        await ended(on, delivery_id)
        after = await on.snapshot(delivery_id)

        assert [one["proposal_id"] for one in why["proposals"]] == [proposal["proposal_id"]]
        assert (after["proposals"][0]["answer"], after["proposals"][0]["by"]) == ("rejected", "Kim")
        assert on.recorder.requests == []


async def test_the_deadline_of_a_proposal_is_kept_to_the_second(temporal: WorkflowEnvironment) -> None:
    soon = replace(ASKING, propose_for=2 * SECOND, unanswered="act")
    async with stage(temporal.client, a_book(soon)) as on:
        delivery_id = await failed(on)

        after = await on.until(delivery_id, acted("notify.customer", "done"))

        proposal = after["proposals"][0]
        assert (proposal["answer"], proposal["by"]) == ("acted", None)
        assert 0 <= seconds_between(proposal["due_at"], after["actions"][0]["asked_at"]) < 1


async def test_a_muted_rule_does_nothing_until_the_mute_ends(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(QUIET)) as on:
        delivery_id, until = await on.start(), from_now(seconds=3)

        await on.deliveries.ask(delivery_id, "mute", {"rule": "quiet", "until": until, "reason": "storm", "by": "Kim"})
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        muted = await on.until(delivery_id, is_open("quiet"))
        why = (await on.deliveries.query(delivery_id, "why", {"rule": "quiet"}))["rules"][0]
        done = await on.until(delivery_id, acted("notify.customer", "done"))
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]

        assert muted["actions"] == []
        assert (muted["muted"][0]["rule"], muted["muted"][0]["reason"]) == ("quiet", "storm")
        assert why["muted"]["by"] == "Kim"
        assert -0.01 <= seconds_between(until, done["actions"][0]["asked_at"]) < 1
        assert done["muted"] == []
        assert any(entry["what"].startswith("quiet muted until") for entry in timeline)


async def test_a_claim_holds_up_the_escalation_and_everybody_is_told_whose_it_is(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(CLAIMABLE, UNCLAIMED)) as on:
        delivery_id = await failed(on)
        incident_id = (await on.until(delivery_id, is_open("claimable")))["open_incidents"][0]["incident_id"]

        request = {"incident_id": incident_id, "owner": "Lee", "by": "Kim"}
        answer = await on.deliveries.ask(delivery_id, "claim", request)
        after = await on.until(delivery_id, acted("notify.driver", "done"))
        why = (await on.deliveries.query(delivery_id, "why", {"rule": "claimable"}))["rules"][0]
        timeline = (await on.deliveries.query(delivery_id, "timeline"))["entries"]
        history = await on.deliveries.handle(delivery_id).fetch_history()
        await on.deliveries.ask(delivery_id, "resolve", {"incident_id": incident_id, "resolution": "handled", "by": "Lee"})
        with pytest.raises(RefusedError, match="resolved already") as refused:
            await on.deliveries.ask(delivery_id, "claim", request)

    replayed = await Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )
    incident = after["open_incidents"][0]
    assert answer["ok"]
    assert (incident["owner"], incident["claimed_by"], incident["escalation"]) == ("Lee", "Kim", 0)
    assert why["escalation"]["says"] == "does not escalate: claimed by Lee"
    assert any(entry["what"] == "claimable claimed for Lee by Kim" for entry in timeline)
    assert "Lee" in [kept.owner for kept in on.paper.copies[-1].incidents]
    assert refused.value.type == "Conflict"
    assert replayed.replay_failure is None


@pytest.mark.parametrize(
    ("update", "request_", "note"),
    [
        pytest.param("confirm_availability", {"available": False}, "the customer will not be there", id="availability"),
        pytest.param("instruct", {"safe_place": "the shed"}, "the customer left an instruction", id="instruction"),
    ],
)
async def test_what_the_customer_says_by_an_update_answers_a_question(
    temporal: WorkflowEnvironment, update: str, request_: dict[str, Any], note: str
) -> None:
    async with stage(temporal.client, a_book(WONDERING)) as on:
        delivery_id = await failed(on)
        await on.until(delivery_id, acted("ask_customer", "asked"))

        await on.deliveries.ask(delivery_id, update, {**request_, "by": "customer"})
        after = await on.until(delivery_id, acted("ask_customer", "done"))

        assert after["actions"][0]["note"] == note


@pytest.mark.parametrize(
    ("update", "request_", "type_", "says"),
    [
        pytest.param("claim", {"incident_id": "x", "owner": "K", "by": "K"}, "NotFound", "no incident", id="no incident"),
        pytest.param("claim", {"incident_id": "x", "by": "K"}, "InvalidInput", "owner", id="no owner"),
        pytest.param("instruct", {"by": "K"}, "InvalidInput", "a text, a safe_place", id="no instruction"),
        pytest.param("confirm_availability", {"available": "x", "by": "K"}, "InvalidInput", "available", id="not yes or no"),
        pytest.param(
            "mute", {"rule": "nope", "until": "2020-01-01T00:00:00Z", "by": "K"}, "NotFound", "it has: quiet", id="no rule"
        ),
        pytest.param(
            "mute", {"rule": "quiet", "until": "2020-01-01T00:00:00Z", "by": "K"}, "InvalidInput", "over already", id="past"
        ),
        pytest.param(
            "mute", {"rule": "quiet", "until": "2099-01-01T00:00:00Z", "by": "K"}, "InvalidInput", "30 days at most", id="far"
        ),
        pytest.param(
            "decide", {"proposal_id": "x", "approve": True, "by": "K"}, "NotFound", "nothing was proposed", id="nothing"
        ),
        pytest.param("decide", {"proposal_id": "x", "approve": "maybe", "by": "K"}, "InvalidInput", "approve", id="no answer"),
    ],
)
async def test_what_cannot_be_decided_is_refused_with_its_reason(
    temporal: WorkflowEnvironment, update: str, request_: dict[str, Any], type_: str, says: str
) -> None:
    async with stage(temporal.client, a_book(QUIET)) as on:
        delivery_id = await on.start()

        with pytest.raises(RefusedError, match=says) as refused:
            await on.deliveries.ask(delivery_id, update, request_)

        assert refused.value.type == type_


def test_proposals_and_mutes_go_through_continue_as_new_and_an_older_state_is_still_read() -> None:
    order = DeliveryOrder.model_validate_json(json.dumps(an_order())).order()
    asked = {
        "": Proposal(1, ("open_ticket",), 5, "up to 20.00 EUR", Answer.APPROVED, "Kim", 3),
        "do.0": Proposal(2, ("reassign",)),
    }
    incident = Incident("D:1:r:1", "r", 1, Severity.HIGH, Mode.PROPOSE, 1, "says", "book", proposals=asked)
    incident = incident.claimed("Lee", "Kim", 4)
    watch = Watch(delivery_of(order, 0), 1, "book", 0, incidents=(incident,), muted={"r": Mute(9, 1, "Kim", "storm")})
    adopted = Decision(5, "adopt", book=Version("new", "2" * 64), before=Version("old", "1" * 64))
    watch = replace(watch, decisions=(Decision(4, "claim", "r", "Kim", "Lee"), adopted))
    state = State({}, "", watch, "standard", "run", 0)

    sent = packed(state)
    back = unpacked(json.dumps(sent, separators=(",", ":")).encode())
    del sent[STATE_KEY]["watch"]["muted"], sent[STATE_KEY]["watch"]["decisions"]
    for name in ("proposals", "claimed_by", "claimed_at"):
        del sent[STATE_KEY]["watch"]["incidents"][0][name]
    older = unpacked(json.dumps(sent, separators=(",", ":")).encode())

    assert back == state
    older_incident = replace(incident, proposals={}, claimed_by=None, claimed_at=None)
    assert older == replace(state, watch=replace(watch, muted={}, decisions=(), incidents=(older_incident,)))


async def test_each_step_of_an_escalation_that_pages_those_on_call_pages_the_next_one(temporal: WorkflowEnvironment) -> None:
    page = Step("notify", {"who": "on-call", "template": "need-help"})
    steps = (LadderStep(SECOND, (page,)), LadderStep(2 * SECOND, (page,)))
    rule = a_rule("unseen", FAILED, do=(page,), escalate=Ladder(steps, ("acknowledged",)))
    async with stage(temporal.client, a_book(rule)) as on:
        delivery_id = await failed(on)

        await on.until(delivery_id, lambda _: len(on.recorder.requests) == 3)

        assert [request.turn for request in on.recorder.requests] == [0, 1, 2]
