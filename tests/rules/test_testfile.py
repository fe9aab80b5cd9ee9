"""Test files: what can happen in a timeline, what can be expected, and that every mistake is told with its place."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.instant import HOUR
from domain.order import Money, Order
from domain.status import Kind, Party, Status
from rules.clock import zone
from rules.clock_times import Calendar
from rules.happenings import WHATS
from rules.line_setting import Setting
from rules.problems import Problem
from rules.reader import read_book
from rules.simulate import Decided, Reported
from rules.source import compose, source_of
from rules.testfile import Case, Cases, Readers, read_cases
from rules.timeline import read_line
from rules.words import SentenceError
from tests.builders import at
from tests.rules.readers import SMALL, read_event, read_order, run

BAD = Path(__file__).parent / "bad_tests"
BAD_FILES = sorted(BAD.glob("*.test.yaml"))

BOOK = read_book(SMALL, "small.yaml").book

HELSINKI = zone("Europe/Helsinki")
assert HELSINKI is not None
assert BOOK is not None
CALENDAR = Calendar((at("12:00") // HOUR) // 24, HELSINKI)


def line(text: str, *ids: str) -> Event:
    """The event of a timeline's line."""
    setting = Setting(CALENDAR, "acme", ["late", "stopped"], read_event, ("P1",), set(ids))
    read = read_line(text, 1, setting)
    assert isinstance(read, Reported)
    assert read.at == read.event.recorded_at
    return read.event


def cases(text: str) -> Cases:
    assert BOOK is not None
    source = source_of(text, "small.test.yaml")
    return read_cases(source, compose(source), BOOK, Readers(read_order, read_event))


def case(body: str) -> Case:
    read = cases("tests:\n  - name: one\n" + "".join(f"    {row}\n" for row in body.strip().splitlines()))
    assert not read.problems, [problem.render() for problem in read.problems]
    return read.cases[0]


# The timeline


@pytest.mark.parametrize(
    ("text", "kind", "status", "detail"),
    [
        ("09:00 status on_hold", Kind.STATUS, Status.ON_HOLD, {}),
        ("09:00 scan", Kind.SCAN, None, {}),
        ("09:00 scan at_hub at HEL1", Kind.SCAN, Status.AT_HUB, {}),
        ("09:00 arrived", Kind.ARRIVED, None, {}),
        ("09:00 departed", Kind.DEPARTED, None, {}),
        ("09:00 departed_depot", Kind.DEPARTED_DEPOT, None, {}),
        ("09:00 stopped", Kind.STOPPED, None, {}),
        ("09:00 moving", Kind.MOVING, None, {}),
        ("09:00 silent", Kind.SILENT, None, {}),
        ("09:00 off_route", Kind.OFF_ROUTE, None, {}),
        ("09:00 back_on_route", Kind.BACK_ON_ROUTE, None, {}),
        ("09:00 proof", Kind.PROOF, None, {}),
        ("09:00 driver_status breakdown", Kind.DRIVER_STATUS, None, {"state": "breakdown"}),
        ("09:00 customer_reply 'At the back door (id 7)'", Kind.CUSTOMER_REPLY, None, {"text": "At the back door (id 7)", "channel": "sms"}),
        ("09:00 sensor temperature 8.5 C", Kind.SENSOR, None, {"name": "temperature", "value": 8500, "unit": "C"}),
        ("09:00 sensor temperature -2C", Kind.SENSOR, None, {"name": "temperature", "value": -2000, "unit": "C"}),
        ("09:00 promise 17:00-19:00", Kind.PROMISE_CHANGED, None, {"start": at("17:00"), "end": at("19:00")}),
        ("09:00 promise +1d 10:00-12:00", Kind.PROMISE_CHANGED, None, {"start": at("1d 10:00"), "end": at("1d 12:00")}),
        ("09:00 plan at_hub 10:30 at HEL2", Kind.PLAN_CHANGED, None, {"milestone": Status.AT_HUB, "due": at("10:30"), "place": "HEL2"}),
        ("09:00 cancel", Kind.STATUS, Status.CANCELLED, {}),
        ("09:00 set attempt distance 1.2 km", Kind.NOTE, None, {"fact": "attempt distance", "value": 1200}),
        ("09:00 set eta 15:30", Kind.NOTE, None, {"fact": "eta", "value": at("15:30")}),
        ("09:00 set eta unknown", Kind.NOTE, None, {"fact": "eta", "value": None}),
        ("09:00 set driver on break yes", Kind.NOTE, None, {"fact": "driver on break", "value": True}),
        ("09:00 set last reason consignee_not_home", Kind.NOTE, None, {"fact": "last reason", "value": "consignee_not_home"}),
        ("09:00 set temperature -2 C", Kind.NOTE, None, {"fact": "temperature", "value": -2000}),
        ('09:00 event {"kind": "asked", "detail": {"template": "address"}}', Kind.ASKED, None, {"template": "address"}),
    ],
)  # fmt: skip
def test_what_can_happen(text: str, kind: Kind, status: Status | None, detail: dict[str, object]) -> None:
    event = line(text)

    assert (event.kind, event.status, event.detail) == (kind, status, detail)
    assert (event.occurred_at, event.recorded_at, event.source) == (at("09:00"), at("09:00"), "acme")


