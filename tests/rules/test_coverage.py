"""What counts as shown by tests: sentences by what they were, incidents by their ways, actions by their having been started."""

from pathlib import Path

import pytest

from rules.coverage import CONDITIONS
from rules.coverage_report import Coverage
from rules.vocabulary import VOCABULARY
from tests.builders import a_delivery
from tests.rules.readers import run

BOOK = """
rulebook: small
define:
  on the van: [status is out_for_delivery]
rules:
  - id: halted
    when: [on the van, stopped for 20m]
    only_when: [between 08:00 and 12:00]
    hold: 5m
    clears_when: [moving for 2m]
    stay_clear: 3m
    cooldown: 30m
    do: [{reroute: {}, otherwise: [{open_ticket: {queue: hub-ops}}]}]
    on_resolve: {cured: [{notify: {who: driver, template: need-help}}]}
  - id: behind
    mode: shadow
    when: eta later than promised end
    do: [{notify: {who: driver, template: need-help}}]
  - id: ignored
    mode: off
    when: stopped for 1h
"""


def coverage_of(tmp_path: Path, *timelines: str, book: str = BOOK, outcomes: str = "{}", order: str = "{}") -> Coverage:
    """The coverage of tests that each play a timeline until 13:00."""
    (tmp_path / "small.yaml").write_text(book)
    tests = [
        f"  - {{name: test {number}, delivery: {order}, outcomes: {outcomes}, timeline: [{line}], expect: [{{until: '13:00', severity: {{}}}}]}}"
        for number, line in enumerate(timelines)
    ]
    (tmp_path / "small.test.yaml").write_text("\n".join(["tests:", *tests]) + "\n")
    coverage = Coverage()
    report = run(tmp_path, coverage)
    assert report.ok, report.summary()
    return coverage


def shown(coverage: Coverage, rule: str) -> dict[str, list[str]]:
    """What was seen of a rule, by the text of each row."""
    (book,) = coverage.as_json()
    (found,) = [one for one in book["rules"] if one["rule"] == rule]
    return {row["text"]: row["seen"] for row in found["rows"]}


def test_a_sentence_is_seen_as_what_it_is_at_any_moment_of_the_test(tmp_path: Path) -> None:
    seen = shown(coverage_of(tmp_path, "07:00 status out_for_delivery, 08:00 stopped, 08:30 moving"), "halted")

    assert seen["status is out_for_delivery"] == ["true"]
    assert seen["stopped for 20m"] == ["true", "false"]


def test_only_when_counts_while_the_condition_is_true_and_nothing_is_open(tmp_path: Path) -> None:
    early = shown(coverage_of(tmp_path, "07:00 status out_for_delivery, 07:30 stopped, 08:30 moving"), "halted")
    never = shown(coverage_of(tmp_path, "07:00 status out_for_delivery"), "halted")

    assert early["between 08:00 and 12:00"] == ["true", "false"]
    assert never["between 08:00 and 12:00"] == []


def test_clears_when_counts_while_the_incident_is_open(tmp_path: Path) -> None:
    seen = shown(coverage_of(tmp_path, "07:00 status out_for_delivery, 07:10 moving, 08:00 stopped, 09:00 moving"), "halted")
    before = shown(coverage_of(tmp_path, "07:00 status out_for_delivery, 07:10 moving"), "halted")

    assert seen["moving for 2m"] == ["true", "false"]
    assert before["moving for 2m"] == []


def test_unknown_counts_only_where_a_delivery_may_lack_what_is_spoken_of(tmp_path: Path) -> None:
    (book,) = coverage_of(tmp_path, "12:00 eta 15:00").as_json()
    rows = {row["text"]: row["of"] for rule in book["rules"] for row in rule["rows"] if row["in"] in CONDITIONS}

    assert rows["eta later than promised end"] == ["true", "false", "unknown"]
    assert rows["stopped for 20m"] == ["true", "false"]


def test_the_ways_of_an_incident_and_its_steps_are_seen_when_they_are_taken(tmp_path: Path) -> None:
    day = "08:00 status out_for_delivery, 08:00 stopped, 08:30 moving, 08:36 stopped, 09:03 moving"
    seen = shown(coverage_of(tmp_path, day, outcomes="{reroute: failed}"), "halted")

    assert seen["opened"] == seen["cured"] == seen["held back by its cooldown"] == ["ran"]
    assert seen["do 1: reroute"] == seen["do 1 otherwise 1: open_ticket"] == seen["on_resolve cured 1: notify"] == ["ran"]
    assert seen["true again while clearing"] == []


def test_what_a_shadow_would_do_is_seen_and_a_rule_that_is_off_does_not_count(tmp_path: Path) -> None:
    coverage = coverage_of(tmp_path, "12:00 eta 17:00")
    (book,) = coverage.as_json()

    assert shown(coverage, "behind")["do 1: notify"] == ["ran"]
    assert [rule["rule"] for rule in book["rules"]] == ["halted", "behind"]


def test_the_percentage_is_rounded_down_and_compared_exactly(tmp_path: Path) -> None:
    coverage = coverage_of(tmp_path, "12:00 scan", "12:00 eta 17:00, 12:10 eta 12:30")
    (book,) = coverage.as_json()
    behind = next(rule for rule in book["rules"] if rule["rule"] == "behind")

    assert (behind["percent"], behind["seen"], behind["of"]) == (100, 6, 6)
    assert book["percent"] == book["seen"] * 100 // book["of"] < 100
    assert not coverage.below(book["percent"])
    assert coverage.below(book["percent"] + 1)


