"""Rulebooks: what the keys mean, that all mistakes are reported at once, and that no text whatever is a traceback."""

import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.incident import Mode, Severity
from domain.instant import DAY, HOUR, MINUTE
from rules import scope
from rules.beside import BLUEPRINT_ENDING
from rules.book import Rule, Rulebook, Step, canonical_json, from_canonical, sha256
from rules.directory import Directory
from rules.directory_reader import read_directory_file
from rules.problems import CODES, Problem
from rules.reader import read_book, read_file
from rules.rule_reader import MADE_OF_OTHERS, RULE_KEYS
from rules.scope_reader import SCOPE_KEYS
from rules.tree import Absent, All, AnyOf, Clock, Daytime, EventPattern, Is, NoneOf, Received

BAD = Path(__file__).parent / "bad"
BAD_FILES = sorted(
    path for path in BAD.glob("*.yaml") if path.name != "directory.yaml" and not path.name.endswith(BLUEPRINT_ENDING)
)
DIRECTORY = read_directory_file(BAD / "directory.yaml").directory

WHOLE = """
rulebook: standard
owner: ops-north@example.test
defaults: {clock: depot, cooldown: 30m, final_grace: 1h}
expires_after: 10 days
define:
  On the van: [status is out_for_delivery]
rules:
  - id: missed-scan
    says: Parcel on the van but no scan for two hours
    mode: shadow
    rollout: 25%
    applies_to: {carrier: [acme, zipvan], zone: ["north-*", not north-test], job: delivery}
    only_when: between 08:00 and 20:00
    when:
      all:
        - on the van
        - no scan for 2h since out_for_delivery
    hold: 5m
    clears_when: [scan received]
    stay_clear: 10m
    cooldown: 1h
    detects: missed_scan
    severity: high
    priority: 70
    after_final: true
    do:
      - reroute: {optimise: remaining_stops, max_added_minutes: 10}
        otherwise:
          - reassign: {to: [backup_carrier], accept_within: 5m, never_back_to_same: false}
            otherwise: [{open_ticket: {queue: hub-ops, title: "No scan since {{ last_scan.at | local_time }}"}}]
      - notify: {who: customer, template: running-late, channels: [sms, email]}
    on_resolve:
      - notify: {who: shift-lead, template: back-on-track}
"""

VAN = Is("status", ("out_for_delivery",))
SCAN, OUT = EventPattern("scan"), EventPattern("out_for_delivery")


def book_of(text: str) -> Rulebook:
    reading = read_book(text, "book.yaml", DIRECTORY)
    assert reading.book is not None, "\n".join(problem.render() for problem in reading.problems)
    return reading.book


def rule_of(keys: str) -> Rule:
    return book_of("rulebook: b\nrules:\n  - id: r\n" + "".join(f"    {line}\n" for line in keys.splitlines())).rules[0]


def problems_of(text: str) -> tuple[Problem, ...]:
    return read_book(text, "book.yaml", DIRECTORY).problems


def test_every_key_of_a_rule_arrives_in_the_book() -> None:
    book = book_of(WHOLE)

    ticket = Step("open_ticket", {"queue": "hub-ops", "title": "No scan since {{ last_scan.at | local_time }}"})
    reassign = Step("reassign", {"to": ["backup_carrier"], "accept_within": 5 * MINUTE, "never_back_to_same": False}, (ticket,))
    reroute = Step("reroute", {"optimise": "remaining_stops", "max_added_minutes": 10}, (reassign,))
    notify = Step("notify", {"who": "customer", "template": "running-late", "channels": ["sms", "email"]})
    assert book.rules == (
        Rule(
            id="missed-scan",
            says="Parcel on the van but no scan for two hours",
            when=All((VAN, Absent(SCAN, 2 * HOUR, OUT))),
            mode=Mode.SHADOW,
            rollout=25,
            applies_to={"carrier": ("acme", "zipvan"), "zone": ("north-*", "not north-test"), "job": ("delivery",)},
            only_when=Daytime(8 * HOUR, 20 * HOUR),
            hold=5 * MINUTE,
            clears_when=Received(SCAN),
            stay_clear=10 * MINUTE,
            cooldown=HOUR,
            detects="missed_scan",
            severity=Severity.HIGH,
            priority=70,
            clock=Clock.DEPOT,
            after_final=True,
            do=(reroute, notify),
            on_resolve={"cured": (Step("notify", {"who": "shift-lead", "template": "back-on-track"}),)},
        ),
    )
    assert (book.name, book.owner, book.final_grace, book.expires_after) == (
        "standard",
        "ops-north@example.test",
        HOUR,
        10 * DAY,
    )


