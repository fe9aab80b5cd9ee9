"""What people decide about rules: proposals that wait for somebody, costs above a limit, rules that are muted."""

from pathlib import Path

import pytest

from tests.rules.readers import run

DIRECTORY = """
carriers:
  acme: {backup: [zipvan, dear]}
  zipvan: {cost_per_drop: 9.50 EUR}
  dear: {cost_per_drop: 20 EUR}
  other: {backup: [zipvan]}
  third: {backup: [free]}
  free: {}
"""

PREDICTED = """
rulebook: small
rules:
  - id: predicted
    when: eta later than promised end by 10m
    do:
      - reroute: {}
        otherwise: [{open_ticket: {queue: hub-ops}}]
      - notify: {who: customer, template: running-late}
    on_resolve: [{notify: {who: customer, template: back-on-track}}]
"""

PROPOSING = PREDICTED.replace("    do:", "    mode: propose\n    do:", 1)
IN_TIME = PROPOSING.replace("    do:", "    propose_for: 30m\n    do:", 1)
ACTING = PROPOSING.replace("    do:", "    propose_for: 30m\n    unanswered: act\n    do:", 1)
LADDER = PREDICTED.replace(
    "    on_resolve", "    escalate: {steps: [{after: 30m, do: [{open_ticket: {queue: hub-ops}}]}]}\n    on_resolve"
)
COSTLY = """
rulebook: small
rules:
  - id: predicted
    when: eta later than promised end by 10m
    approve_above: {cost: 15 EUR}
    do:
      - reassign: {to: [nearby_driver, backup_carrier]}
        otherwise: [{open_ticket: {queue: hub-ops}}]
      - notify: {who: customer, template: running-late}
"""
REPEATING = COSTLY.replace(
    "    do:\n      - reassign: {to: [nearby_driver, backup_carrier]}\n        otherwise: [{open_ticket: {queue: hub-ops}}]\n      - notify:"
    " {who: customer, template: running-late}\n",
    "    escalate: {steps: [{after: 10m, do: [reassign, {notify: {who: lead, template: t}}], repeat: {every: 30m}}]}\n",
)
REPEATING_IN_TIME = REPEATING.replace("    escalate", "    propose_for: 40m\n    unanswered: act\n    escalate")
ASLEEP = PREDICTED.replace("    do:", '    quiet_hours: {for: [notify], window: "11:30-13:00", at_end: send}\n    do:', 1)
COSTLY_IN_TIME = COSTLY.replace("    do:", "    propose_for: 30m\n    do:", 1)
CHEAP = COSTLY.replace("15 EUR", "20 EUR")
NEARBY = COSTLY.replace("[nearby_driver, backup_carrier]", "nearby_driver")
DOLLARS = COSTLY.replace("15 EUR", "500 USD")
LATE, BETTER = "12:00 eta 16:15", "12:40 eta 15:00"
ALL = "[reroute, notify.customer]"
GIVEN = "[reassign, notify.customer]"


def failures(folder: Path, book: str, timeline: list[str], expect: str, carrier: str = "acme") -> str:
    """The report of a test of a book that fails; empty if it passes. Due at 16:00."""
    (folder / "directory.yaml").write_text(DIRECTORY)
    (folder / "small.yaml").write_text(book)
    lines = "".join(f'      - "{line}"\n' for line in timeline)
    (folder / "small.test.yaml").write_text(
        f"tests:\n  - name: a test\n    delivery: {{carrier: {carrier}, timezone: Europe/Helsinki}}\n"
        f"    timeline:\n{lines}    expect: {expect}\n"
    )
    report = run(folder / "small.test.yaml")
    return "" if report.ok else report.summary()


