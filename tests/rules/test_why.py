"""Why a rule stands where it stands, and what is to come."""

import json
from collections.abc import Mapping

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import DAY, HOUR, MINUTE
from domain.order import Money
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook, compile_book
from rules.evaluate import evaluate, release
from rules.evidence import in_words, shown
from rules.machine import Cell
from rules.tree import Absent, All, AnyOf, Compare, Daytime, EventPattern, Is, Later, NoneOf, TimeRef
from rules.why import forecast, why
from tests.builders import a_delivery, an_event, at

OUT = EventPattern("out_for_delivery")
MISSED_SCAN = Rule(
    "missed-scan",
    "no scan",
    All(
        (
            Is("status", ("out_for_delivery",), text="status is out_for_delivery"),
            Absent(EventPattern("scan"), 2 * HOUR, OUT, text="no scan for 2h"),
        )
    ),
    only_when=Daytime(8 * HOUR, 20 * HOUR, text="between 08:00 and 20:00"),
    hold=5 * MINUTE,
    cooldown=HOUR,
)
ATTEMPTS = Rule("attempts", "third attempt", Compare("attempts", "at_least", 3, text="attempts at least 3"))


def told(book: CompiledBook, *events: Event) -> tuple[Delivery, Mapping[str, Cell]]:
    delivery, cells, last = (
        a_delivery(),
        evaluate(book, a_delivery(), a_delivery(), {}, (), at("08:00"), at("08:00")).cells,
        at("08:00"),
    )
    for event in events:
        after = delivery.after(event)
        cells = evaluate(book, delivery, after, cells, (event,), last, event.recorded_at).cells
        delivery, last = after, event.recorded_at
    return delivery, cells


BOOK = compile_book(Rulebook("book", (MISSED_SCAN, ATTEMPTS)))


def test_each_sentence_is_shown_with_its_truth_value_and_source() -> None:
    out = an_event("out_for_delivery", "09:00")
    delivery, cells = told(BOOK, out)

    (found,) = why(BOOK, delivery, cells, at("10:54"), "missed-scan")

    assert found["phase"] == "idle"
    assert found["sentences"][0] == {
        "in": "when",
        "text": "status is out_for_delivery",
        "truth": "true",
        "wanted": True,
        "value": "out_for_delivery",
        "source": {"event_id": out.event_id, "kind": "out_for_delivery", "place": None, "at": "2026-11-23T07:00:00Z"},
        "until": None,
    }
    assert found["sentences"][2]["value"] == "Mon 10:54:00"
    assert found["near_miss"] == ['"no scan for 2h" needs 6 minutes more']
    assert found["forecast"] == {"at": "2026-11-23T09:05:00Z", "says": "opens at 2026-11-23T09:05:00Z if nothing changes"}
    json.dumps(found)


def test_of_branches_of_which_one_is_enough_the_one_that_comes_true_by_itself_is_named() -> None:
    """The unknown branch stood there as if it were the cause, beside "opens at"."""
    waits = Absent(EventPattern("scan"), 2 * HOUR, OUT, text="no scan for 2h since out_for_delivery")
    unknown = Compare("eta confidence", "at_least", 50, text="eta confidence at least 50 %")
    book = compile_book(Rulebook("book", (Rule("lost", "lost", AnyOf((unknown, waits))),)))
    delivery, cells = told(book, an_event("out_for_delivery", "09:00"))

    (found,) = why(book, delivery, cells, at("10:00"), "lost")

    assert found["near_miss"] == ['"no scan for 2h since out_for_delivery" needs 1 hour more']


def test_a_hold_that_began_since_the_last_evaluation_is_seen() -> None:
    delivery, cells = told(BOOK, an_event("out_for_delivery", "09:00"))

    (found,) = why(BOOK, delivery, cells, at("11:02"), "missed-scan")

    assert (found["phase"], found["since"]) == ("pending", "2026-11-23T09:00:00Z")
    assert found["near_miss"] == ["true, and needs to stay so for 3 minutes more"]