def test_a_rule_needs_no_more_than_an_id_and_a_condition() -> None:
    assert rule_of("when: scan received") == Rule(id="r", says="r", when=Received(SCAN))


def test_a_rule_overrides_the_defaults_of_its_book() -> None:
    book = book_of(
        "rulebook: b\ndefaults: {hold: 5m, severity: low}\nrules: [{id: r, when: eta is known, hold: 0s}, {id: s, when: eta is known}]\n"
    )

    assert [(rule.hold, rule.severity) for rule in book.rules] == [(0, Severity.LOW), (5 * MINUTE, Severity.LOW)]


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        pytest.param("status is out_for_delivery", VAN, id="one sentence"),
        pytest.param("[status is out_for_delivery]", VAN, id="a list of one"),
        pytest.param("[status is out_for_delivery, scan received]", All((VAN, Received(SCAN))), id="a list is all"),
        pytest.param("{any: [status is out_for_delivery, scan received]}", AnyOf((VAN, Received(SCAN))), id="any"),
        pytest.param("{none: status is out_for_delivery}", NoneOf((VAN,)), id="none of one"),
        pytest.param(
            "[{none: [status is out_for_delivery]}, {any: [scan received, {all: [scan received]}]}]",
            All((NoneOf((VAN,)), AnyOf((Received(SCAN), Received(SCAN))))),
            id="groups nest",
        ),
    ],
)
def test_conditions_are_sentences_lists_and_groups(written: str, condition: object) -> None:
    assert rule_of(f"when: {written}").when == condition


def test_ends_other_than_cured_have_actions_of_their_own() -> None:
    rule = rule_of("when: eta is known\non_resolve: {final: [reroute], retracted: [{open_ticket: {queue: hub-ops}}]}")

    assert rule.on_resolve == {"final": (Step("reroute"),), "retracted": (Step("open_ticket", {"queue": "hub-ops"}),)}


def test_one_value_may_stand_for_a_list() -> None:
    rule = rule_of("when: eta is known\napplies_to: {carrier: acme}\ndo: {notify: {who: customer, template: t, channels: sms}}")

    assert rule.applies_to == {"carrier": ("acme",)}
    assert rule.do == (Step("notify", {"who": "customer", "template": "t", "channels": ["sms"]}),)


def test_all_mistakes_are_reported_at_once_in_reading_order() -> None:
    text = WHOLE.replace("hold: 5m", "hold: 5").replace("severity: high", "severity: hihg").replace("no scan", "no scn")

    problems = problems_of(text)

    mistakes = [problem for problem in problems if problem.is_error]
    assert [(problem.code, problem.line) for problem in mistakes] == [("R104", 18), ("R021", 19), ("R022", 24)]
    assert read_book(text, "book.yaml", DIRECTORY).book is None


def test_a_mistake_is_shown_with_its_line_and_a_caret() -> None:
    text = "rulebook: standard\nrules:\n  - id: r\n    when:\n      all:\n        - statsu is out_for_delivery\n"

    (problem,) = read_book(text, "standard.yaml").problems

    assert problem.render() == (
        'standard.yaml:6:11  R103 unknown fact "statsu"\n'
        "    6 |         - statsu is out_for_delivery\n"
        '      |           ^^^^^^ did you mean "status"?'
    )


