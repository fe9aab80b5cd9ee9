"""Each sentence form: when it is true, when unknown, and until when that holds."""

from typing import Any

import pytest

from domain.event import Event
from domain.instant import HOUR, MINUTE, NEVER, Instant
from domain.order import Destination, Money, PlannedMilestone, Window
from domain.status import Party, Status
from rules import clock
from rules.directory import Directory, Hub
from rules.readings import Frame
from rules.scene import Scene
from rules.steps import step_of
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    Between,
    Clock,
    Compare,
    Condition,
    Daytime,
    EventPattern,
    Includes,
    Is,
    Known,
    Later,
    NoneOf,
    Overdue,
    Received,
    Same,
    State,
    Staying,
    TimeRef,
    Truth,
    Weekdays,
)
from tests.builders import a_delivery, an_event, at

SCAN = EventPattern("scan")
OUT = EventPattern("out_for_delivery")
END = TimeRef("fact", "promised end")
ETA = TimeRef("fact", "eta")


def seen(node: Condition, clock_time: str, *events: Event, frame: Frame | None = None, **order: Any) -> tuple[str, Instant]:
    """A sentence's truth at a local time, and until when it holds."""
    truth, until = step_of(node, frame or Frame())(Scene(a_delivery(*events, **order)), at(clock_time))
    return truth.name.lower(), until


def test_an_unknown_fact_makes_a_comparison_unknown_and_only_is_known_answers() -> None:
    assert seen(Compare("temperature", "over", 8000), "09:00") == ("unknown", NEVER)
    assert seen(Is("last reason", ("weather",), negated=True), "09:00") == ("unknown", NEVER)
    assert seen(Known("temperature"), "09:00") == ("false", NEVER)
    assert seen(Known("temperature", known=False), "09:00") == ("true", NEVER)
    assert seen(NoneOf((Compare("temperature", "over", 8000),)), "09:00") == ("unknown", NEVER)


@pytest.mark.parametrize(
    ("node", "truth"),
    [
        pytest.param(Is("zone", ("north-*",)), "true", id="glob"),
        pytest.param(Is("zone", ("south-1", "north-2")), "true", id="one of"),
        pytest.param(Is("zone", ("north-2",), negated=True), "false", id="is not"),
        pytest.param(Is("driver on break", (True,)), "false", id="yes/no"),
        pytest.param(Includes("tags", "fragile"), "true", id="includes"),
        pytest.param(Includes("tags", "cold", negated=True), "true", id="does not include"),
        pytest.param(Same("hub", "hub"), "true", id="same fact"),
        pytest.param(Same("last scan hub", "hub", negated=True), "unknown", id="same with unknown"),
        pytest.param(Compare("cod", "at_least", 4000), "true", id="at least, exactly"),
        pytest.param(Compare("cod", "over", 4000), "false", id="over, exactly"),
        pytest.param(Between("cod", 4000, 5000), "true", id="between is inclusive"),
        pytest.param(All(()), "true", id="all of nothing"),
        pytest.param(AnyOf(()), "false", id="any of nothing"),
    ],
)
def test_facts_of_the_order_are_true_or_false_for_good(node: Condition, truth: str) -> None:
    assert seen(node, "09:00", tags=("fragile",), cod=Money(4000, "EUR")) == (truth, NEVER)


def test_for_d_counts_from_when_the_sentence_became_true_by_event_time() -> None:
    held = Is("status", ("on_hold", "held_customs"), held=4 * HOUR)
    events = (an_event("on_hold", "09:00"), an_event("held_customs", "11:00"))

    assert seen(held, "12:59:59", *events) == ("false", at("13:00"))
    assert seen(held, "13:00", *events) == ("true", NEVER)


def test_for_d_starts_anew_after_a_break_that_was_told_late() -> None:
    held = Compare("temperature", "over", 8000, held=5 * MINUTE)
    warm, cool = {"name": "temperature", "value": 9000}, {"name": "temperature", "value": 7000}
    events = (an_event("sensor", "09:00", detail=warm), an_event("sensor", "09:04", detail=warm))
    late = an_event("sensor", "09:02", known="09:06", detail=cool)

    assert seen(held, "09:05", *events) == ("true", NEVER)
    assert seen(held, "09:06", *events, late) == ("false", at("09:09"))


def test_what_changes_and_changes_back_at_one_instant_has_been_so_all_along() -> None:
    held = Compare("temperature", "over", 8000, held=5 * MINUTE)
    warm, cool = {"name": "temperature", "value": 9000}, {"name": "temperature", "value": 7000}
    events = (an_event("sensor", "09:00", detail=warm), an_event("sensor", "09:07", event_id="a", detail=cool))
    back = an_event("sensor", "09:07", event_id="b", detail=warm)

    assert seen(held, "09:07", *events) == ("false", NEVER)
    assert seen(held, "09:07", *events, back) == ("true", NEVER)


def test_late_for_an_hour_counts_from_the_promised_end() -> None:
    late = Is("condition", ("late",), held=HOUR)

    assert seen(late, "15:00") == ("false", at("16:00"))
    assert seen(late, "16:30") == ("false", at("17:00"))
    assert seen(late, "17:00") == ("true", NEVER)