@pytest.mark.parametrize(
    ("book", "timeline", "expect"),
    [
        pytest.param(PROPOSING, [LATE], "[{until: '15:00', open: [], did: []}]", id="it waits"),
        pytest.param(
            PROPOSING,
            [LATE, "12:10 decide predicted approve", BETTER],
            f"[{{until: '12:09:59', did: []}}, {{at: '12:10', did: {ALL}}}, {{at: '12:40', did: [notify.customer]}}]",
            id="it acts when somebody approves",
        ),
        pytest.param(
            PROPOSING,
            [LATE, "12:10 decide predicted reject", BETTER],
            "[{until: '13:00', did: []}]",
            id="it does nothing when somebody rejects",
        ),
        pytest.param(PROPOSING, [LATE, BETTER], "[{until: '13:00', did: []}]", id="it lapses with its incident"),
        pytest.param(
            PROPOSING,
            [LATE, BETTER, "13:00 eta 16:15", "13:01 decide predicted approve"],
            f"[{{until: '13:00:59', did: []}}, {{at: '13:01', did: {ALL}}}]",
            id="each episode asks anew",
        ),
        pytest.param(IN_TIME, [LATE], "[{until: '15:00', did: []}]", id="unanswered, it is dropped"),
        pytest.param(
            ACTING,
            [LATE],
            f"[{{until: '12:29:59', did: []}}, {{at: '12:30', did: {ALL}}}, {{until: '15:00', did: []}}]",
            id="unanswered, it acts at its deadline if the rule says so",
        ),
        pytest.param(
            ACTING,
            [LATE, "12:10 decide predicted reject"],
            "[{until: '15:00', did: []}]",
            id="a rejection stands at the deadline",
        ),
        pytest.param(
            COSTLY,
            [LATE, "12:10 decide predicted approve"],
            f"[{{until: '12:09:59', open: [predicted], did: []}}, {{at: '12:10', did: {GIVEN}}}]",
            id="what may cost more than the limit is asked first, and holds up what follows",
        ),
        pytest.param(
            COSTLY,
            [LATE, "12:10 decide predicted reject"],
            "[{at: '12:10', did: [open_ticket, notify.customer]}]",
            id="what is rejected did not help",
        ),
        pytest.param(
            COSTLY_IN_TIME,
            [LATE],
            "[{until: '12:29:59', did: []}, {at: '12:30', did: [open_ticket, notify.customer]}]",
            id="nor did what nobody answered",
        ),
        pytest.param(COSTLY, [LATE, BETTER], "[{until: '14:00', did: []}]", id="a question ends with its incident"),
        pytest.param(CHEAP, [LATE], f"[{{at: '12:00', did: {GIVEN}}}]", id="what costs just the limit is not asked"),
        pytest.param(NEARBY, [LATE], f"[{{at: '12:00', did: {GIVEN}}}]", id="a driver of the own carrier costs nothing"),
        pytest.param(DOLLARS, [LATE], "[{until: '13:00', did: []}]", id="a price in another currency is not known"),
        pytest.param(
            PREDICTED,
            ["11:00 mute predicted until 12:30", LATE],
            f"[{{at: '12:00', open: [predicted], did: []}}, {{until: '12:29:59', did: []}}, {{at: '12:30', did: {ALL}}},"
            " {until: '15:00', did: []}]",
            id="a muted rule keeps its state, and does what is still called for when the mute ends",
        ),
        pytest.param(
            PREDICTED,
            ["11:00 mute predicted until 14:00", LATE, BETTER],
            "[{at: '12:40', resolved: {predicted: cured}}, {until: '15:00', did: []}]",
            id="what began and ended while it was muted is never told",
        ),
        pytest.param(
            PREDICTED,
            [LATE, "12:10 mute predicted until 13:00", BETTER],
            f"[{{at: '12:00', did: {ALL}}}, {{until: '15:00', did: []}}]",
            id="nor is the end of what was muted meanwhile",
        ),
        pytest.param(
            PREDICTED,
            ["11:00 mute predicted until 14:00", LATE, "12:10 mute predicted until 12:20"],
            f"[{{until: '12:19:59', did: []}}, {{at: '12:20', did: {ALL}}}]",
            id="a later mute takes the place of an earlier one",
        ),
        pytest.param(
            ASLEEP,
            [LATE, "12:10 mute predicted until 14:00", BETTER],
            "[{at: '12:00', did: [reroute], deferred: [predicted]}, {at: '12:40', deferred: []}, {until: '15:00', did: []}]",
            id="nor is what still waited when it ended muted",
        ),
        pytest.param(
            REPEATING,
            [LATE, "13:15 decide predicted approve"],
            "[{until: '13:14:59', did: []}, {at: '13:15', did: [reassign, notify.lead]}, {until: '13:39:59', did: []}]",
            id="a step that repeats asks for its latest time only",
        ),
        pytest.param(
            REPEATING_IN_TIME,
            [LATE],
            "[{until: '12:49:59', did: []}, {at: '12:50', did: [reassign, notify.lead]}]",
            id="the deadline of its first time stands",
        ),
        pytest.param(
            LADDER,
            [LATE, "12:10 mute predicted until 13:00"],
            f"[{{at: '12:00', did: {ALL}}}, {{until: '12:59:59', did: []}}, {{at: '13:00', did: [open_ticket]}}]",
            id="an escalation waits for the end of the mute",
        ),
        pytest.param(
            LADDER.replace("escalate: {", "escalate: {stop_when: [claimed], "),
            [LATE, "12:10 claim predicted"],
            f"[{{at: '12:00', did: {ALL}}}, {{until: '15:00', open: [predicted], did: []}}]",
            id="an escalation may be held up by whoever has it in hand",
        ),
        pytest.param(
            ACTING,
            ["11:00 mute predicted until 13:00", LATE, "13:10 decide predicted approve"],
            f"[{{until: '13:09:59', did: []}}, {{at: '13:10', did: {ALL}}}]",
            id="a muted rule asks nobody before the mute ends",
        ),
    ],
)
def test_rules_do_what_people_decide(tmp_path: Path, book: str, timeline: list[str], expect: str) -> None:
    assert failures(tmp_path, book, timeline, expect) == ""


@pytest.mark.parametrize(("carrier", "did"), [("other", GIVEN), ("third", "[]"), ("zipvan", "[]")])
def test_the_price_of_the_carriers_own_backups_counts_and_an_unknown_one_is_above_every_limit(
    tmp_path: Path, carrier: str, did: str
) -> None:
    assert failures(tmp_path, COSTLY, [LATE], f"[{{at: '12:00', did: {did}}}]", carrier) == ""


def test_a_decision_where_nothing_is_proposed_is_a_mistake_of_the_test(tmp_path: Path) -> None:
    said = failures(tmp_path, PREDICTED, [LATE, "12:10 decide predicted approve"], "[{at: '12:10', open: [predicted]}]")

    assert "expected a proposal of predicted to approve, got none" in said