def test_a_mistake_for_programs_has_stable_keys() -> None:
    (problem,) = problems_of("rulebook: b\nrules: [{id: r, when: statsu is x}]\n")

    assert problem.as_json() == {
        "file": "book.yaml",
        "line": 2,
        "col": 23,
        "length": 6,
        "code": "R103",
        "level": "error",
        "message": 'unknown fact "statsu"',
        "hint": 'did you mean "status"?',
    }


def test_a_long_line_is_cut_around_the_caret() -> None:
    (problem,) = problems_of("rulebook: b\nrules: [{id: r, says: " + "x" * 3_000 + ", when: statsu is y}]\n")

    _, line, caret = problem.render().splitlines()

    assert len(line) < 200
    assert line[caret.index("^") : caret.index("^") + 6] == "statsu"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('rulebook: "b\\e[31m"\nrules: []\n', id="an escape in quotes"),
        pytest.param("rulebook: b\x00\x1b[2J\n", id="as they are"),
        pytest.param("rulebook: b\x9b2J\n", id="one of eight bits"),
    ],
)
def test_what_is_wrong_does_not_steer_the_terminal_that_shows_it(text: str) -> None:
    shown = "\n".join(problem.render() for problem in read_book(text, "b.yaml").problems)

    assert shown
    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char != "\n"]


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_told_what_its_first_line_expects(path: Path) -> None:
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# ")

    first = read_file(path).problems[0]

    said = f"{first.line}:{first.col} {first.code} {first.message}"
    assert (f"{said} | {first.hint}" if first.hint else said) == expected


def test_there_are_bad_files_for_at_least_two_hundred_mistakes() -> None:
    assert len(BAD_FILES) >= 200


def test_every_code_that_a_problem_has_is_described() -> None:
    codes = {match for path in (BAD.parents[2] / "rules").glob("*.py") for match in re.findall(r'"(R\d{3})"', path.read_text())}

    assert codes == set(CODES)


def test_the_same_book_has_the_same_name_however_it_is_laid_out() -> None:
    spread = WHOLE.replace("on the van\n", "'On   the VAN'\n").replace("hold: 5m", "hold: 300s")

    first, second = book_of(WHOLE), book_of(spread.replace("rules:", "\n# a remark\nrules:"))

    assert first == second
    assert sha256(canonical_json(first)) == sha256(canonical_json(second))


def test_a_book_comes_back_from_its_canonical_json_unchanged() -> None:
    book = book_of(WHOLE)

    assert from_canonical(canonical_json(book)) == book
    assert canonical_json(from_canonical(canonical_json(book))) == canonical_json(book)


def test_a_book_with_any_sentence_comes_back_from_its_canonical_json() -> None:
    from tests.rules.test_sentences import UNDERSTOOD

    rules = "".join(f"  - {{id: r{n}, when: {text!r}}}\n" for n, text in enumerate(UNDERSTOOD))
    late = "  - {id: late, when: eta is known}\n"
    reading = read_book(f"rulebook: b\nrules:\n{rules}{late}", "book.yaml")

    assert reading.book is not None, reading.problems
    assert [rule.when for rule in reading.book.rules[:-1]] == list(UNDERSTOOD.values())
    assert from_canonical(canonical_json(reading.book)) == reading.book


def test_definitions_that_multiply_are_refused_and_not_written_out() -> None:
    lines = "".join(f"  d{n}: {{any: [d{n + 1}, d{n + 1}]}}\n" for n in range(15))

    problems = problems_of(f"rulebook: b\ndefine:\n{lines}  d15: eta is known\nrules: [{{id: r, when: d0}}]\n")

    assert {problem.code for problem in problems if problem.is_error} == {"R003"}


