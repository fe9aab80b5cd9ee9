"""The demo's rulebook: everything that takes time takes less of it, everything else is as it was."""

import inspect
import re

import pytest

from cli.demo.scale import BOOK_SPANS, CLOCK_FORMS, PART_SPANS, RULE_SPANS, SENTENCE_SPANS, clock_sentences, scaled, shorter
from domain.instant import DAY, HOUR, MINUTE, SECOND
from rules.book import Grouping, Ladder, LadderStep, Limit, QuietHours, Repeat, Rule, Rulebook, Stage, Step
from rules.directory import Carrier, Directory, Hub
from rules.reader import read_file
from rules.tree import (
    Absent,
    All,
    AnyOf,
    Compare,
    Condition,
    Counted,
    Daytime,
    EventPattern,
    Is,
    NoneOf,
    Sentence,
    State,
    Staying,
    Weekdays,
)
from settings import SHIPPED_RULES

SCAN = EventPattern("scan")


def a_book(when: Condition, **rule: object) -> Rulebook:
    return Rulebook("standard", (Rule("r", "says", when, **rule),))  # type: ignore[arg-type]


def test_two_hours_without_a_scan_become_twelve_seconds() -> None:
    book = a_book(Absent(SCAN, 2 * HOUR), hold=5 * MINUTE, stay_clear=10 * MINUTE, cooldown=HOUR)

    rule = scaled(book, 600).rules[0]

    assert rule.when == Absent(SCAN, 12 * SECOND)
    assert (rule.hold, rule.stay_clear, rule.cooldown) == (500, 1_000, 6_000)


def test_sentences_inside_groups_are_scaled_too() -> None:
    when = All((AnyOf((Staying(State.STOPPED, 20 * MINUTE),)), Is("status", ("on_hold",), held=4 * HOUR)))

    rule = scaled(a_book(when), 60).rules[0]

    assert rule.when == All((AnyOf((Staying(State.STOPPED, 20 * SECOND),)), Is("status", ("on_hold",), held=4 * MINUTE)))


def test_a_number_is_scaled_only_where_it_is_measured_in_time() -> None:
    when = All((Compare("eta slip", "over", 20 * MINUTE), Compare("attempts", "at_least", 2)))

    rule = scaled(a_book(when), 60).rules[0]

    assert rule.when == All((Compare("eta slip", "over", 20 * SECOND), Compare("attempts", "at_least", 2)))


@pytest.mark.parametrize(
    "clock", [pytest.param(Daytime(8 * HOUR, 20 * HOUR), id="hours"), pytest.param(Weekdays((0, 1)), id="days")]
)
def test_what_is_read_off_a_clock_holds_always(clock: Sentence) -> None:
    rule = scaled(a_book(Absent(SCAN, HOUR), only_when=All((clock,))), 60).rules[0]

    assert rule.only_when == All((All(()),))


def test_outside_of_hours_forbids_nothing_either() -> None:
    rule = scaled(a_book(All((Absent(SCAN, HOUR), NoneOf((Daytime(8 * HOUR, 20 * HOUR),))))), 60).rules[0]

    assert rule.when == All((Absent(SCAN, MINUTE), NoneOf((AnyOf(()),))))


def test_what_is_taken_to_hold_always_is_told() -> None:
    book = a_book(Absent(SCAN, HOUR), only_when=Daytime(8 * HOUR, 20 * HOUR, text="between 08:00 and 20:00"))

    assert clock_sentences(book) == ("r: between 08:00 and 20:00",)


def test_durations_that_actions_are_told_are_scaled_also_in_what_is_done_otherwise() -> None:
    reassign = Step("reassign", {"accept_within": 5 * MINUTE, "to": ("nearby_driver",)})
    book = a_book(Absent(SCAN, HOUR), do=(Step("reroute", {"max_added_minutes": 10}, otherwise=(reassign,)),))

    step = scaled(book, 60).rules[0].do[0]

    assert step.args == {"max_added_minutes": 10}
    assert step.otherwise[0].args == {"accept_within": 5 * SECOND, "to": ("nearby_driver",)}


def test_the_grace_and_the_cadence_of_feeds_are_scaled_and_hubs_stay() -> None:
    directory = Directory(hubs={"HEL1": Hub(cutoff=20 * HOUR)}, carriers={"acme": Carrier(cadence=2 * HOUR)})
    book = Rulebook("standard", (), final_grace=HOUR, expires_after=30 * DAY, directory=directory)

    faster = scaled(book, 600)

    assert (faster.final_grace, faster.expires_after) == (6 * SECOND, 72 * MINUTE)
    assert faster.directory == Directory(hubs=directory.hubs, carriers={"acme": Carrier(cadence=12 * SECOND)})


def test_a_span_never_vanishes() -> None:
    assert (shorter(1, 600), shorter(0, 600)) == (1, 0)


def test_a_factor_of_one_changes_nothing_but_the_clock() -> None:
    book = read_file(SHIPPED_RULES / "standard.yaml").book
    assert book is not None

    same = scaled(book, 1)

    assert same == book or clock_sentences(book)


def test_a_slower_day_is_refused() -> None:
    with pytest.raises(ValueError, match="the factor is 0; give a whole number from 1"):
        scaled(Rulebook("standard", ()), 0)


def test_every_form_of_sentence_and_every_span_of_the_rules_is_known_here() -> None:
    forms = {cls for cls in Sentence.__args__ if cls not in CLOCK_FORMS}

    assert set(SENTENCE_SPANS) == forms
    for form, names in SENTENCE_SPANS.items():
        assert spans_in(form) == set(names), form.__name__
    assert spans_in(Rule) == set(RULE_SPANS)
    for part in (LadderStep, Repeat, Limit, Grouping):
        assert spans_in(part) == set(PART_SPANS[part]), part.__name__
    assert spans_in(Rulebook) == set(BOOK_SPANS)


def spans_in(cls: type) -> set[str]:
    """The fields that are written as spans; to Python they are whole numbers like others."""
    return set(re.findall(r"^    (\w+): Span\b", inspect.getsource(cls), re.MULTILINE))


def test_ladders_limits_and_business_time_pass_faster_and_no_hour_is_quiet() -> None:
    waiting = Absent(EventPattern("scan"), HOUR, counted=Counted("weekdays"))
    ladder = Ladder((LadderStep(10 * MINUTE, (), Repeat(20 * MINUTE)),))
    quiet, limits = QuietHours(("notify",), 21 * HOUR, 8 * HOUR), (Limit("ticket", 1, HOUR),)
    rule = Rule("r", "r", waiting, stages=(Stage(waiting),), escalate=ladder, quiet_hours=quiet, limits=limits, propose_for=HOUR)

    (faster,) = scaled(Rulebook("b", (rule,)), 60).rules

    assert faster.when == faster.stages[0].when == Absent(EventPattern("scan"), MINUTE)
    assert faster.escalate == Ladder((LadderStep(10 * SECOND, (), Repeat(20 * SECOND)),))
    assert (faster.limits, faster.quiet_hours) == ((Limit("ticket", 1, MINUTE),), None)
    assert (faster.propose_for, faster.final_grace) == (MINUTE, None)
