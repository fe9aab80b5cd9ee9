"""What holds a rule back and what it does over time: stages, escalation, quiet hours, limits, groups, approval."""

from dataclasses import fields

import pytest

from domain.incident import Mode, Severity
from domain.instant import DAY, HOUR, MINUTE, SECOND
from rules import unbuilt
from rules.book import (
    Approval,
    Grouping,
    Ladder,
    LadderStep,
    Limit,
    QuietHours,
    Repeat,
    Rule,
    Rulebook,
    Stage,
    Step,
    canonical_json,
    from_canonical,
)
from rules.compile import compile_book
from rules.reader import read_book
from rules.rule_reader import RULE_KEYS
from rules.tree import AnyOf, AtLeast, Known, Later, TimeRef
from rules.unbuilt import NotBuiltError

KNOWN, UNKNOWN = Known("eta"), Known("eta", known=False)


def book_of(text: str) -> Rulebook:
    reading = read_book(text, "book.yaml")
    assert reading.book is not None, "\n".join(problem.render() for problem in reading.problems)
    return reading.book


def rule_of(keys: str) -> Rule:
    return book_of("rulebook: b\nrules:\n  - id: r\n" + "".join(f"    {line}\n" for line in keys.splitlines())).rules[0]


def test_a_rule_with_stages_is_true_while_any_stage_is_and_opens_as_the_mildest() -> None:
    rule = rule_of(
        "stages:\n"
        "  - {when: eta later than promised end by 10m, severity: low}\n"
        "  - {when: eta later than promised end by 30m, severity: high, do: [reroute]}\n"
    )

    eta, end = TimeRef("fact", "eta"), TimeRef("fact", "promised end")
    late, later = Later(eta, end, 10 * MINUTE), Later(eta, end, 30 * MINUTE)
    assert rule.stages == (Stage(late, Severity.LOW), Stage(later, Severity.HIGH, (Step("reroute"),)))
    assert (rule.when, rule.severity, rule.do) == (AnyOf((late, later)), Severity.LOW, ())


def test_a_stage_that_names_no_severity_has_the_usual_one() -> None:
    book = book_of("rulebook: b\ndefaults: {severity: high}\nrules: [{id: r, stages: [{when: eta is known}]}]\n")

    assert book.rules[0].stages == (Stage(KNOWN, Severity.HIGH),)


def test_a_ladder_has_steps_repeats_and_what_stops_it() -> None:
    rule = rule_of(
        "when: eta is known\n"
        "acknowledge_expires: 60m\n"
        "escalate:\n"
        "  stop_when: [cleared, acknowledged]\n"
        "  steps:\n"
        "    - {after: 15m, do: [reroute]}\n"
        "    - {after: 45m, do: [{open_ticket: {queue: duty}}], repeat: {every: 30m, at_most: 2}}\n"
    )

    ticket = Step("open_ticket", {"queue": "duty"})
    first, second = LadderStep(15 * MINUTE, (Step("reroute"),)), LadderStep(45 * MINUTE, (ticket,), Repeat(30 * MINUTE, 2))
    assert rule.escalate == Ladder((first, second), ("cleared", "acknowledged"))
    assert rule.acknowledge_expires == HOUR


def test_quiet_hours_limits_groups_and_approval_are_read() -> None:
    rule = rule_of(
        "when: eta is known\n"
        'quiet_hours: {for: [notify.customer, open_ticket], window: "21:00-08:00", at_end: send}\n'
        "limits: [{what: customer_message, at_most: 2, within: 24h}]\n"
        "group: {by: route, at_least: 3, within: 15m, gather: 20s, instead: true}\n"
        "approve_above: {cost: 15 EUR}\n"
    )

    assert rule.quiet_hours == QuietHours(("notify.customer", "open_ticket"), 21 * HOUR, 8 * HOUR, "send")
    assert rule.limits == (Limit("customer_message", 2, DAY),)
    assert rule.group == Grouping("route", 3, 15 * MINUTE, 20 * SECOND, instead=True)
    assert rule.approve_above == Approval(1_500, "EUR")