def test_a_number_that_falls_short_says_by_how_much() -> None:
    delivery, cells = told(BOOK, an_event("attempt_failed", "09:00"))

    (found,) = why(BOOK, delivery, cells, at("09:30"), "attempts")

    assert found["near_miss"] == ['"attempts at least 3" is 2 away']


def test_cooldown_and_disarming_are_told() -> None:
    delivery, cells = told(BOOK, an_event("out_for_delivery", "09:00"))
    opened = evaluate(BOOK, delivery, delivery, cells, (), at("09:00"), at("11:05")).cells

    (found,) = why(BOOK, delivery, release(opened, "missed-scan", at("11:30")), at("11:40"), "missed-scan")

    assert found["cooldown_until"] == "2026-11-23T10:30:00Z"
    assert found["near_miss"] == ["has to be false once before it may open again"]


def test_why_tells_of_all_rules_unless_asked_for_one() -> None:
    delivery, cells = told(BOOK)

    assert [found["rule"] for found in why(BOOK, delivery, cells, at("09:00"))] == ["attempts", "missed-scan"]


def test_every_rule_tells_what_it_does_next_not_only_the_earliest() -> None:
    rules = [Rule(f"after-{hours}h", "", Absent(EventPattern("scan"), hours * HOUR)) for hours in (1, 2, 3)]
    book = compile_book(Rulebook("b", tuple(rules)))
    delivery, cells = told(book, an_event("scan", "09:00"))

    found = why(book, delivery, cells, at("09:10"))

    assert [one["forecast"]["at"] for one in found] == ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"]


def test_a_rule_for_other_deliveries_is_shown_as_such() -> None:
    book = compile_book(Rulebook("b", (Rule("south", "", NoneOf((Is("zone", ("x",)),)), applies_to={"zone": ("south",)}),)))

    (found,) = why(book, a_delivery(), {}, at("09:00"))

    assert (found["applies"], found["phase"], found["truth"]) == (False, "idle", "true")
    assert "the rule is for" in found["left_out"]
    assert found["sentences"][0]["wanted"] is False


def test_a_forecast_names_all_openings_to_come() -> None:
    office = Rule("office", "", Daytime(9 * HOUR, 17 * HOUR))
    book = compile_book(Rulebook("b", (office, MISSED_SCAN)))
    delivery, cells = told(book, an_event("out_for_delivery", "08:30"))

    found = forecast(book, delivery, cells, at("08:30"), at("08:45"), at("2d 10:00"))

    assert found == [
        (at("09:00"), "office"),
        (at("10:35"), "missed-scan"),
        (at("1d 09:00"), "office"),
        (at("2d 09:00"), "office"),
    ]


def test_values_are_shown_in_their_units() -> None:
    assert shown("temperature", 8500) == "8.5 C"
    assert shown("temperature", -500) == "-0.5 C"
    assert shown("cod", Money(4005, "EUR").cents) == "40.05"
    assert shown("attempts", 2) == 2
    assert shown("eta slip", -90_000) == "-1 minute 30 seconds"
    assert shown("eta", at("16:00")) == "2026-11-23T14:00:00Z"
    assert shown("tags", ("fragile",)) == ["fragile"]
    assert shown("proof present", False) is False
    assert in_words(DAY + 2 * HOUR + 1) == "1 day 2 hours 1 second"


def test_a_sentence_built_by_a_tool_is_shown_by_its_form() -> None:
    late = Rule("late", "", Later(TimeRef("fact", "eta"), TimeRef("fact", "promised end"), by=MINUTE))
    book = compile_book(Rulebook("b", (late,)))

    (found,) = why(book, a_delivery(), {}, at("09:00"))

    assert found["sentences"][0]["text"].startswith("later(first=")
    assert found["sentences"][0]["value"] == [None, "2026-11-23T14:00:00Z"]
    assert found["truth"] == "unknown"
