"""Business time: working hours on calendars, holidays, and days on which clocks change."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.instant import DAY, HOUR, MINUTE, NEVER, Instant, instant
from domain.order import PlannedMilestone
from domain.status import Status
from rules import directory_reader
from rules.book import Rulebook, canonical_json, from_canonical, sha256
from rules.business import Hours, days_off, knows_holidays
from rules.clock_times import day_number
from rules.directory import Calendar, Directory, Hub
from rules.directory_reader import read_directory
from rules.readings import Frame
from rules.scene import Scene
from rules.steps import step_of
from rules.tree import Absent, Around, Clock, Condition, Counted, EventPattern, InCalendar, Is, Later, Overdue, TimeRef
from tests.builders import a_delivery, an_event

OFFICE = Calendar((0, 1, 2, 3, 4), 9 * HOUR, 17 * HOUR, "FI")
HELSINKI = Hours(OFFICE, ZoneInfo("Europe/Helsinki"))
ALWAYS = Hours(Calendar((0, 1, 2, 3, 4, 5, 6)), ZoneInfo("Europe/Helsinki"))
DIRECTORY = Directory(
    hubs={"HEL1": Hub("Europe/Helsinki", cutoff=20 * HOUR, calendar="office"), "BARE": Hub()}, calendars={"office": OFFICE}
)
FRAME = Frame(directory=DIRECTORY)


def stamp(text: str) -> Instant:
    return instant(datetime.fromisoformat(text))


def on(text: str) -> Instant:
    """`2026-11-23 09:00` in Helsinki, in winter."""
    return stamp(f"{text.replace(' ', 'T')}:00+02:00")


def seen(node: Condition, t: Instant, *events: Event, frame: Frame = FRAME, **order: Any) -> tuple[str, Instant]:
    truth, until = step_of(node, frame)(Scene(a_delivery(*events, **order)), t)
    return truth.name.lower(), until


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        pytest.param("2026-11-23 10:00", 3 * HOUR, "2026-11-23 13:00", id="within a day"),
        pytest.param("2026-11-23 15:00", 3 * HOUR, "2026-11-24 10:00", id="over a night"),
        pytest.param("2026-11-27 16:00", 3 * HOUR, "2026-11-30 11:00", id="over a weekend"),
        pytest.param("2026-11-23 03:00", 8 * HOUR, "2026-11-23 17:00", id="a whole day ends when it closes"),
        pytest.param("2026-12-23 16:00", 2 * HOUR, "2026-12-28 10:00", id="over Christmas, whose eve is free in Finland"),
    ],
)
def test_business_hours_pass_only_while_the_calendar_works(start: str, span: int, end: str) -> None:
    assert HELSINKI.after(on(start), span, in_days=False) == on(end)


def test_a_business_day_is_a_working_day_from_opening_to_closing() -> None:
    assert HELSINKI.after(on("2026-11-23 10:00"), DAY, in_days=True) == on("2026-11-24 10:00")
    assert HELSINKI.after(on("2026-11-27 20:00"), DAY, in_days=True) == on("2026-11-30 17:00")
    assert HELSINKI.before(on("2026-11-24 10:00"), DAY, in_days=True) == on("2026-11-23 10:00")


def test_a_day_on_which_clocks_change_has_an_hour_more_or_less() -> None:
    spring, autumn = stamp("2026-03-29T00:00:00+02:00"), stamp("2026-10-25T00:00:00+03:00")

    assert ALWAYS.after(spring, DAY, in_days=True) == spring + 23 * HOUR
    assert ALWAYS.after(autumn, DAY, in_days=True) == autumn + 25 * HOUR
    assert ALWAYS.after(autumn, 24 * HOUR, in_days=False) == autumn + 24 * HOUR


def test_what_never_works_never_gets_there() -> None:
    nobody = Hours(Calendar(()), ZoneInfo("UTC"))

    assert nobody.at(0) == (False, NEVER)
    assert nobody.after(on("2026-11-23 10:00"), HOUR, in_days=False) == NEVER
    assert nobody.before(on("2026-11-23 10:00"), HOUR, in_days=False) == 0


@given(start=st.integers(0, 14 * 24 * 60), span=st.integers(1, 40 * 60))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_way_back_leads_to_the_last_instant_from_which_it_takes_so_long(start: int, span: int) -> None:
    """Minute by minute, across the change of clocks of 2026-10-25."""
    first = stamp("2026-10-19T00:00:00+03:00") + start * MINUTE

    end = HELSINKI.after(first, span * MINUTE, in_days=False)

    worked = sum(HELSINKI.at(t)[0] for t in range(first, end, MINUTE))
    back = HELSINKI.before(end, span * MINUTE, in_days=False)
    assert worked == span
    assert back >= first
    assert sum(HELSINKI.at(t)[0] for t in range(back, end, MINUTE)) == span


@pytest.mark.parametrize(("country", "known"), [("FI", True), ("DE-BY", True), ("XX", False), ("FI-ZZ", False)])
def test_holidays_are_known_of_countries_and_their_parts(country: str, known: bool) -> None:
    assert knows_holidays(country) is known


def test_the_dates_that_were_published_decide_whatever_the_library_says() -> None:
    """A book could decide otherwise on replay once another version of the library knew other holidays."""
    published = replace(OFFICE, days_off=(day_number(date(2026, 11, 24)),))

    hours = Hours(published, ZoneInfo("Europe/Helsinki"))

    assert not hours.at(on("2026-11-24 10:00"))[0]
    assert hours.at(on("2026-12-25 10:00"))[0]


def test_a_book_that_was_published_without_dates_asks_the_library() -> None:
    without = canonical_json(Rulebook("standard", (), directory=DIRECTORY)).replace('"days_off":null,', "")

    office = from_canonical(without).directory.calendars["office"]

    assert (office.holidays, office.days_off) == ("FI", None)
    assert not Hours(office, ZoneInfo("Europe/Helsinki")).at(on("2026-12-25 10:00"))[0]


def test_the_same_text_is_another_version_only_if_its_dates_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> str:
        text = "calendars: {office: {days: [mon], hours: '09:00-17:00', holidays: FI}}"
        read = read_directory(text).directory
        return sha256(canonical_json(Rulebook("standard", (), directory=read)))

    before, again = version(), version()
    known = days_off("FI")
    monkeypatch.setattr(directory_reader, "days_off", lambda country: known)
    same = version()
    monkeypatch.setattr(directory_reader, "days_off", lambda country: known[1:])

    assert before == again == same != version()


def test_in_calendar_is_true_from_opening_until_closing() -> None:
    inside, outside = InCalendar("office"), InCalendar("office", negated=True)

    assert seen(inside, on("2026-11-23 08:59")) == ("false", on("2026-11-23 09:00"))
    assert seen(inside, on("2026-11-23 09:00")) == ("true", on("2026-11-23 17:00"))
    assert seen(outside, on("2026-11-27 17:00")) == ("true", on("2026-11-30 09:00"))
    assert seen(InCalendar("elsewhere"), on("2026-11-23 09:00")) == ("unknown", NEVER)


def test_every_span_of_a_sentence_may_be_business_time() -> None:
    hub, hours = Counted(None, "days"), Counted("office")
    end = a_delivery().facts.promised.end

    assert seen(Absent(EventPattern("scan"), DAY, counted=hub), on("2026-11-23 16:59")) == ("false", on("2026-11-23 17:00"))
    assert seen(Absent(EventPattern("scan"), DAY, counted=hub), on("2026-11-23 17:00")) == ("true", NEVER)
    assert seen(Absent(EventPattern("scan"), DAY, counted=hub), on("2026-11-23 17:00"), hub="BARE") == ("unknown", NEVER)
    assert seen(Around(TimeRef("fact", "promised end"), HOUR, "after", hours), end + 50 * MINUTE) == (
        "false",
        on("2026-11-23 17:00"),
    )
    plan = (PlannedMilestone(Status.AT_HUB, on("2026-11-23 16:30")),)
    late = Overdue(Status.AT_HUB, HOUR, hours)
    assert seen(late, on("2026-11-23 20:00"), plan=plan) == ("false", on("2026-11-24 09:30"))
    held = Is("status", ("on_hold",), held=2 * HOUR, counted=hours)
    assert seen(held, on("2026-11-24 09:30"), an_event("on_hold", "16:00")) == ("false", on("2026-11-24 10:00"))


def test_the_cutoff_is_that_of_the_hub_on_the_day_that_it_is_there() -> None:
    cutoff, soon = TimeRef("cutoff", "hub cutoff"), on("2026-11-23 19:00")
    before = Around(cutoff, HOUR, "before")

    assert seen(before, on("2026-11-23 12:00")) == ("false", soon)
    assert seen(before, soon) == ("true", on("2026-11-24 00:00"))
    assert seen(before, soon, hub="BARE")[0] == "unknown"
    assert seen(Around(cutoff, HOUR, "within_before"), on("2026-11-23 19:30")) == ("true", on("2026-11-23 20:00"))
    eta = an_event("eta", "18:00", eta=on("2026-11-23 20:30"))
    assert seen(Later(TimeRef("fact", "eta"), cutoff), on("2026-11-23 19:00"), eta) == ("true", on("2026-11-24 00:00"))
    assert seen(Later(TimeRef("fact", "eta"), cutoff), on("2026-11-24 19:00"), eta) == ("false", on("2026-11-25 00:00"))


def test_the_last_of_some_scans_is_a_time() -> None:
    after = Around(TimeRef("last", "scan", EventPattern("scan", place="HEL1")), HOUR, "after")
    scans = (an_event("scan", "09:00", place="HEL1"), an_event("scan", "10:30", place="STOP7"))

    assert seen(after, on("2026-11-23 09:30"), *scans) == ("false", on("2026-11-23 10:00"))
    assert seen(after, on("2026-11-23 10:00"), *scans) == ("true", NEVER)
    assert seen(after, on("2026-11-23 10:00")) == ("unknown", NEVER)


def test_hours_are_read_on_the_clock_of_the_rule() -> None:
    in_utc = Frame(Clock.UTC, DIRECTORY)

    assert seen(InCalendar("office"), on("2026-11-23 10:30"), frame=in_utc) == ("false", on("2026-11-23 11:00"))