def test_what_is_not_written_has_its_usual_value() -> None:
    quiet = rule_of('when: eta is known\nquiet_hours: {for: notify, window: "22:00-06:00"}\ngroup: {by: hub}').quiet_hours

    assert quiet == QuietHours(("notify",), 22 * HOUR, 6 * HOUR, "recheck_then_send")
    assert rule_of("when: eta is known\ngroup: {by: hub}").group == Grouping("hub", 2, 0, 0, instead=False)


def test_a_rule_may_propose_and_others_may_outrank_it() -> None:
    book = book_of(
        "rulebook: b\nrules:\n"
        "  - {id: r, when: eta is known, mode: propose, propose_for: 30m, unanswered: act, in_flight: keep, decision: place}\n"
        "  - {id: s, when: eta is known, suppressed_by: [r], final_grace: 2h}\n"
    )

    proposing, suppressed = book.rules
    assert (proposing.mode, proposing.propose_for, proposing.unanswered) == (Mode.PROPOSE, 30 * MINUTE, "act")
    assert (proposing.in_flight, proposing.decision) == ("keep", "place")
    assert (suppressed.suppressed_by, suppressed.final_grace) == (("r",), 2 * HOUR)


def test_keys_of_defaults_stand_for_every_rule() -> None:
    limits = "[{what: ticket, at_most: 1, within: 1h}]"
    book = book_of(f"rulebook: b\ndefaults: {{limits: {limits}, in_flight: keep}}\nrules: [{{id: r, when: eta is known}}]\n")

    assert (book.rules[0].limits, book.rules[0].in_flight) == ((Limit("ticket", 1, HOUR),), "keep")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("{at least 1 of: [eta is known, eta is unknown]}", id="as people write it"),
        pytest.param("{at_least: {n: 1, of: [eta is known, eta is unknown]}}", id="as tools do"),
    ],
)
def test_at_least_some_of_several_is_a_group(written: str) -> None:
    assert rule_of(f"when: {written}").when == AtLeast(1, (KNOWN, UNKNOWN))


WHOLE = """
rulebook: b
rules:
  - id: r
    stages: [{when: eta is known}, {when: {at least 1 of: [eta is unknown, "at_hub skipped"]}, severity: high, do: [reroute]}]
    escalate: {steps: [{after: 15m, do: [reroute], repeat: {every: 5m}}]}
    quiet_hours: {for: [notify], window: "21:00-08:00"}
    limits: [{what: reroute, at_most: 1, within: 1h}]
    group: {by: zone}
    approve_above: {cost: 15 EUR}
    suppressed_by: [s]
    decision: d
  - {id: s, when: eta is known}
  - {overrides: r, applies_to: {carrier: acme}, decision: e}
"""


def test_a_book_with_every_key_comes_back_from_its_canonical_json() -> None:
    book = book_of(WHOLE)

    assert from_canonical(canonical_json(book)) == book


def test_a_book_that_was_published_before_these_keys_existed_is_still_read() -> None:
    old = '{"name":"b","rules":[{"id":"r","says":"r","when":{"fact":"eta","form":"known","held":0,"known":true,"text":""}}]}'

    assert from_canonical(old) == Rulebook("b", (Rule("r", "r", KNOWN),))


def test_every_key_of_the_model_can_be_written() -> None:
    made = {"overrides", "narrowed_to", "left_to_others"}

    assert {field.name for field in fields(Rule)} - made == set(RULE_KEYS)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        pytest.param("when: eta is known\ngroup: {by: hub}", '"group"', id="a key"),
    ],
)
def test_what_cannot_be_evaluated_yet_is_refused_when_a_book_is_compiled(
    keys: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unbuilt, "KEYS", ("group",))
    book = Rulebook("b", (rule_of(keys),))

    with pytest.raises(NotBuiltError, match=f"rule r: {what} can be read, but is not supported yet"):
        compile_book(book)


def test_a_rule_that_is_off_may_use_what_cannot_be_evaluated_yet() -> None:
    book = Rulebook("b", (rule_of("when: eta is known\ngroup: {by: hub}\nmode: off"),))

    assert compile_book(book).rules == ()
