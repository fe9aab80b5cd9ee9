"""What is to come if nothing changes: and then it comes."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from domain.event import Event
from rules.book import Rulebook
from rules.chronicle import entries
from rules.compile import CompiledBook, compile_book
from rules.forecasting import to_come
from rules.outside import NOTHING_GIVEN
from rules.reader import read_book
from rules.simulate import FIRST, Moment, Part, Reported, all_succeed, simulate, simulate_together
from tests.builders import an_event, an_order, at
from tests.rules.scenarios import Scenario, scenarios
from tests.rules.stepper import DIRECTORY

BOOK = """
rulebook: standard
rules:
  - id: missed-scan
    says: Parcel on the van but no scan for two hours
    when: [status is out_for_delivery, no scan for 2h since out_for_delivery]
    hold: 5m
    severity: high
    do: [{notify: {who: customer, template: running-late}}, {open_ticket: {queue: hub-ops}}]
    quiet_hours: {for: notify.customer, window: "11:00-13:00", at_end: send}
    escalate: {stop_when: [acknowledged], steps: [{after: 15m, do: [{notify: {who: shift-lead, template: lost-contact}}]}]}
  - id: closing
    when: within 1h before promised end
    mode: shadow
    do: [{notify: {who: customer, template: running-late}}]
"""


def compiled(text: str = BOOK) -> CompiledBook:
    book = read_book(text, "standard.yaml").book
    assert book is not None
    return compile_book(book, "reference")


def moments(book: CompiledBook, until: str, *events: Event) -> tuple[Moment, ...]:
    return simulate(book, an_order(), at("08:00"), [Reported(event.recorded_at, event) for event in events], at(until))


def said(book: CompiledBook, now: str, *events: Event) -> list[str]:
    last = moments(book, now, *events)[-1]
    return [one["says"] for one in to_come(last.watch, last.versions, at(now)).as_json()["to_come"]]


ON_THE_VAN = (an_event("out_for_delivery", "09:00"), an_event("scan", "09:40"))


def test_openings_actions_escalation_and_ends_of_quiet_hours_come_in_order() -> None:
    assert said(compiled(), "10:00", *ON_THE_VAN) == [
        "missed-scan opens at 11:45:00 (high)",
        "missed-scan puts off notify.customer at 11:45:00: quiet hours until 13:00",
        "missed-scan does open_ticket at 11:45:00",
        "missed-scan escalates at 12:00:00 unless acknowledged (step 1)",
        "missed-scan does notify.shift-lead at 12:00:00",
        "missed-scan does notify.customer at 13:00:00",
        "closing opens at 15:00:00 (medium, shadow)",
        "closing would do notify.customer at 15:00:00",
        "closing resolves at 16:00:00 (cured)",
    ]


def test_one_rule_can_be_asked_for() -> None:
    last = moments(compiled(), "10:00", *ON_THE_VAN)[-1]

    told = to_come(last.watch, last.versions, at("10:00")).of("closing")

    assert [entry.what for entry in told.entries] == ["opens", "would", "resolves"]


def test_of_a_delivery_that_has_ended_only_what_waits_is_to_come() -> None:
    assert said(compiled(), "12:00", *ON_THE_VAN, an_event("delivered", "12:00")) == [
        "missed-scan does notify.customer at 13:00:00"
    ]
    assert said(compiled(), "14:00", *ON_THE_VAN, an_event("delivered", "14:00")) == []


def test_a_rule_that_opens_again_and_again_is_told_up_to_a_number_of_looks() -> None:
    book = compiled("rulebook: standard\nexpires_after: 30d\nrules: [{id: at-night, when: between 20:00 and 06:00}]")
    last = moments(book, "10:00")[-1]

    told = to_come(last.watch, last.versions, at("10:00"), at("2d 10:00"))

    assert [(entry.what, entry.at) for entry in told.entries[:2]] == [("opens", at("20:00")), ("resolves", at("1d 06:00"))]
    assert told.until == at("2d 10:00")


@given(scenario=scenarios(fewest=1, most=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_with_no_further_event_exactly_the_forecast_happens(scenario: Scenario) -> None:
    book = compile_book(Rulebook("standard", scenario.rules, directory=DIRECTORY), "reference")
    told = tuple(Reported(event.recorded_at, event) for _, events in scenario.batches for event in events)
    part = Part(scenario.delivery.order, scenario.delivery.known_at, told)
    now = told[-1].at

    def up_to(end: int) -> tuple[Moment, ...]:
        return simulate_together(book, [part], end, all_succeed, NOTHING_GIVEN)[0]

    before = up_to(now)
    end = max(scenario.end, now)
    after = up_to(end)

    foreseen = to_come(before[-1].watch, lambda version: book, now, end)

    watches = [(moment.at, moment.watch) for moment in after if moment.at >= before[-1].at]
    pairs = pairwise(watches)
    happened = [entry for (_, old), (when, new) in pairs for entry in entries(old, new, {FIRST: book}.__getitem__, when)]
    assert list(foreseen.entries) == happened
