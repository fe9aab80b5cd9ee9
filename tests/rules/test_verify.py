"""Running test files: what is compared, how a failure reads, reports for people, programs and build servers."""

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from rules.beside import files_with_tests
from rules.junit import junit
from rules.verify import Report
from tests.rules.readers import SMALL, run

LATE = 'timeline: ["12:00 scan out_for_delivery"]\n'
STOPPED = 'timeline: ["12:00 stopped"]\n'
PREDICTED = 'timeline: ["12:00 eta 16:10", "12:30 eta 15:00"]\n'
UNLIKELY = 'timeline: ["12:00 eta 16:10", "12:04 eta 15:00 (happened 11:59)", "12:06 eta 15:00 (happened 12:01)"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_a_shadow_that_is_expected_to_be_open_is_told_that_it_never_is(folder: Path) -> None:
    report = report_of(folder, STOPPED + "expect: [{at: '12:25', open: [stopped]}]")

    said = "stopped is open, but open: names neither shadows, proposals nor notices; expect would: of a shadow, and did: of a proposal after a line `decide stopped approve`"
    assert said in report.summary()


def report_of(folder: Path, *tests: str) -> Report:
    """The report of tests of the small book; each is what stands below its name and its delivery, which is due at 16:00."""
    rows = ["tests:"]
    for number, test in enumerate(tests):
        rows += [
            f"  - name: test {number}",
            "    delivery: {timezone: Europe/Helsinki}",
            *(f"    {row}" for row in test.splitlines()),
        ]
    (folder / "small.test.yaml").write_text("\n".join(rows) + "\n")
    report = run(folder / "small.test.yaml")
    assert not report.problems, report.summary()
    return report


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(LATE + 'expect: [{until: "15:59:59", open: []}, {at: "16:00", open: [late]}]', id="opens at its second"),
        pytest.param(LATE + 'expect: [{at: "16:00", did: [reroute, notify]}]', id="an action by its short name"),
        pytest.param(LATE + 'expect: [{until: "17:00", did: [reroute, notify.customer]}]', id="all done since"),
        pytest.param(LATE + "outcomes: {reroute: no_help}\nexpect: [{at: '16:00', did: [reroute, open_ticket, notify]}]", id="otherwise"),
        pytest.param(LATE + "expect: [{at: '16:30', open: [late], severity: {late: high}}]", id="severity"),
        pytest.param(STOPPED + "expect: [{until: '13:00', open: [], did: [], would: [notify.driver]}]", id="shadow"),
        pytest.param(STOPPED + "expect: [{at: '12:19:59', pending: []}, {at: '12:20', pending: [stopped]}]", id="pending"),
        pytest.param(STOPPED + "expect: [{at: '12:20', open: []}, {until: '12:24:59', pending: [stopped]}]", id="pending until"),
        pytest.param(STOPPED + "expect: [{until: '12:19:59', pending: []}]", id="not pending until"),
        pytest.param(STOPPED + "expect: [{until: '12:10', unknown: [predicted]}]", id="unknown"),
        pytest.param(PREDICTED + "expect: [{at: '12:30', resolved: [predicted], did: [notify.customer]}]", id="resolved in any way"),
        pytest.param(PREDICTED + "expect: [{until: '12:40', resolved: {predicted: cured}}]", id="resolved until"),
        pytest.param(UNLIKELY + "expect: [{at: '12:06', open: [], resolved: {predicted: retracted}, retracted: [predicted]}]", id="retracted"),
        pytest.param(LATE + "expect: [{forecast_at: '12:00', says: 'late opens at 16:00'}]", id="forecast"),
        pytest.param(PREDICTED + "expect: [{forecast_at: '12:10', says: late opens at 16:00}, {at: '12:10', open: [predicted]}]", id="only what is to come"),
        pytest.param('timeline: ["12:00 status delivered"]\nexpect: [{forecast_at: "12:00", says: nothing}]', id="nothing to come"),
        pytest.param(LATE.replace("]", ', "16:10 resolve late"]') + "expect: [{at: '16:10', open: [], resolved: {late: handled}}]", id="by hand"),
    ],
)  # fmt: skip
def test_what_can_be_expected(folder: Path, test: str) -> None:
    report = report_of(folder, test)

    assert report.ok, report.summary()
    assert report.passed == 1


@pytest.mark.parametrize(
    ("test", "said"),
    [
        pytest.param(LATE + 'expect: [{at: "15:59:59", open: [late]}]', "open: expected [late], got []", id="not open yet"),
        pytest.param(LATE + 'expect: [{until: "18:00", open: []}]', "line 5, at 16:00:00: open: expected [], got [late]", id="first instant"),
        pytest.param(LATE + 'expect: [{at: "15:59", open: []}, {until: "17:00", open: [late]}]', "at 15:59:00.001: open", id="right after"),
        pytest.param(LATE + 'expect: [{at: "16:00", did: [notify, reroute]}]', "got [reroute, notify.customer]", id="order of actions"),
        pytest.param(LATE + 'expect: [{at: "16:01", did: [reroute, notify]}]', "    at 16:00:00: [reroute, notify.customer]", id="a minute off"),
        pytest.param(LATE + 'expect: [{at: "16:00", severity: {late: low}}]', "severity: expected [late low], got [late high]", id="severity"),
        pytest.param(LATE + 'expect: [{at: "15:00", severity: {late: low}}]', "got [late not open]", id="severity of nothing"),
        pytest.param(PREDICTED + 'expect: [{at: "12:30", resolved: {predicted: handled}}]', "got [predicted cured]", id="how resolved"),
        pytest.param(STOPPED + 'expect: [{until: "12:30", pending: []}]', "at 12:20:00: pending: expected [], got [stopped]", id="pending"),
        pytest.param(STOPPED + 'expect: [{at: "12:30", unknown: [stopped]}]', "got stopped is true", id="not unknown"),
        pytest.param(STOPPED + 'expect: [{until: "12:30", would: []}]', "would: expected [], got [notify.driver]", id="would"),
        pytest.param(STOPPED + 'expect: [{until: "12:30", retracted: [late]}]', "retracted: expected [late], got []", id="retracted"),
        pytest.param(LATE + 'expect: [{forecast_at: "12:00", says: nothing}]', "expected nothing, got late opens at 16:00:00", id="forecast"),
        pytest.param('timeline: ["12:00 resolve late"]\nexpect: [{at: "12:00", open: []}]', "expected an open incident of late", id="by hand"),
    ],
)  # fmt: skip
def test_what_was_not_met_is_said_with_both_sides(folder: Path, test: str, said: str) -> None:
    report = report_of(folder, test)

    assert not report.ok
    assert said in report.summary()


