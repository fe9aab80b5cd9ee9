"""Forms 6 and 7 and groups `at least N of`: counts over a window, one event after another, what came in the wrong order."""

from typing import Any

import pytest

from domain.event import Event
from domain.instant import HOUR, MINUTE, NEVER, Instant
from domain.status import Status
from rules.readings import Frame
from rules.scene import Scene
from rules.steps import step_of
from rules.tree import AtLeast, Compare, Condition, Count, Daytime, EventPattern, Is, Sequence, Skipped, WrongOrder
from tests.builders import a_delivery, an_event, at

SCAN = EventPattern("scan")
AT_HUB = EventPattern("scan", place="hub")
ASKED, REPLY = EventPattern("asked"), EventPattern("customer_reply")


def seen(node: Condition, clock_time: str, *events: Event, **order: Any) -> tuple[str, Instant]:
    """A sentence's truth at a local time, and until when it holds."""
    truth, until = step_of(node, Frame())(Scene(a_delivery(*events, **order)), at(clock_time))
    return truth.name.lower(), until


def test_a_count_forgets_an_event_exactly_d_after_it_happened() -> None:
    twice = Count(SCAN, 2, 2 * HOUR)
    scans = (an_event("scan", "09:00"), an_event("scan", "10:00"))

    assert seen(twice, "09:30", scans[0]) == ("false", NEVER)
    assert seen(twice, "10:00", *scans) == ("true", at("11:00"))
    assert seen(twice, "10:59:59", *scans) == ("true", at("11:00"))
    assert seen(twice, "11:00", *scans) == ("false", NEVER)


def test_a_count_holds_until_the_one_that_makes_it_is_forgotten() -> None:
    scans = [an_event("scan", clock_time) for clock_time in ("09:00", "09:10", "09:20")]

    assert seen(Count(SCAN, 2, HOUR), "09:30", *scans) == ("true", at("10:10"))
    assert seen(Count(SCAN, 2), "23:00", *scans) == ("true", NEVER)


def test_a_count_at_the_own_hub_is_unknown_where_the_hub_is() -> None:
    assert seen(Count(AT_HUB, 1, HOUR), "09:30", an_event("scan", "09:00", place="HEL1"), hub=None) == ("unknown", NEVER)
    assert seen(Count(AT_HUB, 1, HOUR), "09:30", an_event("scan", "09:00", place="HEL1")) == ("true", at("10:00"))


def test_a_count_of_more_than_a_hundred_looks_at_the_events_themselves() -> None:
    scans = [an_event("scan", f"09:{minute:02}:{second:02}") for minute in range(3) for second in range(50)]

    assert seen(Count(SCAN, 150, HOUR), "09:30", *scans)[0] == "true"
    assert seen(Count(SCAN, 151, HOUR), "09:30", *scans)[0] == "false"


def test_not_followed_is_true_at_exactly_d_after_the_last_first() -> None:
    unanswered = Sequence(ASKED, REPLY, 2 * HOUR, negated=True)
    asked = an_event("asked", "09:00")

    assert seen(unanswered, "08:30") == ("false", NEVER)
    assert seen(unanswered, "10:59:59", asked) == ("false", at("11:00"))
    assert seen(unanswered, "11:00", asked) == ("true", NEVER)
    assert seen(unanswered, "11:00", asked, an_event("asked", "10:00")) == ("false", at("12:00"))


@pytest.mark.parametrize(
    ("replied", "truth"), [pytest.param("11:00", "true", id="exactly D after"), pytest.param("11:00:01", "false", id="later")]
)
def test_then_counts_what_came_at_exactly_d(replied: str, truth: str) -> None:
    events = (an_event("asked", "09:00"), an_event("customer_reply", replied))

    assert seen(Sequence(ASKED, REPLY, 2 * HOUR), "12:00", *events) == (truth, NEVER)
    assert seen(Sequence(ASKED, REPLY, 2 * HOUR, negated=True), "12:00", *events) == ("false", NEVER)


def test_an_event_does_not_follow_itself() -> None:
    assert seen(Sequence(SCAN, SCAN, HOUR), "09:30", an_event("scan", "09:00")) == ("false", NEVER)
    assert seen(Sequence(SCAN, SCAN, HOUR, negated=True), "10:00", an_event("scan", "09:00")) == ("true", NEVER)


def test_the_wrong_order_is_told_once_both_have_happened() -> None:
    early = WrongOrder(EventPattern("out_for_delivery"), EventPattern("at_hub"))
    out, hub = an_event("out_for_delivery", "09:00"), an_event("at_hub", "10:00")

    assert seen(early, "09:30", out) == ("false", NEVER)
    assert seen(early, "10:30", out, hub) == ("true", NEVER)
    assert seen(early, "10:30", an_event("at_hub", "08:30"), out) == ("false", NEVER)


def test_a_milestone_is_skipped_once_a_later_one_was_recorded_and_it_was_not() -> None:
    skipped = Skipped(Status.AT_HUB)

    assert seen(skipped, "09:00", an_event("in_transit", "08:30")) == ("false", NEVER)
    assert seen(skipped, "09:00", an_event("out_for_delivery", "08:30")) == ("true", NEVER)
    assert seen(skipped, "09:30", an_event("out_for_delivery", "08:30"), an_event("at_hub", "09:10")) == ("false", NEVER)


def test_at_least_two_of_three_is_decided_as_soon_as_enough_are_known() -> None:
    yes, no, unknown = Is("zone", ("north-2",)), Is("zone", ("south",)), Compare("temperature", "over", 8000)
    morning, noon = Daytime(8 * HOUR, 12 * HOUR), Daytime(8 * HOUR, 13 * HOUR)

    assert seen(AtLeast(2, (yes, unknown, no)), "09:00") == ("unknown", NEVER)
    assert seen(AtLeast(2, (yes, yes, unknown)), "09:00") == ("true", NEVER)
    assert seen(AtLeast(2, (no, no, unknown)), "09:00") == ("false", NEVER)
    assert seen(AtLeast(2, (morning, noon, yes)), "09:00") == ("true", at("13:00"))
    assert seen(AtLeast(2, (morning, noon, no)), "09:00") == ("true", at("12:00"))
    assert seen(AtLeast(3, (morning, noon, yes)), "07:00:00") == ("false", at("08:00"))


def test_a_new_first_makes_then_false_again() -> None:
    quick = Sequence(ASKED, REPLY, 5 * MINUTE)
    events = (an_event("asked", "09:00"), an_event("customer_reply", "09:04"))

    assert seen(quick, "09:10", *events) == ("true", NEVER)
    assert seen(quick, "09:20", *events, an_event("asked", "09:15")) == ("false", NEVER)
