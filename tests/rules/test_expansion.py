"""Layers, tables of params and blueprints: the rules that come of them, and that at most one of a name is for a delivery."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.incident import Severity
from domain.instant import HOUR, MINUTE
from rules.book import Rule, Rulebook, Step
from rules.directory import Carrier, Directory
from rules.params import MOST_ROWS, read_table
from rules.problems import Problem
from rules.reader import Reading, read_book
from rules.scope import SCOPE_KEYS, applies
from rules.tree import Absent, All, EventPattern, Is, State, Staying

SCAN, OUT = EventPattern("scan"), EventPattern("out_for_delivery")
TABLE = "carrier,zone,halt,grace\nacme,north-* | not north-9,10m,1m\nacme,,15m,\n,,20m,2m\n"
BLUEPRINT = (
    'says: No scan for {halt}\nwhen: no scan for {halt} since out_for_delivery\ndo: [{notify: {who: "{who}", template: t}}]\n'
)
FILES = {"t.csv": TABLE, "late.blueprint.yaml": BLUEPRINT}


def read(rules: str, head: str = "") -> Reading:
    return read_book(f"rulebook: b\n{head}rules:\n{rules}", "book.yaml", fetch=FILES.get)


def book_of(rules: str, head: str = "") -> Rulebook:
    reading = read(rules, head)
    assert reading.book is not None, "\n".join(problem.render() for problem in reading.problems)
    return reading.book


def said(rules: str, head: str = "") -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in read(rules, head).problems]


def for_(book: Rulebook, **scope: str) -> list[Rule]:
    """The rules that are for a delivery with these values."""
    values = tuple((scope[key],) if key in scope else () for key in SCOPE_KEYS)
    return [rule for rule in book.rules if applies(rule, values)]


LAYERED = """
  - {id: missed, when: no scan for 2h, applies_to: {zone: "north-*"}, severity: high}
  - {overrides: missed, applies_to: {carrier: acme}, severity: low}
  - {id: gold, overrides: missed, applies_to: {customer_tier: gold}, when: no scan for 1h}
  - {overrides: missed, applies_to: {shipper: shop-9}, hold: 5m}
