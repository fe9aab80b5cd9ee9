"""`doorstep delivery forecast` for people: what is assumed, then what is to come in order."""

from cli.forecast import foreseen
from rules.compile import compile_book
from rules.forecasting import to_come
from rules.reader import read_book
from rules.watch import Watch, look
from tests.builders import a_delivery, an_event, at

RULES = """
rulebook: standard
rules:
  - id: there
    when: status is arrived
    hold: 10m
    escalate: {stop_when: acknowledged, steps: [{after: 15m, do: [reroute]}]}
"""


def lines(kind: str) -> list[str]:
    book = read_book(RULES, "standard.yaml").book
    assert book is not None
    compiled = compile_book(book, "reference")
    watch = Watch(a_delivery(), 1, "version", looked_at=at("08:00"))
    watch = look(watch, compiled, [an_event(kind, "09:00")], at("09:00")).watch
    return list(foreseen(to_come(watch, lambda version: compiled, at("09:05"), at("12:00")).as_json()))


def test_each_thing_to_come_has_its_line_with_the_clock_time_of_the_recipient() -> None:
    assert lines("arrived") == [
        "as of 2026-11-23 09:05:00, times are of Europe/Helsinki (UTC+02:00); if nothing is reported, nobody decides anything, and every action"
        " succeeds:",
        "  there opens at 09:10:00 (medium)",
        "  there escalates at 09:25:00 unless acknowledged (step 1)",
        "  there does reroute at 09:25:00",
    ]


def test_where_nothing_is_to_come_it_says_until_when() -> None:
    assert "(UTC+02:00): nothing is to come until 12:00:00 if nothing is reported" in lines("scan")[0]
