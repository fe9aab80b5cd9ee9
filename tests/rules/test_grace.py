"""How long rules go on after a delivery's final status."""

import pytest

from domain.event import Event
from rules.simulate import Moment, Reported, simulate
from tests.builders import an_event, an_order, at
from tests.rules.test_contests import a_book

END = an_event("delivered", "10:00")


def opened(rules: str, *events: Event, until: str = "16:00") -> dict[str, tuple[str, ...]]:
    """What opened when, in milliseconds as a local time."""
    moments = simulate(a_book(rules), an_order(), at("08:00"), [Reported(one.recorded_at, one) for one in events], at(until))
    return {_clock(moment): moment.opened for moment in moments if moment.opened}


def _clock(moment: Moment) -> str:
    minutes = (moment.at - at("00:00")) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def late(name: str, after: str, grace: str = "") -> str:
    keys = f", final_grace: {grace}" if grace else ""
    return f"- {{id: {name}, after_final: true{keys}, when: {after} after last delivered}}\n"


def test_a_rule_has_a_grace_of_its_own_and_the_delivery_lives_as_long_as_the_longest() -> None:
    rules = late("soon", "30m", "1h") + late("later", "90m", "1h") + late("latest", "2h", "2h") + late("never", "3h", "2h")

    assert opened(rules, END) == {"10:30": ("soon",), "12:00": ("latest",)}


def test_a_rule_without_one_has_that_of_the_book() -> None:
    assert opened(late("soon", "30m") + late("latest", "2h", "2h"), END) == {"12:00": ("latest",)}


def test_a_rule_works_at_the_instant_of_the_final_status_without_any_grace() -> None:
    assert opened("- {id: done, after_final: true, when: status is delivered}", END) == {"10:00": ("done",)}


def test_nobody_wakes_for_what_comes_too_late_to_open() -> None:
    rules = late("later", "90m", "1h") + late("latest", "2h", "2h")

    moments = simulate(a_book(rules), an_order(), at("08:00"), [Reported(END.recorded_at, END)], at("16:00"))

    assert [_clock(moment) for moment in moments] == ["08:00", "10:00", "12:00"]


def test_what_is_open_when_the_grace_ends_stays_open_for_people() -> None:
    rules = late("soon", "30m", "1h") + late("latest", "2h", "2h")

    moments = simulate(a_book(rules), an_order(), at("08:00"), [Reported(END.recorded_at, END)], at("16:00"))

    assert moments[-1].open == ("latest", "soon")


@pytest.mark.parametrize("known", ["10:40", "11:10"])
def test_a_delivery_that_comes_back_to_life_has_all_its_rules_again(known: str) -> None:
    rules = "- {id: quiet, when: no scan for 4h}\n" + late("soon", "30m", "20m") + late("latest", "2h", "2h")
    wrong = an_event("delivered", "10:00", event_id="wrong")
    taken_back = an_event("correction", known, detail={"event_id": "wrong", "reason": "did_not_occur"})

    assert opened(rules, wrong, taken_back, an_event("delivered", "11:30")) == {"13:30": ("latest",)}
    assert opened(rules, wrong, taken_back) == {"12:00": ("quiet",)}