"""


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param({}, "missed", id="the rule itself"),
        pytest.param({"carrier": "acme"}, "missed@layer-1", id="a carrier"),
        pytest.param({"carrier": "acme", "shipper": "shop-9"}, "missed@layer-3", id="a shipper before a carrier"),
        pytest.param({"shipper": "shop-9", "customer_tier": "gold"}, "missed@gold", id="the delivery before all"),
    ],
)
def test_the_closest_layer_is_for_a_delivery_and_no_other(scope: dict[str, str], expected: str) -> None:
    found = for_(book_of(LAYERED), zone="north-1", **scope)

    assert [rule.id for rule in found] == [expected]


def test_a_layer_is_for_none_that_the_rule_itself_is_not_for() -> None:
    assert for_(book_of(LAYERED), zone="south-1", customer_tier="gold") == []


def test_a_layer_has_the_keys_of_its_rule_but_for_those_that_it_changes() -> None:
    rules = {rule.id: rule for rule in book_of(LAYERED).rules}

    gold, slow = rules["missed@gold"], rules["missed@layer-3"]
    assert (gold.when, gold.severity, gold.overrides, gold.name) == (Absent(SCAN, HOUR), Severity.HIGH, "missed", "missed")
    assert (slow.when, slow.hold) == (Absent(SCAN, 2 * HOUR), 5 * MINUTE)


def test_a_layer_may_have_a_plain_condition_where_its_rule_has_stages_and_the_other_way_round() -> None:
    rules = book_of(
        "  - {id: a, stages: [{when: eta is known, severity: high}]}\n"
        "  - {overrides: a, applies_to: {carrier: acme}, when: scan received}\n"
        "  - {id: b, when: eta is known, severity: low}\n"
        "  - {overrides: b, applies_to: {carrier: acme}, stages: [{when: scan received}]}\n"
    ).rules

    assert [len(rule.stages) for rule in rules] == [1, 0, 0, 1]


HALT = "  - {id: halt, when: [halted, status is arrived], says: 'Stands for {halt}', hold: {grace}}\n"
HALTED = "params: t.csv\ndefine: {halted: 'stopped for {halt}'}\n"


def test_a_rule_with_holes_is_made_for_each_row_that_fills_them() -> None:
    rules = book_of(HALT, HALTED).rules

    arrived = Is("status", ("arrived",))
    assert [(rule.id, rule.says, rule.hold) for rule in rules] == [
        ("halt@acme+north-*,!north-9", "Stands for 10m", MINUTE),
        ("halt@rest", "Stands for 20m", 2 * MINUTE),
    ]
    assert [rule.when for rule in rules] == [
        All((Staying(State.STOPPED, 10 * MINUTE), arrived)),
        All((Staying(State.STOPPED, 20 * MINUTE), arrived)),
    ]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param({"carrier": "acme", "zone": "north-1"}, "halt@acme+north-*,!north-9", id="the first row that fits"),
        pytest.param({"carrier": "acme", "zone": "north-9"}, "halt@rest", id="a row without a value is passed over"),
        pytest.param({}, "halt@rest", id="the row for the rest"),
    ],
)
def test_the_first_row_that_fits_and_has_the_values_counts(scope: dict[str, str], expected: str) -> None:
    assert [rule.id for rule in for_(book_of(HALT, HALTED), **scope)] == [expected]


VALUES = {
    "carrier": ["acme", "zipvan"],
    "zone": ["north-1", "north-9"],
    "customer_tier": ["gold", "plain"],
    "shipper": ["s", "t"],
}
SCOPES = st.dictionaries(st.sampled_from(list(VALUES)), st.integers(0, 3), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(SCOPES, max_size=4), st.booleans())
def test_of_a_rule_its_layers_and_its_rows_exactly_one_is_for_each_delivery(layers: list[dict[str, int]], holes: bool) -> None:
    choices = {key: [*values, f"not {values[0]}", "*"] for key, values in VALUES.items()}
    scopes = ["{" + ", ".join(f'{key}: "{choices[key][n]}"' for key, n in layer.items()) + "}" for layer in layers]
    when = '"stopped for {halt}"' if holes else "stopped for 5m"
    rules = f"  - {{id: r, when: {when}}}\n" + "".join(
        f"  - {{overrides: r, applies_to: {scope}, hold: 1m}}\n" for scope in scopes
    )

    book = book_of(rules, "params: t.csv\n")

    assert len({rule.id for rule in book.rules}) == len(book.rules)
    for chosen in product(*VALUES.values()):
        assert len(for_(book, **dict(zip(VALUES, chosen, strict=True)))) == 1


@pytest.mark.parametrize(
    "use",
    [
        pytest.param('"late with {halt: 3h, who: customer}"', id="in words"),
        pytest.param("{blueprint: late, with: {halt: 3h, who: customer}}", id="as a mapping"),
        pytest.param("late, with: {halt: 3h, who: customer}", id="with its values beside it"),
    ],
)
def test_a_blueprint_makes_a_rule(use: str) -> None:
    (rule,) = book_of(f"  - {{id: r, severity: low, use: {use}}}\n").rules

    assert rule == Rule(
        "r",
        "No scan for 3h",
        Absent(SCAN, 3 * HOUR, OUT),
        severity=Severity.LOW,
        do=(Step("notify", {"who": "customer", "template": "t"}),),
    )


def test_keys_beside_use_replace_those_of_the_blueprint() -> None:
    (rule,) = book_of('  - {id: r, use: "late with {halt: 3h, who: customer}", says: Mine, do: []}\n').rules

    assert (rule.says, rule.do) == ("Mine", ())


def test_holes_of_a_blueprint_may_be_filled_from_the_table() -> None:
    rules = book_of('  - {id: r, use: "late with {who: customer}"}\n', "params: t.csv\n").rules

    assert [rule.says for rule in rules] == ["No scan for 10m", "No scan for 15m", "No scan for 20m"]


def test_a_mistake_in_a_row_says_which_row() -> None:
    found = said("  - {id: r, when: 'temperature over {grace}'}\n", "params: t.csv\n")

    assert found == [
        ("R106", '"temperature" is not measured in m (line 2 of t.csv)'),
        ("R106", '"temperature" is not measured in m (line 4 of t.csv)'),
    ]


def test_a_mistake_that_has_nothing_to_do_with_the_rows_is_told_once() -> None:
    """A named condition with a comma too many was complained of four times, three of them about a table without a mistake."""
    found = said("  - id: r\n    when:\n      - stopped for {halt}\n      - statsu is at_hub\n", "params: t.csv\n")
    defined = said("  - {id: r, when: ['stopped for {halt}', there]}\n", "params: t.csv\ndefine: {there: statsu is at_hub}\n")

    assert found == defined == [("R103", 'unknown fact "statsu"')]


def test_deliveries_that_fit_no_row_are_a_doubt() -> None:
    table = {"t.csv": "carrier,halt\nacme,10m\n"}
    reading = read_book("rulebook: b\nparams: t.csv\nrules: [{id: r, when: 'stopped for {halt}'}]\n", "b.yaml", fetch=table.get)

    assert [(p.code, p.level) for p in reading.problems] == [("R312", "warning")]


def table_problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in read_table(text, "t.csv").problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", (1, "the table is empty"), id="nothing"),
        pytest.param("carrier,halt\n", (1, "the table has no rows"), id="no rows"),
        pytest.param("carrier,zone\nacme,a\n", (1, "the table has no column of values"), id="no values"),
        pytest.param("carrier,halt,halt\nacme,1m,2m\n", (1, 'the column "halt" stands twice'), id="a column twice"),
        pytest.param("carrier,halt-time\nacme,1m\n", (1, '"halt-time" is not a good name of a column'), id="a bad name"),
        pytest.param("carrier,halt\nacme\n", (2, "1 cells where the header has 2"), id="a short row"),
        pytest.param(
            "carrier,halt\nacme,1m\nacme,2m\n",
            (3, "this row is for the same deliveries as line 2, which comes first"),
            id="twice",
        ),
        pytest.param(
            "halt,carrier\n" + "".join(f"1m,c{n}\n" for n in range(MOST_ROWS + 1)), (202, "more than 200 rows"), id="too many"
        ),
    ],
)
def test_a_table_that_does_not_fit_says_where(text: str, problem: tuple[int, str]) -> None:
    assert table_problems(text) == [problem]


def test_a_table_may_be_written_with_quotes_spaces_and_windows_line_ends() -> None:
    table = read_table('Carrier, Service Level, halt\r\n"acme", "same_day | next_day", "1h 30m"\r\n', "t.csv")

    (row,) = table.rows
    assert table.problems == ()
    assert (row.scope, row.values) == ({"carrier": ("acme",), "service_level": ("same_day", "next_day")}, {"halt": "1h 30m"})


def test_a_table_names_only_carriers_that_the_directory_has() -> None:
    directory = Directory(carriers={"acme": Carrier()})
    files = {"t.csv": "carrier,halt\nacmee,1m\n"}
    reading = read_book("rulebook: b\nparams: t.csv\nrules: []\n", "b.yaml", directory, fetch=files.get)

    assert reading.problems == (Problem("t.csv", "R023", 2, 1, 1, 'unknown carrier "acmee"', 'did you mean "acme"?'),)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet='carrier,halt\n\r"|*{}m1 \x00', max_size=60))
def test_no_table_is_a_traceback(text: str) -> None:
    files = {"t.csv": text}
    reading = read_book("rulebook: b\nparams: t.csv\nrules: [{id: r, when: 'stopped for {halt}'}]\n", "b.yaml", fetch=files.get)

    assert reading.book is not None or reading.problems