@pytest.mark.parametrize("state", ["offered", "accepted", "declined", "withdrawn"])
def test_a_driver_is_offered_a_delivery(state: str) -> None:
    event = line(f"09:00 {state} V7")

    assert event.names == ("assignment", f"assignment {state}")
    assert event.detail["driver_id"] == "V7"


def test_an_eta_with_its_confidence() -> None:
    event = line("09:00 eta 15:40 confidence 80%")

    assert (event.eta, event.confidence) == (at("15:40"), 80)


def test_a_failed_attempt_with_its_reason_and_where_it_was() -> None:
    event = line("15:00 attempt_failed consignee_not_home (at 60.17,24.94)")

    assert event.reason == "consignee_not_home"
    assert event.location is not None
    assert (event.location.lat, event.location.lon) == (60.17, 24.94)


def test_a_line_is_known_later_than_it_happened_and_has_an_id() -> None:
    event = line("11:43 scan at STOP8 (happened 11:20) (id s8)")

    assert (event.occurred_at, event.recorded_at, event.event_id, event.place) == (at("11:20"), at("11:43"), "s8", "STOP8")


def test_what_is_known_the_next_day_happened_on_that_day() -> None:
    event = line("+1d 09:00:30 scan (happened 08:00)")

    assert (event.occurred_at, event.recorded_at) == (at("1d 08:00"), at("1d 09:00:30"))


def test_who_means_the_day_before_is_told_how_to_write_it() -> None:
    with pytest.raises(SentenceError, match="cannot become known") as caught:
        line("+1d 09:00 scan (happened 23:00)")

    assert caught.value.hint == "it stands on the line's day; for the day before write (happened +0d 23:00)"


def test_what_is_known_the_next_day_may_have_happened_the_day_before() -> None:
    event = line("+1d 09:00 scan (happened +0d 23:00)")

    assert event.occurred_at == at("23:00")


def test_the_customer_moves_the_promise() -> None:
    assert line("09:00 promise 17:00-19:00 by customer").by is Party.CUSTOMER


def test_one_parcel_of_several() -> None:
    event = line("09:00 parcel P1 status delivered")

    assert (event.parcel_ids, event.status) == (("P1",), Status.DELIVERED)


def test_a_correction_names_an_event_of_a_line_before() -> None:
    assert line("09:00 correction of s7 did_not_occur", "s7").corrects == "s7"


def test_a_person_acknowledges_and_resolves() -> None:
    setting = Setting(CALENDAR, "acme", ["late"], read_event)

    assert read_line("16:10 acknowledge late", 1, setting) == Decided(at("16:10"), "acknowledge", "late")
    assert read_line("16:20 resolve late", 2, setting) == Decided(at("16:20"), "resolve", "late")


