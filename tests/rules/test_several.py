"""Tests of several deliveries: one clock, one world outside, and each is told and judged by itself."""

from pathlib import Path

import pytest

from rules.coverage_report import Coverage
from rules.mutation import mutate
from rules.verify import Report
from tests.rules.readers import READERS, SMALL, run

TWO = """
tests:
  - name: two of them
    deliveries: {A: {promised: "14:00-16:00"}, B: {promised: "14:00-17:00"}}
    timeline:
      - 09:00 status out_for_delivery
      - A: 10:00 eta 16:30
      - "B: 10:30 eta 16:00"
    expect:
"""


def the_report(folder: Path, *expect: str, rest: str = TWO) -> Report:
    (folder / "small.yaml").write_text(SMALL)
    (folder / "small.test.yaml").write_text(rest + "".join(f"      - {one}\n" for one in expect))
    return run(folder / "small.test.yaml")


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param("{at: '10:05', open: ['A: predicted']}", id="a name before a rule"),
        pytest.param("{at: '10:05', open: [A: predicted]}", id="a pair in a list"),
        pytest.param("{at: '10:05', open: A:predicted}", id="one value for a list"),
        pytest.param("{at: '10:05', open: {A: predicted}}", id="a mapping"),
        pytest.param("{at: '10:05', open: {A: [predicted], B: []}}", id="a mapping of lists"),
        pytest.param("{at: '10:04:59', open: []}", id="nothing, of each"),
        pytest.param("{at: '16:00', open: [A: late, A: predicted], severity: {A:late: high}}", id="keys of a mapping"),
        pytest.param("{at: '17:00', open: [late, A: predicted]}", id="of each, and of one"),
        pytest.param("{at: '16:00', did: [A: reroute, A: notify.customer]}", id="actions"),
        pytest.param("{until: '18:00', did: [reroute, notify.customer]}", id="actions of each"),
        pytest.param(
            "{forecast_at: '10:01', says: ['A: predicted opens at 10:05', 'A: late opens at 16:00', 'B: late opens at 17:00']}",
            id="forecasts",
        ),
        pytest.param("{at: '10:05', resolved: {}}", id="nothing resolved"),
    ],
)
def test_what_is_said_of_one_is_of_no_other_and_what_is_said_of_none_is_of_each(tmp_path: Path, expected: str) -> None:
    report = the_report(tmp_path, expected)

    assert report.ok, report.summary()


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        pytest.param("{at: '10:05', open: [predicted]}", "B: open: expected [predicted], got []", id="not of each"),
        pytest.param("{at: '10:05', open: [B: predicted]}", "A: open: expected [], got [predicted]", id="of the other"),
        pytest.param("{at: '16:00', did: []}", "A: did: expected [], got [reroute, notify.customer]", id="nobody did"),
        pytest.param(
            "{at: '16:00', severity: {A:late: low}}", "A: severity: expected [late low], got [late high]", id="severity"
        ),
    ],
)
def test_a_failure_says_of_which_delivery_it_is(tmp_path: Path, expected: str, said: str) -> None:
    report = the_report(tmp_path, expected)

    failures = [failure.render() for result in report.files[0].results for failure in result.failures]
    assert len(failures) in (1, 2)
    assert said in failures[0]


def test_a_mistake_in_what_is_said_of_all_is_told_once(tmp_path: Path) -> None:
    report = the_report(tmp_path, "{at: '10:05', open: [prdicted]}")

    assert [problem.code for problem in report.problems] == ["R022"]


def test_what_happens_outside_is_there_for_all(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("rulebook: b\nrules:\n- {id: down, when: disruption open on hub}\n")
    (tmp_path / "b.test.yaml").write_text(
        "tests:\n"
        "  - name: one hub of two\n"
        "    deliveries: {A: {hub: HEL1}, B: {hub: HEL1}, C: {hub: HEL2}}\n"
        "    timeline: ['09:00 status assigned', '10:00 disruption open hub:HEL1', '11:00 disruption closed hub:HEL1']\n"
        "    expect: [{at: '10:00', open: {A: down, B: down}}, {at: '11:00', open: []}]\n"
    )

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report.summary()


def test_each_of_them_counts_for_the_coverage_and_against_mutants(tmp_path: Path) -> None:
    late = "rulebook: b\nrules:\n- {id: late, when: eta later than promised end by 10m}\n"
    (tmp_path / "b.yaml").write_text(late)
    (tmp_path / "b.test.yaml").write_text(
        "tests:\n"
        "  - name: just late, just not late, not known\n"
        "    deliveries: {A: {promised: '14:00-16:00'}, B: {promised: '14:00-16:00'}}\n"
        "    timeline:\n"
        "      - 09:00 status assigned\n"
        "      - A: 10:00 eta 16:10\n"
        "      - B: 10:00 eta 16:09:59\n"
        "    expect: [{at: '10:00', open: [A: late]}]\n"
    )
    coverage = Coverage()

    report = run(tmp_path / "b.test.yaml", coverage)
    mutated = mutate(tmp_path / "b.test.yaml", READERS)

    assert report.ok, report.summary()
    when = next(row for row in coverage.as_json()[0]["rules"][0]["rows"] if row["in"] == "when")
    assert when["seen"] == ["true", "false", "unknown"]
    assert [(one.survivors, one.killed) for one in mutated] == [((), 2)]