def test_no_scan_counts_from_the_last_scan_or_else_from_when_the_order_was_known() -> None:
    quiet = Absent(SCAN, 2 * HOUR)

    assert seen(quiet, "09:00") == ("false", at("10:00"))
    assert seen(quiet, "11:39", an_event("scan", "09:40")) == ("false", at("11:40"))
    assert seen(quiet, "11:40", an_event("scan", "09:40")) == ("true", NEVER)


def test_no_scan_since_is_false_until_the_first_of_what_it_counts_from() -> None:
    quiet = Absent(SCAN, 2 * HOUR, since=OUT)

    assert seen(quiet, "20:00", an_event("scan", "08:30")) == ("false", NEVER)
    assert seen(quiet, "10:59", an_event("scan", "08:30"), an_event("out_for_delivery", "09:00")) == ("false", at("11:00"))


def test_a_withdrawn_scan_is_no_scan() -> None:
    scan = an_event("scan", "09:40", place="HEL1")
    wrong = an_event("correction", "10:00", detail={"event_id": scan.event_id, "reason": "did_not_occur"})

    assert seen(Absent(SCAN, 2 * HOUR), "10:00", scan, wrong) == ("true", NEVER)
    assert seen(Absent(EventPattern("scan", place="HEL1"), 2 * HOUR), "10:00", scan, wrong) == ("true", NEVER)


@pytest.mark.parametrize(
    ("pattern", "truth"),
    [
        pytest.param(EventPattern("arrived", place="HEL1"), "false", id="at a place"),
        pytest.param(EventPattern("arrived", place="hub"), "false", id="at its own hub"),
        pytest.param(EventPattern("arrived", place="TMP2"), "true", id="at another"),
        pytest.param(EventPattern("arrived"), "true", id="without a place it is the delivery's own stop"),
        pytest.param(EventPattern("attempt_failed", reason="consignee_*"), "true", id="with no such reason"),
        pytest.param(EventPattern("arrived", place="hub", by=Party.DRIVER), "true", id="by nobody known"),
        pytest.param(EventPattern("arrived", place="hub", source="acme"), "false", id="from a source"),
        pytest.param(EventPattern("arrived", place="hub", source="zipvan"), "true", id="from another"),
    ],
)
def test_qualifiers_narrow_what_counts(pattern: EventPattern, truth: str) -> None:
    assert seen(Absent(pattern, HOUR), "09:30", an_event("arrived", "09:00", place="HEL1"))[0] == truth


def test_no_scan_at_a_hub_that_is_not_known_is_unknown() -> None:
    assert seen(Absent(EventPattern("scan", place="hub"), HOUR), "12:00", hub=None) == ("unknown", NEVER)
    assert seen(AbsentBefore(EventPattern("scan", place="hub"), END), "17:00", hub=None) == ("unknown", NEVER)


def test_a_repeat_of_the_same_status_is_no_entry() -> None:
    events = (an_event("at_hub", "09:00"), an_event("at_hub", "10:00", source="other"))

    assert seen(Absent(EventPattern("at_hub"), HOUR), "10:00", *events) == ("true", NEVER)
    assert seen(Absent(EventPattern("at_hub", source="other"), HOUR), "10:00", *events) == ("true", NEVER)


def test_not_before_a_time_is_true_from_then_on_if_nothing_came_before() -> None:
    by_end = AbsentBefore(EventPattern("arrived"), END)

    assert seen(by_end, "15:00") == ("false", at("16:00"))
    assert seen(by_end, "16:00", an_event("arrived", "16:00")) == ("true", NEVER)
    assert seen(by_end, "16:00", an_event("arrived", "15:59")) == ("false", NEVER)
    assert seen(AbsentBefore(SCAN, ETA), "16:00") == ("unknown", NEVER)


def test_at_the_same_stop_runs_from_arrived_to_departed() -> None:
    dwell = Staying(State.AT_SAME_STOP, 15 * MINUTE)
    arrived, departed = an_event("arrived", "14:00"), an_event("departed", "14:20")

    assert seen(dwell, "14:14", arrived) == ("false", at("14:15"))
    assert seen(dwell, "14:15", arrived) == ("true", NEVER)
    assert seen(dwell, "14:20", arrived, departed) == ("false", NEVER)


def test_at_the_same_hub_restarts_when_the_hub_changes() -> None:
    dwell = Staying(State.AT_SAME_HUB, HOUR)
    one, two = an_event("at_hub", "09:00", place="HEL1"), an_event("at_hub", "09:30", place="TMP2")

    assert seen(dwell, "10:00", one) == ("true", NEVER)
    assert seen(dwell, "10:00", one, two) == ("false", at("10:30"))


def test_later_by_is_inclusive_and_plain_later_is_not() -> None:
    eta = an_event("eta", "12:00", eta=at("16:20"))
    on_time = an_event("eta", "12:00", eta=at("16:00"))

    assert seen(Later(ETA, END, by=20 * MINUTE), "12:00", eta) == ("true", NEVER)
    assert seen(Later(ETA, END), "12:00", on_time) == ("false", NEVER)
    assert seen(Later(ETA, END, earlier=True), "12:00", on_time) == ("false", NEVER)
    assert seen(Later(END, ETA, by=20 * MINUTE, earlier=True), "12:00", eta) == ("true", NEVER)
    assert seen(Later(ETA, END), "12:00") == ("unknown", NEVER)