def test_a_json_event_may_say_everything_itself() -> None:
    sent = '{"event_id": "x", "kind": "note", "occurred_at": "2026-11-23T08:00:00+02:00", "source": "ups"}'

    event = line(f"09:00 event {sent}")

    assert (event.event_id, event.occurred_at, event.recorded_at, event.source) == ("x", at("08:00"), at("09:00"), "ups")


def test_facts_may_be_given_and_are_known_with_the_order() -> None:
    read = case(
        "delivery: {timezone: Europe/Helsinki}\n"
        "given: {sibling scans at the hub: 2, driver on break: yes, eta: '15:30', attempt distance: 1.2 km}\n"
        "timeline: ['09:00 scan']\nexpect: {at: '09:00', open: []}"
    )

    told = {
        one.event.detail["fact"]: one.event.detail["value"]
        for one in read.lines
        if isinstance(one, Reported) and one.event.detail
    }
    assert told == {"sibling scans at the hub": 2, "driver on break": True, "eta": at("15:30"), "attempt distance": 1200}
    assert {one.at for one in read.lines} == {read.known_at}


def test_the_page_of_rules_names_every_kind_of_line() -> None:
    """What RULES.md lists as WHAT, but for `event {JSON}`, and `claim` and `undelivered`."""
    listed = (
        "status scan eta attempt_failed arrived departed departed_depot stopped moving silent off_route back_on_route offered accepted "
        "declined withdrawn driver_status customer_reply promise plan parcel sensor proof correction acknowledge resolve mute decide "
        "cancel feed disruption set adopt claim undelivered"
    )

    assert set(WHATS) == set(listed.split())


# Deliveries


def test_a_delivery_has_plain_defaults() -> None:
    read = case("timeline: ['09:00 scan']\nexpect: {at: '09:00', open: []}")

    assert read.order is not None
    assert (read.order.delivery_id, read.order.carrier, read.order.destination.timezone) == ("D-1", "acme", "UTC")
    assert read.order.promised.end - (read.order.promised.start or 0) == 2 * HOUR
    assert read.calendar.date.isoformat() == "2026-11-23"


def test_a_delivery_in_short_forms_dotted_and_nested() -> None:
    read = case(
        """
day: 2026-11-23
delivery:
  promised: "14:00-16:00"
  timezone: Europe/Helsinki
  customer.tier: gold
  customer: {language: fi}
  destination.country: FI
  planned_departure: "13:00"
  plan: [{milestone: at_hub, due: "08:00"}, {milestone: delivered, due: "2026-11-23T15:00:00+02:00"}]
  tags: fragile
  parcels: [{parcel_id: P1, temperature_c: {min: 2, max: 8}}]
  cod: {amount: "40.00", currency: EUR}
  attempts_allowed: 2
expect: {at: '09:00', open: []}
"""
    )

    order = read.order
    assert isinstance(order, Order)
    assert (order.promised.start, order.promised.end, order.planned_departure) == (at("14:00"), at("16:00"), at("13:00"))
    assert (order.customer.tier, order.customer.language, order.destination.country) == ("gold", "fi", "FI")
    assert [planned.due for planned in order.plan] == [at("08:00"), at("15:00")]
    assert (order.tags, order.parcels[0].temperature_max, order.cod) == (("fragile",), 8000, Money(4000, "EUR"))
    assert order.attempts_allowed == 2


def test_a_promise_may_have_no_beginning_or_end_on_the_next_day() -> None:
    by = case("delivery: {promised: '16:00', timezone: Europe/Helsinki}\nexpect: {at: '09:00', open: []}")
    over = case(
        "delivery: {promised: {start: '22:00', end: '+1d 02:00'}, timezone: Europe/Helsinki}\nexpect: {at: '09:00', open: []}"
    )

    assert by.order is not None
    assert (by.order.promised.start, by.order.promised.end) == (None, at("16:00"))
    assert over.order is not None
    assert over.order.promised.end == at("1d 02:00")


