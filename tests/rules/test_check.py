"""The check of files and folders: books, directory, templates, tests, and doubts about what a rule means."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.sending import Message
from integrations.messaging.templates import Templates
from rules import unbuilt
from rules.check import check
from tests.rules.readers import READERS, run


class WrittenTemplates:
    """Templates as an installation may have them."""

    def names(self) -> tuple[str, ...]:
        return ("running-late", "broken-variable")

    def channels(self, name: str) -> tuple[str, ...]:
        return ("email",)

    def variables(self, name: str) -> tuple[str, ...]:
        return ("customer.nmae",) if name == "broken-variable" else ("customer.name", "last_scan.at", "language")

    def problems(self) -> dict[str, str]:
        return {}

    def render(self, name: str, channel: str, *, language: str, timezone: str, context: Mapping[str, Any]) -> Message:
        return Message(name)


def folder_with(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name.replace('_', '.')}.yaml").write_text(text)
    return tmp_path


NOT_EVALUATED = "R014"


def said(path: Path) -> list[tuple[str, str]]:
    problems = check(path, WrittenTemplates()).problems
    return [(problem.code, problem.message) for problem in problems if problem.code != NOT_EVALUATED]


def book(rule: str, name: str = "a") -> str:
    return f"rulebook: {name}\nrules:\n  - {{id: r, says: what it means, {rule}}}\n"


TESTED = "tests: [{name: n, expect: [{at: '10:00', open: [r]}]}]\n"


def test_a_book_with_a_test_for_each_rule_has_nothing_to_complain_of(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path, a=book("when: eta is unknown, do: [{notify: {who: customer, template: running-late}}]"), a_test=TESTED
    )

    checked = check(folder, WrittenTemplates())

    assert checked.problems == ()
    assert checked.ok
    assert [found.name for found in checked.books] == ["a"]


def test_all_books_of_a_folder_are_checked_with_its_directory(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: statsu is x"), b=book("when: no scn for 1h", "b"), directory="queue: []\n")

    checked = check(folder)

    places = [(Path(problem.file).name, problem.code) for problem in checked.problems if problem.is_error]
    assert places == [("a.yaml", "R103"), ("b.yaml", "R104"), ("directory.yaml", "R010")]
    assert not checked.ok


def test_two_books_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), b=book("when: eta is unknown"), a_test=TESTED, b_test=TESTED)

    assert said(folder) == [("R015", 'the rulebook "a" stands in a.yaml too')]


def test_a_folder_without_books_is_a_mistake(tmp_path: Path) -> None:
    assert said(tmp_path) == [("R006", "there is no rulebook in this folder")]


def test_a_rule_that_no_test_names_is_a_doubt(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), a_test="tests: []\n")

    checked = check(folder)

    assert [(p.code, p.level, p.message) for p in checked.problems] == [("R304", "warning", "no test speaks of the rule r")]
    assert checked.ok


def test_a_shadow_is_tested_where_a_test_says_what_would_be_done(tmp_path: Path) -> None:
    tests = "tests: [{name: n, timeline: ['09:00 scan'], expect: [{at: '10:00', would: []}]}]\n"

    assert said(folder_with(tmp_path, a=book("mode: shadow, when: eta is unknown"), a_test=tests)) == []


def test_a_rule_that_proposes_is_to_be_tested_by_an_answer(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("mode: propose, when: eta is unknown"), a_test="tests: []\n")

    checked = check(folder)

    assert [p.hint for p in checked.problems] == [
        "add one to a.test.yaml that expects something of it: a line 12:00 decide r approve, and did: [...]"
    ]


def test_a_rule_that_stands_only_in_the_name_or_the_message_of_a_test_is_not_tested(tmp_path: Path) -> None:
    tests = "tests: [{name: r opens, delivery: {}, timeline: ['08:00 scan'], expect: [{at: '09:00', message: {contains: r}}]}]\n"

    assert said(folder_with(tmp_path, a=book("when: eta is unknown"), a_test=tests)) == [("R304", "no test speaks of the rule r")]


@pytest.mark.parametrize("says", ["r", "R"])
def test_a_rule_that_says_its_id_is_told_where_it_says_so(tmp_path: Path, says: str) -> None:
    text = f"rulebook: a\nrules: [{{id: r, says: {says}, when: eta is unknown}}]\n"

    (found,) = check(folder_with(tmp_path, a=text, a_test=TESTED)).problems

    assert (found.code, found.line, found.col, found.length) == ("R308", 2, 23, 1)
    assert found.hint == "says: one line for people, not the id once more"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("running-lat", ("R201", 'unknown template "running-lat"'), id="unknown"),
        pytest.param(
            "broken-variable", ("R202", 'template "broken-variable" uses "customer.nmae", which does not exist'), id="variable"
        ),
        pytest.param(
            "running-late, channels: [sms]",
            ("R201", 'template "running-late" is not written for sms; that of email is sent instead'),
            id="channel",
        ),
    ],
)
def test_templates_are_checked(tmp_path: Path, template: str, expected: tuple[str, str]) -> None:
    rule = f"when: eta is unknown, do: [{{notify: {{who: customer, template: {template}}}}}]"
    folder = folder_with(tmp_path, a=book(rule), a_test=TESTED)

    assert said(folder) == [expected]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("when: temperature between 8 and 2 C", "R301", id="an empty range"),
        pytest.param("when: [eta is unknown, between 08:00 and 08:00]", "R301", id="an empty time of day"),
        pytest.param("when: [eta is unknown, between 00:00 and 24:00]", "R302", id="a whole day"),
        pytest.param("when: attempts at least 0", "R302", id="a count of at least none"),
        pytest.param("when: eta confidence over 100%", "R301", id="more than everything"),
        pytest.param("when: [status is arrived, status is at_hub]", "R301", id="two values at once"),
        pytest.param("when: [last reason is weather, last reason is consignee_*]", "R301", id="two families at once"),
        pytest.param("when: after promised end", "R307", id="after a time"),
        pytest.param("when: scan received", "R307", id="an event"),
        pytest.param("when: eta is unknown, cooldown: 2 days", "R303", id="a long cooldown"),
        pytest.param(
            "when: within 30m before promised end, escalate: {steps: [{after: 30m, do: [reroute]}]}", "R309", id="a late step"
        ),
        pytest.param(
            "when: eta is unknown, cooldown: 1h, escalate: {steps: [{after: 30m, do: [reroute]}]}", "R309", id="a short ladder"
        ),
        pytest.param("when: in calendar weekdays", "R313", id="a calendar that nobody described"),
        pytest.param(
            "when: status is delivered, after_final: true, hold: 2h, final_grace: 1h", "R314", id="a hold beyond the grace"
        ),
        pytest.param("when: status is delivered, after_final: true", "R314", id="no grace"),
        pytest.param("when: eta is unknown, acknowledge_expires: 1h", "R311", id="an acknowledgement that stops nothing"),
        pytest.param("when: eta is unknown, propose_for: 1h", "R311", id="a proposal of a live rule"),
    ],
)
def test_a_rule_that_hardly_means_what_it_says_is_a_doubt(tmp_path: Path, rule: str, expected: str) -> None:
    folder = folder_with(tmp_path, a=book(rule), a_test=TESTED)

    found = [problem for problem in check(folder).problems if problem.code != NOT_EVALUATED]

    assert [(problem.code, problem.level) for problem in found] == [(expected, "warning")]


def test_what_can_be_read_but_not_evaluated_is_said_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unbuilt, "KEYS", ("group",))
    folder = folder_with(tmp_path, a=book("when: eta is known, group: {by: route}"), a_test=TESTED)

    (problem,) = check(folder).problems

    assert (problem.code, problem.line, problem.col) == (NOT_EVALUATED, 3, 61)
    assert problem.message == '"group" can be read, but is not supported yet when rules are evaluated'


@pytest.mark.parametrize(
    "rule",
    [
        "when: temperature between 2 and 8 C",
        "when: [status is not delivered, after promised end, eta is known]",
        "when: scan received, clears_when: eta is known",
        'when: ["status is one of arrived, at_hub", status is not at_hub]',
        "when: {any: [status is arrived, status is at_hub]}",
        "when: within 30m before promised end, escalate: {steps: [{after: 29m, do: [reroute]}]}",
        "when: eta is unknown, cooldown: 1h, escalate: {steps: [{after: 30m, do: [reroute], repeat: {every: 30m, at_most: 1}}]}",
    ],
)
def test_a_rule_that_means_what_it_says_is_no_doubt(tmp_path: Path, rule: str) -> None:
    assert said(folder_with(tmp_path, a=book(rule), a_test=TESTED)) == []


def two_rules(first: str, second: str) -> str:
    rules = "".join(f"  - {{id: {name}, says: text, do: [reroute], {keys}}}\n" for name, keys in (("r", first), ("s", second)))
    return f"rulebook: a\nrules:\n{rules}"


BOTH_TESTED = "tests: [{name: n, expect: [{at: '10:00', open: [r, s]}]}]\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("when: eta is unknown", "when: status is at_hub", id="two facts"),
        pytest.param("when: status is at_hub", 'when: "status is one of at_hub, arrived"', id="a value in common"),
        pytest.param('when: eta is unknown, applies_to: {zone: "a*"}', "when: eta is unknown, applies_to: {zone: b}", id="globs"),
    ],
)
def test_two_rules_that_reroute_at_one_priority_are_a_doubt(tmp_path: Path, first: str, second: str) -> None:
    folder = folder_with(tmp_path, a=two_rules(first, second), a_test=BOTH_TESTED)

    assert said(folder) == [("R310", "rules r and s can both be true and both reroute, at priority 50")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("when: eta is unknown", "when: eta is unknown, priority: 60", id="priorities"),
        pytest.param("when: eta is unknown, decision: d", "when: eta is unknown, decision: d", id="a decision"),
        pytest.param("when: eta is unknown", "when: eta is unknown, suppressed_by: r", id="one suppresses the other"),
        pytest.param("when: status is at_hub", "when: [eta is unknown, status is arrived]", id="two values"),
        pytest.param("when: eta is unknown, applies_to: {zone: a}", "when: eta is unknown, applies_to: {zone: b}", id="zones"),
    ],
)
def test_two_rules_that_are_kept_apart_are_no_doubt(tmp_path: Path, first: str, second: str) -> None:
    assert said(folder_with(tmp_path, a=two_rules(first, second), a_test=BOTH_TESTED)) == []


# Tests, directory and templates


MISTAKEN = "tests:\n  - {name: n, timeline: ['09:00 scann'], expect: [{at: '10:00', open: [r]}]}\n"


def test_the_tests_of_a_folder_are_checked_too(tmp_path: Path) -> None:
    """A slip of the pen in a test was found by nobody until the tests were run."""
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), a_test=MISTAKEN)

    checked = check(folder, readers=READERS)

    assert [(Path(problem.file).name, problem.line, problem.code) for problem in checked.problems] == [("a.test.yaml", 2, "R104")]
    assert not checked.ok
    assert [found.name for found in checked.books] == ["a"]


def test_a_test_file_is_checked_as_one(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), a_test=MISTAKEN)

    (problem,) = check(folder / "a.test.yaml", readers=READERS).problems

    assert (problem.code, problem.hint) == ("R104", 'did you mean "scan"?')


def test_a_test_file_without_a_mistake_has_none(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), a_test=TESTED)

    assert check(folder / "a.test.yaml", readers=READERS).problems == ()


def test_a_mistake_of_a_book_is_told_once_though_it_has_tests(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: etta is unknown"), a_test=TESTED)

    assert [problem.code for problem in check(folder, readers=READERS).problems] == ["R103"]


def test_the_directory_is_known_by_its_name(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, directory="queue: [desk]\n")

    assert [(problem.code, problem.hint) for problem in check(folder / "directory.yaml").problems] == [
        ("R010", 'did you mean "queues"?')
    ]


def test_a_template_is_told_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "late.email.en.liquid").write_text("Subject: x\n\nhello\n")

    (problem,) = check(tmp_path / "late.email.en.liquid").problems

    assert problem.render().splitlines() == [
        f"{tmp_path}/late.email.en.liquid  R006 this is a template of a message, not a rulebook",
        "      templates are checked with the folder of their rulebook: doorstep rules check FOLDER",
    ]


def test_a_blueprint_is_told_what_it_is_and_is_no_rulebook_of_its_folder(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=book("when: eta is unknown"), a_test=TESTED, late_blueprint="says: late\n")

    (problem,) = check(folder / "late.blueprint.yaml").problems

    assert (problem.code, problem.message) == ("R006", "this is a blueprint, not a rulebook")
    assert check(folder).problems == ()


UNBUILT = "when: eta is known, group: {by: hub}"


def test_what_cannot_be_evaluated_yet_is_told_once_and_so_are_mistakes_in_its_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unbuilt, "KEYS", ("group",))
    folder = folder_with(tmp_path, a=book(UNBUILT), a_test=MISTAKEN)

    found = [(Path(problem.file).name, problem.code) for problem in check(folder, readers=READERS).problems]

    assert found == [("a.test.yaml", "R104"), ("a.yaml", "R014")]


def test_a_book_that_cannot_be_evaluated_yet_is_not_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unbuilt, "KEYS", ("group",))
    folder = folder_with(tmp_path, a=book(UNBUILT), a_test=TESTED)

    (report,) = run(folder).files

    assert [(Path(problem.file).name, problem.code) for problem in report.problems] == [("a.yaml", "R014")]
    assert report.results == ()


@pytest.mark.parametrize(("named", "place"), [("late", "a.yaml"), ("other", "late.email.en.liquid")])
def test_a_mail_without_a_subject_is_a_mistake_whether_or_not_a_rule_names_it(tmp_path: Path, named: str, place: str) -> None:
    """Check said nothing, and the customer got an empty mail with the text as its subject."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "late.email.en.liquid").write_text("Hello, it is late.\n")
    (tmp_path / "templates" / "other.email.en.liquid").write_text("Subject: x\nHello\n")
    rule = f"when: eta is unknown, do: [{{notify: {{who: customer, template: {named}}}}}]"
    folder = folder_with(tmp_path, a=book(rule), a_test=TESTED)

    (problem,) = check(folder, Templates(tmp_path / "templates")).problems

    assert (Path(problem.file).name, problem.code) == (place, "R203")
    assert 'late.email.en.liquid:1: the first line must be "Subject: ..."' in problem.message
