"""Each threshold, one grain off, has to be noticed by a test: what counts as a threshold, by how much it is shifted, what survives."""

from pathlib import Path

import pytest

from rules.mutants import Mutant, mutants
from rules.mutation import Mutated, mutate
from rules.mutation_report import as_json, summary
from rules.reader import read_file
from tests.rules.readers import READERS

HALTED = """
rulebook: small
rules:
  - id: halted
    when: stopped for 20m
"""


def mutants_of(tmp_path: Path, book: str) -> list[Mutant]:
    path = tmp_path / "small.yaml"
    path.write_text(book)
    read = read_file(path)
    assert read.book is not None, read.problems
    return list(mutants(path, read.book))


def mutated(tmp_path: Path, *tests: str, book: str = HALTED) -> Mutated:
    """The mutants of a book against tests, each told as its timeline and its expectations."""
    (tmp_path / "small.yaml").write_text(book)
    rows = [f"  - {{name: test {number}, delivery: {{}}, {test}}}" for number, test in enumerate(tests)]
    (tmp_path / "small.test.yaml").write_text("\n".join(["tests:", *rows]) + "\n")
    (found,) = mutate(tmp_path, READERS)
    return found


@pytest.mark.parametrize(
    ("rule", "shifts"),
    [
        pytest.param("when: stopped for 20m", ["20m -> 19m59s", "20m -> 20m1s"], id="a length of time"),
        pytest.param("when: no scan for 1h 30m since departed", ["1h 30m -> 1h29m59s", "1h 30m -> 1h30m1s"], id="of two parts"),
        pytest.param("when: eta slip over 20 minutes", ["20 minutes -> 19m59s", "20 minutes -> 20m1s"], id="a fact in time"),
        pytest.param("when: attempts at least 2", ["2 -> 1", "2 -> 3"], id="a count"),
        pytest.param("when: cod over 100 EUR", ["100 -> 99.99", "100 -> 100.01"], id="money"),
        pytest.param("when: cod over 1500 JPY", ["1500 -> 1499", "1500 -> 1501"], id="money without cents"),
        pytest.param("when: cod over 1.5 KWD", ["1.5 -> 1.499", "1.5 -> 1.501"], id="money with thousandths"),
        pytest.param("when: cod between 10 and 20 EUR", ["10 -> 9.99", "10 -> 10.01", "20 -> 19.99", "20 -> 20.01"], id="two amounts"),
        pytest.param("when: cod over 100", ["100 -> 99.99", "100 -> 100.01"], id="money without a currency"),
        pytest.param("when: temperature over 8 C for 5m", ["8 -> 7.9", "8 -> 8.1", "5m -> 4m59s", "5m -> 5m1s"], id="degrees"),
        pytest.param("when: share of parcels delivered at least 50%", ["50 -> 49", "50 -> 51"], id="a share"),
        pytest.param("when: between 00:00 and 08:00", ["00:00 -> 23:59:59", "00:00 -> 00:00:01", "08:00 -> 07:59:59", "08:00 -> 08:00:01"], id="clock times"),
        pytest.param("when: attempt_failed at least 2 times in 24h", ["2 -> 1", "2 -> 3", "24h -> 23h59m59s", "24h -> 1d1s"], id="so often"),
        pytest.param("when: at same hub for 3 business hours in calendar c", ["3 business hours -> 179 business minutes", "3 business hours -> 181 business minutes"], id="business hours"),
        pytest.param("when: at same hub for 2 business days in calendar c", ["2 business days -> 1 business days", "2 business days -> 3 business days"], id="business days"),
        pytest.param("when: {compare: {fact: attempts, op: at least, number: 2}}", ["2 -> 1", "2 -> 3"], id="a structured sentence"),
        pytest.param("when: {at least 1 of: [stopped for 20m, silent for 1h]}", ["1 -> 2", "20m -> 19m59s", "20m -> 20m1s", "1h -> 59m59s", "1h -> 1h1s"], id="so many of"),
        pytest.param("when: condition is late\n    hold: 5m", ["5m -> 4m59s", "5m -> 5m1s"], id="hold"),
        pytest.param("when: condition is late\n    priority: 60\n    rollout: 50%\n    says: late for 2h", [], id="what is no threshold"),
        pytest.param("when: condition is late\n    do: [{reroute: {max_added_minutes: 10}}]", [], id="what an action is told"),
    ],
)  # fmt: skip
def test_a_threshold_is_shifted_by_its_grain_in_both_directions(tmp_path: Path, rule: str, shifts: list[str]) -> None:
    found = mutants_of(tmp_path, f"rulebook: small\nrules:\n  - id: one\n    {rule}\n")

    assert [f"{one.before} -> {one.after}" for one in found if one.fate == "mutant"] == shifts