def test_a_failure_says_what_was_missing(folder: Path) -> None:
    report = report_of(folder, STOPPED + 'expect: [{at: "12:24:59", pending: []}]')

    assert report.summary().splitlines() == [
        f"{folder}/small.test.yaml:2  failed  test 0",
        "    line 5, at 12:24:59: pending: expected [], got [stopped]",
        "        stopped is pending: true, and needs to stay so for 1 second more",
        "tests passed: 0; failed: 1; todo: 0",
    ]


def test_a_failure_says_why_something_is_open(folder: Path) -> None:
    report = report_of(folder, LATE + 'expect: [{at: "16:00", open: []}]')

    assert '        late is open: "condition is late" is true (late)' in report.summary().splitlines()


def test_a_todo_is_reported_and_not_run(folder: Path) -> None:
    report = report_of(folder, LATE + 'todo: true\nexpect: [{at: "15:00", open: [late]}]')

    assert report.ok
    assert (report.passed, report.failed, report.todo) == (0, 0, 1)
    assert report.summary().splitlines()[0] == f"{folder}/small.test.yaml:2  todo  test 0"


def test_a_report_for_programs(folder: Path) -> None:
    report = report_of(folder, LATE + 'expect: [{at: "16:00", open: [late]}]', LATE + 'expect: [{at: "16:00", open: []}]')

    told = report.as_json()

    assert (told["ok"], told["passed"], told["failed"], told["todo"]) == (False, 1, 1, 0)
    assert [test["ending"] for test in told["files"][0]["tests"]] == ["passed", "failed"]
    assert told["files"][0]["tests"][1]["failures"][0]["got"] == "[late]"


def test_a_report_for_build_servers(folder: Path) -> None:
    todo = "todo: true"
    report = report_of(folder, LATE + 'expect: [{at: "16:00", open: [late]}]', LATE + 'expect: [{at: "16:00", open: []}]', todo)

    suite = fromstring(junit(report))[0]

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped"), suite.get("errors")) == ("3", "1", "1", "0")
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert suite[1][0].get("message") == "open: expected [], got [late]"


def test_a_file_with_mistakes_is_an_error_for_build_servers(folder: Path) -> None:
    (folder / "small.test.yaml").write_text("tests:\n  - {name: one, expct: []}\n")

    suite = fromstring(junit(run(folder)))[0]

    assert suite.get("errors") == "1"
    assert suite[0][0].tag == "error"
    assert 'a test has no key "expct"' in (suite[0][0].text or "")


def test_a_book_with_mistakes_stops_its_tests(folder: Path) -> None:
    (folder / "small.yaml").write_text(SMALL.replace("condition is late", "condtion is late"))
    (folder / "small.test.yaml").write_text("tests: []\n")

    report = run(folder)

    assert [(problem.code, problem.file) for problem in report.problems] == [("R103", f"{folder}/small.yaml")]
    assert "mistakes: 1, nothing was run where they are" in report.summary()


def test_tests_are_found_by_folder_by_book_and_by_file(folder: Path) -> None:
    tests = folder / "small.test.yaml"
    tests.write_text("tests: []\n")

    assert files_with_tests(folder) == files_with_tests(folder / "small.yaml") == files_with_tests(tests) == [tests]


def test_a_book_may_be_named(folder: Path) -> None:
    (folder / "others").mkdir()
    body = 'rulebook: ../small.yaml\ntests:\n  - {name: one, timeline: ["12:00 scan"], expect: [{at: "16:00", open: [late]}]}\n'
    (folder / "others" / "mine.test.yaml").write_text(body)

    assert run(folder / "others").passed == 1


def test_a_missing_test_file_is_told(folder: Path) -> None:
    report = run(folder / "small.yaml")

    assert "small.test.yaml  R006 cannot be read" in report.summary()
    assert ":0" not in report.summary()


def test_a_folder_without_tests_is_told_and_not_a_file_that_nobody_named(tmp_path: Path) -> None:
    """`standard.test.yaml:0:0` was said to be missing, which nobody had mentioned."""
    report = run(tmp_path)

    assert not report.ok
    assert report.summary().splitlines()[:2] == [
        f"{tmp_path}  R006 no tests in {tmp_path}",
        "      tests are files such as standard.test.yaml; docs/testing-rules.md shows how to write one",
    ]
