"""`doorstep delivery why` for people: what is open comes first, and what is far from opening takes a line."""

from cli.why import told
from domain.instant import iso
from rules.compile import compile_book
from rules.reader import read_book
from rules.watch import Watch, look
from rules.why import why
from tests.builders import a_delivery, an_event, at

RULES = """
rulebook: standard
rules:
  - {id: far, when: [status is at_hub, attempts at least 2, eta is known]}
  - {id: not-mine, applies_to: {carrier: nobody}, when: status is arrived}
  - {id: held, when: status is arrived, hold: 10m}
  - id: there
    when: status is arrived
    do: [{notify: {who: customer, template: running-late}}]
    quiet_hours: {for: notify, window: "08:30-10:00"}
    escalate: {stop_when: acknowledged, steps: [{after: 15m, do: [reroute]}]}
"""


IDLE = {"rule": "far", "applies": True, "phase": "idle", "near_miss": [], "forecast": None}


def lines(rule: str | None = None) -> list[str]:
    book = read_book(RULES, "standard.yaml").book
    assert book is not None
    compiled = compile_book(book, "reference")
    watch = Watch(a_delivery(), 1, "version", looked_at=at("08:00"))
    watch = look(watch, compiled, [an_event("arrived", "09:00")], at("09:00")).watch
    return list(told(why(compiled, watch.delivery, watch.cells, at("09:05"), rule, watch.incidents), in_full=rule is not None))


def test_open_rules_come_first_and_rules_for_others_are_left_out() -> None:
    """Every rule of the book was printed with all of its sentences, in the book's order: what was open had to be searched for."""
    heads = [line.split(":")[0] for line in lines() if not line.startswith(" ")]

    assert heads == ["there", "held", "far"]


def test_a_rule_that_is_far_from_opening_takes_one_line() -> None:
    assert lines()[-1] == 'far: idle; "status is at_hub" is false, "attempts at least 2" is 2 away and 1 more'


def test_what_a_sentence_saw_is_told_by_what_happened_not_by_an_id() -> None:
    """The id of the event, a long number of a machine, was all that was said of it."""
    (found,) = (line for line in lines("there") if "status is arrived" in line)

    assert found.endswith(f"from arrived, {iso(at('09:00'))})")


def test_the_line_of_an_idle_rule_says_that_it_is_muted() -> None:
    """It said when the rule opens, as if it would then do something."""
    (line,) = told([IDLE | {"muted": {"until": "2026-11-23T16:00:00Z", "by": "Kim"}}])

    assert line == "far: idle; nothing is missing; muted until 2026-11-23T16:00:00Z by Kim: it does nothing until then"


def test_what_a_rule_does_next_is_in_words() -> None:
    assert f"  opens at {iso(at('09:10'))} if nothing changes" in lines()


def test_a_rule_that_is_asked_for_by_name_is_told_in_full_whoever_it_is_for() -> None:
    said = lines("not-mine")

    assert said[0] == "not-mine: idle (not for this delivery: carrier is acme, the rule is for nobody)"
    assert any("status is arrived" in line for line in said)


def test_what_an_open_incident_has_before_it_is_in_words() -> None:
    said = lines("there")

    assert f"  escalates at {iso(at('09:15'))} unless acknowledged" in said
    assert "  notify.customer waits: quiet hours until 10:00" in said
    assert f"  quiet hours until {iso(at('10:00'))}" in said