def test_around_a_time() -> None:
    within = Around(END, 30 * MINUTE, "within_before")

    assert seen(within, "15:29") == ("false", at("15:30"))
    assert seen(within, "15:30") == ("true", at("16:00"))
    assert seen(within, "16:00") == ("false", NEVER)
    assert seen(Around(END, 30 * MINUTE, "before"), "16:00") == ("true", NEVER)
    assert seen(Around(END, 30 * MINUTE, "after"), "16:00") == ("false", at("16:30"))
    assert seen(Around(TimeRef("last", "scan"), HOUR, "after"), "16:00") == ("unknown", NEVER)


def test_a_milestone_is_overdue_until_it_or_a_later_one_is_recorded() -> None:
    plan = (PlannedMilestone(Status.AT_HUB, at("10:00")),)
    overdue = Overdue(Status.AT_HUB, by=HOUR)

    assert seen(overdue, "10:59", plan=plan) == ("false", at("11:00"))
    assert seen(overdue, "11:00", plan=plan) == ("true", NEVER)
    assert seen(overdue, "11:00", an_event("out_for_delivery", "10:30"), plan=plan) == ("false", NEVER)
    assert seen(overdue, "11:00") == ("unknown", NEVER)


def test_daytime_includes_its_start_and_not_its_end_and_may_cross_midnight() -> None:
    day, night = Daytime(8 * HOUR, 20 * HOUR), Daytime(20 * HOUR, 8 * HOUR)

    assert seen(day, "08:00") == ("true", at("20:00"))
    assert seen(day, "20:00") == ("false", at("1d 08:00"))
    assert seen(night, "20:00") == ("true", at("1d 08:00"))
    assert seen(night, "03:00") == ("true", at("08:00"))
    assert seen(Daytime(8 * HOUR, 8 * HOUR), "08:00") == ("false", NEVER)


def test_weekdays_end_at_local_midnight() -> None:
    assert seen(Weekdays((0, 1, 2, 3, 4)), "12:00") == ("true", at("5d 00:00"))
    assert seen(Weekdays((5, 6)), "12:00") == ("false", at("5d 00:00"))
    assert seen(Weekdays(tuple(range(7))), "12:00") == ("true", NEVER)


def test_clock_times_are_those_of_the_recipient_the_hub_or_utc() -> None:
    morning = Daytime(8 * HOUR, 9 * HOUR)
    hubs = Directory(hubs={"HEL1": Hub(timezone="Europe/London")})

    assert seen(morning, "08:30")[0] == "true"
    assert seen(morning, "10:30", frame=Frame(Clock.DEPOT, hubs))[0] == "true"
    assert seen(morning, "10:30", frame=Frame(Clock.UTC))[0] == "true"
    assert seen(morning, "10:30", frame=Frame(Clock.DEPOT)) == ("unknown", NEVER)
    assert seen(morning, "10:30", destination=Destination("Mars/Olympus")) == ("unknown", NEVER)


def test_received_is_true_only_in_the_batch_that_brings_it() -> None:
    scan = an_event("scan", "09:00", known="09:05")
    scene = Scene(a_delivery(scan), (scan,), at("09:05"))
    step = step_of(Received(SCAN), Frame())

    assert step(scene, at("09:05")) == (Truth.TRUE, at("09:05") + 1)
    assert step(scene, at("09:05") + 1) == (Truth.FALSE, NEVER)
    assert step(scene.received_since(at("09:01")), at("09:05")) == (Truth.FALSE, NEVER)


def test_a_group_is_false_until_the_last_of_its_false_children_may_change() -> None:
    both = All((Absent(SCAN, HOUR), Daytime(8 * HOUR + MINUTE, 20 * HOUR)))

    assert seen(both, "08:00") == ("false", at("09:00"))
    assert seen(AnyOf((Around(END, 0, "before"), Daytime(0, 9 * HOUR))), "08:00") == ("true", at("09:00"))


def test_a_promise_without_a_start_has_an_unknown_start() -> None:
    before = Around(TimeRef("fact", "promised start"), HOUR, "before")

    assert seen(before, "15:00", promised=Window(None, at("16:00"))) == ("unknown", NEVER)


def test_a_doubled_hour_is_its_first_and_a_missing_one_is_where_clocks_jump() -> None:
    local = clock.zone("Europe/Helsinki")
    assert local is not None
    back, forward = 20_751, 20_541  # days since 1970: 2026-10-25 and 2026-03-29

    assert clock.edge(local, back, 3 * HOUR + 30 * MINUTE) == 1_792_888_200_000  # 00:30Z, and not 01:30Z
    assert clock.edge(local, forward, 3 * HOUR + 30 * MINUTE) == 1_774_746_000_000  # 01:00Z
    assert clock.edge(local, forward, 4 * HOUR) == 1_774_746_000_000