@pytest.mark.parametrize(
    ("known", "lines", "expected"),
    [
        ("", "['09:00 scan']", "09:00"),
        ("known_at: '08:30'", "['09:00 scan']", "08:30"),
        ("known_at: '-1d 20:00'", "[]", "-1d 20:00"),
    ],
)
def test_when_the_order_is_known(known: str, lines: str, expected: str) -> None:
    read = case(f"delivery: {{timezone: Europe/Helsinki}}\n{known}\ntimeline: {lines}\nexpect: {{at: '09:00', open: []}}")

    assert read.known_at == at(expected)


def test_a_doubled_hour_is_its_first() -> None:
    assert HELSINKI is not None
    autumn = Calendar(CALENDAR.day - 29, HELSINKI)

    first = autumn.instant(0, 3 * HOUR + HOUR // 2)

    assert first is not None
    assert autumn.iso(first) == "2026-10-25T03:30:00+03:00"


# Mistakes


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.name.removesuffix(".test.yaml"))
def test_a_bad_file_is_told_what_its_first_line_expects(path: Path) -> None:
    expected = path.read_text().splitlines()[0].removeprefix("# ")

    report = run(path)

    told = [f"{one.line}:{one.col} {one.code} {one.message}" for one in report.problems]
    assert [re.sub(f"{re.escape(str(path.parent))}/?", "", one) for one in told] == [expected]
    assert not report.ok
    assert report.files[0].results == ()


def test_there_are_bad_files_for_every_way_to_fail_that_we_know() -> None:
    assert len(BAD_FILES) >= 70


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    read = cases(
        """
tests:
  - name: one
    delivery: {carier: acme}
    timeline: [09:00 stautus assigned, 09:10 eta soon]
    expect: [{at: "10:00", opne: []}, {at: "10:00", open: [lat]}]
"""
    )

    assert read.cases == ()
    assert [(one.line, one.code) for one in read.problems] == [(4, "R010"), (5, "R104"), (5, "R108"), (6, "R010"), (6, "R022")]


def test_a_mistake_is_shown_with_its_line_a_caret_and_a_suggestion() -> None:
    problem = cases("tests:\n  - name: one\n    timeline: [09:00 sttus assigned]\n    expect: []\n").problems[0]

    assert isinstance(problem, Problem)
    assert problem.render() == (
        'small.test.yaml:3:22  R104 unknown thing to happen "sttus"\n'
        "    3 |     timeline: [09:00 sttus assigned]\n"
        '      |                      ^^^^^ did you mean "status"?'
    )


def test_a_todo_is_not_read_further() -> None:
    read = cases("tests:\n  - {name: later, todo: true, deliveries: {A: {}}, timeline: [nonsense]}\n")

    assert read.problems == ()
    assert [(one.name, one.todo) for one in read.cases] == [("later", True)]


WORDS = ["tests:", "- name: a", "delivery:", "{", "}", "[", "]", ",", ": ", "\n", "\n  ", "\n    ", '"', "'", "#", "09:00 ", "+1d ", "scan ",
         "event ", '{"kind": 1}', "eta ", "promise ", "14:00-16:00", "(happened ", "(id ", ")", "(at 1,2)", "expect:", "at: ", "until: ",
         "open: ", "late", "did: ", "notify.customer", "customer.tier: ", "customer: x", "parcels: ", "plan: ", "due: ", "null", "~",
         "outcomes: ", "known_at: ", "day: ", "2026-11-23", "says: ", "forecast_at: ", "timeline:", "severity: ", "resolved: "]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_whatever_is_a_traceback(words: list[str]) -> None:
    read = cases("".join(words))

    assert read.cases or read.problems or "tests:" in "".join(words)


@given(st.lists(st.sampled_from(WORDS), max_size=20), st.sampled_from(["delivery", "timeline", "expect", "outcomes", "day"]))
@settings(max_examples=200, deadline=None)
def test_no_value_whatever_is_a_traceback(words: list[str], key: str) -> None:
    read = cases(f"tests:\n  - name: one\n    {key}: {''.join(words)}\n")

    assert read.cases or read.problems
