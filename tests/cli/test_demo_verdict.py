"""The demo's verdict: what has to hold, and what is said when it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.demo.day import Day
from cli.demo.evidence import Evidence
from cli.demo.player import Played
from cli.demo.scenario import Life, Scenario, scenario_of
from cli.demo.tally import Tally, tallies
from cli.demo.verdict import Verdict, verdict_of
from cli.standins.mail_catcher import CaughtMail
from cli.standins.twilio_resource import TextMessage
from domain.actions import Outcome
from domain.instant import SECOND, Instant, iso
from store.copies import Effect
from store.tickets import Ticket
from store.words import EffectState, TicketStatus

BEGINS: Instant = 1_795_413_600_000
DUE: Instant = BEGINS + 30 * SECOND


@pytest.fixture(scope="module")
async def day() -> Scenario:
    """Two deliveries: one that is late, and a healthy one whose scans come twice."""
    whole = await scenario_of(Day(BEGINS, 600))
    wanted = [next(life for life in whole.lives if life.fault == "late"), next(life for life in whole.lives if life.oddity)]
    return replace(whole, lives=tuple(wanted))


def an_incident(life: Life, rule: str, **more: Any) -> dict[str, Any]:
    incident_id = f"{life.delivery_id}:1:{rule}:1"
    return {"incident_id": incident_id, "rule": rule, "opened_at": iso(DUE), "resolution": "cured", **more}


def an_act(life: Life, asked_at: Instant, outcome: str = "done") -> dict[str, Any]:
    return {"action": "open_ticket", "incident_id": f"{life.delivery_id}:1:late:1", "outcome": outcome, "asked_at": iso(asked_at)}


def a_snapshot(life: Life, incidents: Sequence[Any] = (), actions: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"status": life.ends_as.value, "events_seen": life.distinct_events, "missed": []}
    return {**plain, "incidents": list(incidents), "actions": list(actions), **more}


def evidence_of(snapshots: Mapping[str, Any], **more: Any) -> Evidence:
    plain: dict[str, Any] = {
        "effects": (),
        "mails": (),
        "texts": (),
        "tickets": (),
        "plan_versions": {"R1": 1},
        "played": Played(),
    }
    return Evidence(snapshots=snapshots, **{**plain, **more})


def judged(
    day: Scenario, late: Mapping[str, Any] | None = None, healthy: Mapping[str, Any] | None = None, **more: Any
) -> Verdict:
    sick, well = day.lives
    noticed = a_snapshot(sick, [an_incident(sick, "late")], [an_act(sick, DUE + 20)])
    snapshots = {sick.delivery_id: late or noticed, well.delivery_id: healthy or a_snapshot(well)}
    return verdict_of(day, {sick.delivery_id: DUE}, evidence_of(snapshots, **more))


def an_effect(action: str, key: str = "D-105/1/late/1/do.0/0", **more: Any) -> Effect:
    about = {"key": key, "action": action, "delivery_id": "D-105", "incident_id": "D-105:1:late:1", "attempt": 1}
    times = {"claimed_at": DUE, "deadline": DUE + 20 * SECOND, "closed_at": DUE + 1}
    ended = {
        "state": EffectState.CLOSED,
        "outcome": Outcome.DONE,
        "note": None,
        "provider_ref": None,
        "detail": None,
        "last_error": None,
    }
    return Effect(**{**about, **times, **ended, **more})


def a_mail(effect: str, message_id: str) -> CaughtMail:
    return CaughtMail(DUE, "a@example.test", "b@example.test", "s", message_id, effect, "t", None, Path("x.eml"))


def a_text(sid: str) -> TextMessage:
    return TextMessage(sid, DUE, "+358401234567", "+15005550006", "text")


def a_ticket(number: int, incident_id: str, status: TicketStatus = TicketStatus.SOLVED) -> Ticket:
    return Ticket(number, incident_id, "D-105", "hub-ops", "high", status, "t", "b", DUE, DUE, DUE)


def test_a_good_day_has_no_problems(day: Scenario) -> None:
    verdict = judged(day)

    assert verdict.problems == ()
    assert verdict.shown()["faults"][0]["delay_seconds"] == 0.02
    assert verdict.shown()["faults"][0]["actions"] == ["open_ticket: done"]


def test_a_fault_that_nobody_noticed_is_told(day: Scenario) -> None:
    verdict = judged(day, late=a_snapshot(day.lives[0]))

    assert verdict.problems == ("D-105: late never noticed the fault late",)
    assert verdict.shown()["faults"][0]["noticed_at"] is None


def test_a_fault_that_came_and_went_while_nobody_looked_is_told(day: Scenario) -> None:
    verdict = judged(day, late=a_snapshot(day.lives[0], missed=[{"rule": "late", "at": iso(DUE)}]))

    assert verdict.problems == ("D-105: late opened and was over again while nobody looked",)


@pytest.mark.parametrize(
    ("noticed", "said"),
    [
        pytest.param(DUE + 1_001, "late opened 1.001 s after its deadline", id="too late"),
        pytest.param(DUE - 1, "late opened 0.001 s before its deadline", id="too early"),
    ],
)
def test_a_fault_is_noticed_within_a_second_and_not_before(day: Scenario, noticed: Instant, said: str) -> None:
    sick = day.lives[0]

    verdict = judged(day, late=a_snapshot(sick, [an_incident(sick, "late")], [an_act(sick, noticed)]))

    assert verdict.problems == (f"D-105: {said}; allowed are 0 to 1 s",)


def test_an_action_that_never_ended_is_told(day: Scenario) -> None:
    sick = day.lives[0]

    verdict = judged(day, late=a_snapshot(sick, [an_incident(sick, "late")], [an_act(sick, DUE, "started")]))

    assert verdict.problems == ("D-105: late: open_ticket: started and never ended",)


def test_an_incident_on_a_healthy_delivery_is_a_false_one(day: Scenario) -> None:
    well = day.lives[1]

    verdict = judged(day, healthy=a_snapshot(well, [an_incident(well, "stop-dwell")]))

    assert [incident["rule"] for incident in verdict.false_incidents] == ["stop-dwell"]
    assert verdict.problems == (f"{well.delivery_id} is healthy, and stop-dwell opened on it",)


def test_a_duplicate_that_was_counted_is_told(day: Scenario) -> None:
    well = day.lives[1]

    verdict = judged(day, healthy=a_snapshot(well, events_seen=well.distinct_events + 1))

    assert len(verdict.problems) == 1
    assert f"{well.distinct_events} events were reported, {well.distinct_events + 1} were counted" in verdict.problems[0]


def test_a_delivery_that_ended_otherwise_or_not_at_all_is_told(day: Scenario) -> None:
    well = day.lives[1]

    verdict = judged(day, healthy=a_snapshot(well, status="arrived"), unfinished=[well.delivery_id])

    assert verdict.problems == (
        f"{well.delivery_id} ended as arrived; reported was delivered",
        f"{well.delivery_id}: its workflow has not ended",
    )


def test_a_report_that_nobody_took_is_told(day: Scenario) -> None:
    verdict = judged(day, played=Played(refused=[("D-105", "D-105-09")]))

    assert verdict.problems == ("D-105: nobody took the report D-105-09",)


def test_an_effect_that_is_not_clean_is_told(day: Scenario) -> None:
    verdict = judged(day, effects=[an_effect("notify.email", outcome=Outcome.FAILED)])

    assert verdict.problems == ("notify.email: 1 failed",)


@pytest.mark.parametrize(
    ("effect", "received", "tally"),
    [
        pytest.param(an_effect("notify.email", "k"), {"mails": [a_mail("k", "<1>")]}, Tally(done=1), id="mail"),
        pytest.param(an_effect("notify.email", "k"), {"mails": []}, Tally(done=1, lost=1), id="mail lost"),
        pytest.param(
            an_effect("notify.email", "k"),
            {"mails": [a_mail("k", "<1>"), a_mail("k", "<1>")]},
            Tally(done=1),
            id="mail sent again",
        ),
        pytest.param(
            an_effect("notify.email", "k"),
            {"mails": [a_mail("k", "<1>"), a_mail("k", "<2>")]},
            Tally(done=1, doubled=1),
            id="mail doubled: two Message-IDs",
        ),
        pytest.param(an_effect("notify.sms", provider_ref="SM1"), {"texts": [a_text("SM1")]}, Tally(done=1), id="SMS"),
        pytest.param(an_effect("notify.sms", provider_ref="SM1"), {"texts": []}, Tally(done=1, lost=1), id="SMS lost"),
        pytest.param(
            an_effect("notify.sms", provider_ref="SM1"),
            {"texts": [a_text("SM1"), a_text("SM2")]},
            Tally(done=1, doubled=1),
            id="SMS doubled: one that the ledger does not know",
        ),
        pytest.param(an_effect("open_ticket"), {"tickets": [a_ticket(1, "D-105:1:late:1")]}, Tally(done=1), id="ticket"),
        pytest.param(
            an_effect("open_ticket"),
            {"tickets": [a_ticket(1, "D-105:1:late:1"), a_ticket(2, "D-105:1:late:1")]},
            Tally(done=1, doubled=1),
            id="ticket doubled",
        ),
        pytest.param(
            an_effect("solve_ticket"),
            {"tickets": [a_ticket(1, "D-105:1:late:1", TicketStatus.OPEN)]},
            Tally(done=1, lost=1),
            id="ticket not solved",
        ),
        pytest.param(an_effect("reroute"), {"plan_versions": {"R1": 2, "R2": 1}}, Tally(done=1), id="one new plan"),
        pytest.param(an_effect("reroute", detail={"news": None}), {}, Tally(done=1), id="a plan that another effect wrote"),
        pytest.param(an_effect("reroute"), {"plan_versions": {"R1": 3}}, Tally(done=1, doubled=1), id="a plan too many"),
        pytest.param(
            an_effect("reassign", detail={"assignment": {"route_id": "R2"}}),
            {"plan_versions": {"R1": 2, "R2": 2}},
            Tally(done=1),
            id="two new plans for another driver",
        ),
        pytest.param(an_effect("reroute", outcome=Outcome.NO_HELP), {}, Tally(no_help=1), id="no help"),
        pytest.param(
            an_effect("notify.sms", state=EffectState.CLAIMED, outcome=None), {}, Tally(unfinished=1), id="left in the middle"
        ),
    ],
)
def test_the_ledger_is_held_against_what_was_received(effect: Effect, received: Mapping[str, Any], tally: Tally) -> None:
    evidence = evidence_of({}, effects=[effect], **received)

    assert tallies(evidence) == {effect.action: tally}