def test_a_long_chain_of_definitions_is_refused() -> None:
    lines = "".join(f"  d{n}: d{n + 1}\n" for n in range(2_000))

    problems = problems_of(f"rulebook: b\ndefine:\n{lines}  d2000: eta is known\nrules: [{{id: r, when: d0}}]\n")

    assert "R110" in {problem.code for problem in problems}


def test_scopes_are_read_by_the_keys_that_the_engine_knows() -> None:
    assert list(SCOPE_KEYS) == list(scope.SCOPE_KEYS)


def test_three_hundred_rules_are_read_in_a_second() -> None:
    rules = "".join(WHOLE[WHOLE.index("  - id: missed-scan") :].replace("missed-scan", f"rule-{n}") for n in range(300))
    began = time.perf_counter()

    book = book_of("rulebook: b\ndefine: {on the van: status is out_for_delivery}\nrules:\n" + rules)

    assert len(book.rules) == 300
    assert time.perf_counter() - began < 10, "about 0.3 s alone on one core"


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read_file(tmp_path / "gone.yaml").problems

    assert (problem.code, problem.message) == ("R006", "cannot be read: No such file or directory")


def test_the_directory_beside_a_book_says_what_it_may_name(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_text("queues: [desk]\n")
    (tmp_path / "a.yaml").write_text("rulebook: a\nrules: [{id: r, when: eta is known, do: [{open_ticket: {queue: dsek}}]}]\n")

    reading = read_file(tmp_path / "a.yaml")

    assert [(problem.code, problem.hint) for problem in reading.problems] == [("R023", 'did you mean "desk"?')]


def test_a_broken_directory_lets_no_book_pass(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_text("queue: [desk]\n")
    (tmp_path / "a.yaml").write_text("rulebook: a\nrules: []\n")

    reading = read_file(tmp_path / "a.yaml")

    assert reading.book is None
    assert [problem.file for problem in reading.problems] == [str(tmp_path / "directory.yaml")]


WORDS = st.sampled_from(
    [
        "rulebook",
        "rules",
        "id",
        "when",
        "all",
        "any",
        "none",
        "do",
        "notify",
        "who",
        "template",
        "hold",
        "5m",
        "5",
        "status",
        "is",
        "arrived",
        "no",
        "scan",
        "for",
        "2h",
        "since",
        "between",
        "08:00",
        "and",
        "20:00",
        "define",
        "defaults",
        "applies_to",
        "not",
        "zone",
        "north-*",
        ":",
        "-",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "\t",
        "'",
        '"',
        "|",
        ">",
        "&",
        "*",
        "!",
        "#",
        "%",
        "",
        "eta",
        "later",
        "than",
        "promised",
        "end",
        "by",
        "?",
        "\r\n",
        "otherwise",
        "on_resolve",
        "cured",
        "mode",
        "live",
        "10%",
        "~",
        "null",
        "\\",
        "{{",
        "x",
        "}}",
        "\ufeff",
        "é",
        "🚚",
        "\x00",
        "�",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_no_jumble_of_words_is_a_traceback(text: str) -> None:
    reading = read_book(text, "book.yaml", DIRECTORY)

    assert reading.book is not None or reading.problems
    for problem in reading.problems:
        assert problem.render()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 30), st.text(max_size=6))
def test_no_damage_to_a_good_book_is_a_traceback(at: int, cut: int, put: str) -> None:
    reading = read_book(WHOLE[:at] + put + WHOLE[at + cut :], "book.yaml", DIRECTORY)

    assert reading.book is not None or reading.problems
    for problem in reading.problems:
        assert problem.render()


VALUES = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]") | inner.map(lambda part: f"{{all: {part}}}")
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*RULE_KEYS, *MADE_OF_OTHERS]), VALUES)
def test_no_value_of_any_key_is_a_traceback(key: str, value: str) -> None:
    reading = read_book(f"rulebook: b\nrules:\n  - id: r\n    {key}: {value}\n", "book.yaml", Directory())

    assert reading.book is not None or reading.problems