def test_rows_of_a_table_count_together_and_a_layer_for_itself(tmp_path: Path) -> None:
    (tmp_path / "halts.csv").write_text("carrier,halt\nacme,10m\n,20m\n")
    book = """
rulebook: small
params: halts.csv
rules:
  - id: halted
    when: "stopped for {halt}"
  - id: gold
    overrides: halted
    applies_to: {customer_tier: gold}
    when: stopped for 5m
"""
    (found,) = coverage_of(tmp_path, "08:00 stopped", book=book).as_json()

    assert [(rule["rule"], rule["of"]) for rule in found["rules"]] == [("halted", 4), ("halted@gold", 4)]


def test_each_step_of_an_escalation_and_its_repetition_are_seen(tmp_path: Path) -> None:
    book = """
rulebook: small
rules:
  - id: halted
    when: stopped for 20m
    escalate:
      steps:
        - {after: 15m, do: [{notify: {who: driver, template: need-help}}]}
        - {after: 30m, do: [{open_ticket: {queue: hub-ops}}], repeat: {every: 10m, at_most: 2}}
        - {after: 3h, do: [{open_ticket: {queue: hub-ops}}]}
"""
    seen = shown(coverage_of(tmp_path, "12:15 stopped", book=book), "halted")
    later = shown(coverage_of(tmp_path, "11:30 stopped", book=book), "halted")

    assert seen["escalate 1, do 1: notify"] == ["ran"]
    assert seen["escalate 2, do 1: open_ticket"] == seen["escalate 2, repeated"] == []
    assert later["escalate 2, do 1: open_ticket"] == later["escalate 2, repeated"] == ["ran"]
    assert later["escalate 3, do 1: open_ticket"] == []


def test_what_quiet_hours_and_limits_keep_back_and_an_acknowledgement_that_expires_are_seen(tmp_path: Path) -> None:
    book = """
rulebook: small
rules:
  - id: halted
    when: stopped for 20m
    acknowledge_expires: 5m
    quiet_hours: {for: reroute, window: "09:00-10:00"}
    limits: [{what: ticket, at_most: 0, within: 1h}]
    do: [{open_ticket: {queue: hub-ops}}]
    on_resolve: [reroute]
"""
    ways = ("kept back by its quiet hours", "withheld by its limits", "an acknowledgement that expires")

    seen = shown(coverage_of(tmp_path, "08:00 stopped, 08:30 moving", book=book), "halted")
    more = shown(coverage_of(tmp_path, "08:00 stopped, 08:30 acknowledge halted, 09:30 moving", book=book), "halted")

    assert [seen[way] for way in ways] == [[], ["ran"], []]
    assert [more[way] for way in ways] == [["ran"], ["ran"], ["ran"]]


def test_what_stands_under_defaults_counts_only_for_rules_that_it_may_keep_back(tmp_path: Path) -> None:
    """A rule that writes to nobody had to show a message that was put off."""
    book = """
rulebook: small
defaults: {quiet_hours: {for: notify.customer, window: "21:00-08:00"}, limits: [{what: customer_message, at_most: 2, within: 24h}]}
rules:
  - {id: halted, when: stopped for 20m, do: [reroute]}
  - {id: lost, when: status is lost, do: [{reroute: {}, otherwise: [{notify: {who: customer, template: running-late}}]}]}
"""
    coverage = coverage_of(tmp_path, "08:00 stopped", book=book)

    assert "kept back by its quiet hours" not in shown(coverage, "halted")
    assert "withheld by its limits" not in shown(coverage, "halted")
    assert shown(coverage, "lost")["kept back by its quiet hours"] == []
    assert shown(coverage, "lost")["withheld by its limits"] == []


def test_a_feed_that_was_heard_of_is_not_silent_again_within_a_shorter_time(tmp_path: Path) -> None:
    book = """
rulebook: small
rules:
  - {id: long, when: {all: [feed of carrier stale for 2h, status is created]}, stay_clear: 30m}
  - {id: short, when: {any: [feed of carrier stale for 2h, feed of carrier stale for 20m]}, stay_clear: 30m}
"""
    coverage = coverage_of(tmp_path, "08:00 scan", book=book)

    assert ["true again while clearing" in shown(coverage, rule) for rule in ("long", "short")] == [False, True]


def test_what_is_true_only_of_the_end_cannot_be_cured(tmp_path: Path) -> None:
    """A correction retracts it; coverage asked for a cure."""
    book = """
rulebook: small
rules:
  - {id: lost, when: ["status is lost", eta is unknown]}
  - {id: over, when: {any: ["status is lost", "status is one of refused, returned"]}}
  - {id: damaged-or-lost, when: "status is one of damaged, lost"}
"""
    coverage = coverage_of(tmp_path, "08:00 status damaged", book=book)

    assert ["cured" in shown(coverage, rule) for rule in ("lost", "over", "damaged-or-lost")] == [False, False, True]


def test_the_table_says_what_was_not_seen(tmp_path: Path) -> None:
    table = coverage_of(tmp_path, "11:00 scan, 12:00 eta 17:00").summary()

    assert "  behind: 66 % (4 of 6)" in table
    assert "NOT false" in table
    assert "NOT ran" in table


@pytest.mark.parametrize("fact", [name for name, row in VOCABULARY.items() if row.always_known and name != "condition"])
def test_what_is_always_known_is_known_of_the_barest_delivery(fact: str) -> None:
    delivery = a_delivery(hub=None, zone=None, service_level=None)

    assert VOCABULARY[fact].read(delivery.order, delivery.facts) is not None