def test_a_shift_that_cannot_be_written_is_no_mutant(tmp_path: Path) -> None:
    found = mutants_of(tmp_path, "rulebook: small\nrules: [{id: one, when: attempts at most 0, hold: 0s}]\n")

    assert [one.fate for one in found] == ["not a book", "mutant", "not a book", "mutant"]


def test_a_shift_that_leaves_the_book_as_it_is_is_no_mutant(tmp_path: Path) -> None:
    book = "rulebook: small\ndefaults: {hold: 5m}\nrules: [{id: one, when: attempts at least 1, hold: 1m}]\n"

    found = mutants_of(tmp_path, book)

    assert [one.fate for one in found if one.before == "5m"] == ["no change", "no change"]


def test_a_rule_that_is_off_has_no_mutants_but_what_it_shares_has(tmp_path: Path) -> None:
    book = """
rulebook: small
define: {halted: [stopped for 20m]}
rules:
  - {id: waits, mode: off, when: [halted, silent for 1h]}
  - {id: live, when: halted}
"""
    found = mutants_of(tmp_path, book)

    assert [(mutant.before, mutant.fate) for mutant in found] == [
        ("20m", "mutant"),
        ("20m", "mutant"),
        ("1h", "no change"),
        ("1h", "no change"),
    ]


def test_tables_named_conditions_and_blueprints_have_thresholds_too(tmp_path: Path) -> None:
    (tmp_path / "halts.csv").write_text("carrier,halt,why\nacme,10m,jam\n,20m,other\n")
    (tmp_path / "dwell.blueprint.yaml").write_text('id: dwell\nwhen: "at same stop for {halt}"\nhold: 1m\n')
    book = """
rulebook: small
params: halts.csv
define: {it stands: ["stopped for {halt}"]}
rules:
  - {id: halted, when: it stands}
  - {id: dwell, use: "dwell with {halt: 15m}"}
"""

    found = [one for one in mutants_of(tmp_path, book) if one.fate == "mutant"]

    shown = [(Path(one.place.file).name, one.place.line, one.before, sorted(one.rules)) for one in found[::2]]
    assert shown == [
        ("small.yaml", 7, "15m", ["dwell"]),
        ("halts.csv", 2, "10m", ["halted@acme"]),
        ("halts.csv", 3, "20m", ["halted@rest"]),
        ("dwell.blueprint.yaml", 3, "1m", ["dwell"]),
    ]


def test_a_test_at_the_limit_and_one_second_before_it_notices_both_shifts(tmp_path: Path) -> None:
    found = mutated(
        tmp_path, 'timeline: ["12:00 stopped"], expect: [{until: "12:19:59", open: []}, {at: "12:20", open: [halted]}]'
    )

    assert (found.killed, found.survivors) == (2, ())


def test_what_no_test_notices_survives_with_its_place_and_where_to_look(tmp_path: Path) -> None:
    found = mutated(tmp_path, 'timeline: ["12:00 stopped"], expect: [{until: "12:10", open: []}, {at: "12:21", open: [halted]}]')

    assert (found.killed, [one.mutant.after for one in found.survivors]) == (0, ["19m59s", "20m1s"])
    assert found.survivors[0].hint == (
        'in "test 0" (line 2) it makes a difference at 12:19:59: nothing happens with the book as it is, opened halted with the mutant'
    )
    assert f"{tmp_path}/small.yaml:5:23  survived  20m -> 19m59s\n    5 |     when: stopped for 20m\n" in summary([found], 0.1)
    assert summary([found], 0.1).endswith("mutants 2, noticed 0, survivors 2\nmutants: 2, in 0.1 s")
    assert as_json([found])[0]["survivors"][0]["rules"] == ["halted"]


def test_a_hint_may_lie_after_the_end_of_a_test_or_nowhere(tmp_path: Path) -> None:
    early = mutated(tmp_path, 'timeline: ["12:00 stopped"], expect: [{until: "12:10", open: []}]')
    never = mutated(tmp_path, 'timeline: ["12:00 moving"], expect: [{until: "12:10", open: []}]')

    assert early.survivors[0].hint.startswith('after the end of "test 0" (line 2) it makes a difference at 12:19:59')
    assert never.survivors[0].hint.startswith("no test comes near: in one, everything else of halted")


def test_tests_of_deliveries_that_the_rule_is_not_for_do_not_count(tmp_path: Path) -> None:
    book = HALTED.replace("when:", "applies_to: {carrier: zipvan}\n    when:")

    found = mutated(tmp_path, 'timeline: ["12:00 stopped"], expect: [{until: "13:00", open: []}]', book=book)

    assert found.survivors[0].hint.startswith("no test comes near")
