"""How long rules go on after a delivery's final status."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.event import Event
from domain.incident import Resolution
from domain.instant import HOUR
from rules.compile import compile_book
from rules.forecasting import to_come
from rules.grace import last_openings
from rules.simulate import Adopted, Line, Moment, Reported, simulate
from rules.watch import look
from rules.why import why
from tests.builders import an_event, an_order, at
from tests.rules.readers import run
from tests.rules.test_contests import a_book

END = an_event("delivered", "10:00")


def opened(rules: str, *events: Event, until: str = "16:00") -> dict[str, tuple[str, ...]]:
    """What opened when, in milliseconds as a local time."""
    moments = simulate(a_book(rules), an_order(), at("08:00"), [Reported(one.recorded_at, one) for one in events], at(until))
    return {_clock(moment): moment.opened for moment in moments if moment.opened}


def _clock(moment: Moment) -> str:
    minutes = (moment.at - at("00:00")) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


TICKET_AND_MORE = (
    ", do: [{open_ticket: {queue: hub-ops}}], on_resolve: {final: [{notify: {who: shift-lead, template: lost-contact}}]}"
)


def late(name: str, after: str, grace: str = "", more: str = "") -> str:
    keys = (f", final_grace: {grace}" if grace else "") + more
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


def test_what_is_open_when_the_grace_of_its_rule_ends_is_resolved_as_final() -> None:
    rules = late("soon", "30m", "1h", TICKET_AND_MORE) + late("latest", "2h", "2h", TICKET_AND_MORE)

    moments = simulate(a_book(rules), an_order(), at("08:00"), [Reported(END.recorded_at, END)], at("16:00"))

    assert [_clock(moment) for moment in moments] == ["08:00", "10:00", "10:30", "11:00", "12:00"]
    assert [moment.open for moment in moments[2:]] == [("soon",), (), ()]
    assert [moment.resolved for moment in moments[2:]] == [{}, {"soon": Resolution.FINAL}, {"latest": Resolution.FINAL}]
    assert [[deed.name for deed in moment.deeds] for moment in moments[2:]] == [
        ["open_ticket"],
        ["update_ticket", "notify.shift-lead"],
        ["open_ticket", "notify.shift-lead", "update_ticket"],
    ]


def test_what_is_due_at_the_last_instant_is_done_before_and_by_a_late_worker_too() -> None:
    ladder = ", escalate: {steps: [{after: 30m, do: [{notify: {who: shift-lead, template: lost-contact}}]}]}"
    book = a_book(late("soon", "30m", "1h", f"{TICKET_AND_MORE}{ladder}") + late("latest", "1h", "1h"))
    watch = simulate(book, an_order(), at("08:00"), [Reported(END.recorded_at, END)], at("10:31"))[-1].watch

    for looked in (
        look(watch, book, (), at("11:00")),
        look(watch, book, (), at("11:00") + 3),
        look(watch, book, (), at("13:00")),
    ):
        assert [deed.path for deed in looked.deeds] == ["escalate.0.do.0", "ticket", "on_resolve.final.0"]
        assert [incident.resolution for incident in looked.watch.incidents] == [Resolution.FINAL, Resolution.FINAL]
        assert looked.watch.incidents[1].opened_at == at("11:00")
        assert looked.watch.missed == ()
        assert looked.wake is None


def test_what_is_open_when_a_delivery_expires_ends_as_expired_when_its_grace_is_over() -> None:
    rules = "- {id: quiet, after_final: true, final_grace: 1h, when: no scan for 1h}"
    book = replace(a_book(rules).rulebook, expires_after=2 * HOUR)

    moments = simulate(compile_book(book, "reference"), an_order(), at("08:00"), [], at("23:00"))

    assert {_clock(moment): dict(moment.resolved) for moment in moments if moment.resolved} == {
        "19:00": {"quiet": Resolution.EXPIRED}
    }


def test_a_book_with_a_shorter_grace_ends_what_is_open_as_soon_as_it_is_adopted() -> None:
    book, shorter = (a_book(late("soon", "30m") + late("latest", "3h", grace)) for grace in ("4h", "1h"))
    lines: list[Line] = [Reported(END.recorded_at, END), Adopted(at("11:30"), replace(shorter.rulebook, final_grace=HOUR))]

    moments = simulate(
        compile_book(replace(book.rulebook, final_grace=4 * HOUR), "reference"), an_order(), at("08:00"), lines, at("23:00")
    )

    assert {_clock(moment): dict(moment.resolved) for moment in moments if moment.resolved} == {
        "11:30": {"soon": Resolution.FINAL}
    }


def test_a_rival_with_a_longer_grace_opens_when_the_grace_of_the_winner_ends() -> None:
    rules = late("soon", "30m", "1h", ", decision: d, priority: 60") + late("latest", "30m", "2h", ", decision: d")

    assert opened(rules, END) == {"10:30": ("soon",), "11:00": ("latest",)}


def test_why_and_forecast_know_that_the_end_comes() -> None:
    ladder = ", escalate: {steps: [{after: 45m, do: [{notify: {who: shift-lead, template: lost-contact}}]}]}"
    book = a_book(late("soon", "30m", "1h", ladder) + late("never", "3h", "2h"))
    last = simulate(book, an_order(), at("08:00"), [Reported(END.recorded_at, END)], at("10:31"))[-1]
    ends = last_openings(book, last.watch.delivery, last.watch.final_since)

    never, soon = why(book, last.watch.delivery, last.watch.cells, at("10:40"), incidents=last.watch.incidents, ends=ends)
    told = [one["says"] for one in to_come(last.watch, last.versions, at("10:40")).as_json()["to_come"]]

    assert soon["forecast"]["says"].startswith("resolves at 2026-11-23T09:00:00")
    assert soon["escalation"]["says"] == "does not escalate any further"
    assert never["forecast"] is None
    assert told == ["soon resolves at 11:00:00 (final)"]


@pytest.mark.parametrize("known", ["10:40", "11:10"])
def test_a_delivery_that_comes_back_to_life_has_all_its_rules_again(known: str) -> None:
    rules = "- {id: quiet, when: no scan for 4h}\n" + late("soon", "30m", "20m") + late("latest", "2h", "2h")
    wrong = an_event("delivered", "10:00", event_id="wrong")
    taken_back = an_event("correction", known, detail={"event_id": "wrong", "reason": "did_not_occur"})

    assert opened(rules, wrong, taken_back, an_event("delivered", "11:30")) == {"13:30": ("latest",)}
    assert opened(rules, wrong, taken_back) == {"12:00": ("quiet",)}


def test_whose_grace_is_over_counts_no_more_in_its_group(tmp_path: Path) -> None:
    book = "rulebook: b\nrules:\n- {id: ended, after_final: true, final_grace: 30m, when: status is delivered, group: {by: route, at_least: 2}}\n"
    names = "ABCDE"
    lines = [f"{name}: {clock} status delivered" for name, clock in zip(names, GROUPED, strict=True)]
    deliveries = ", ".join(f"{name}: {{route_id: R7}}" for name in names)
    (tmp_path / "b.yaml").write_text(book)
    (tmp_path / "b.test.yaml").write_text(
        f"tests:\n  - name: n\n    deliveries: {{{deliveries}}}\n    timeline: {lines}\n    expect:\n"
        '      - {at: "10:10", open: {A: ended, B: ended}}\n'
        '      - {at: "10:30", open: {B: ended}, resolved: {A: ended}}\n'
        '      - {at: "10:35", open: {B: ended, C: ended}}\n'
        '      - {at: "10:50", open: {C: ended, D: ended}}\n'
        '      - {at: "11:30", open: [], pending: {E: ended}}\n'
    )

    report = run(tmp_path)

    assert report.ok, report.summary()


GROUPED = ("10:00", "10:10", "10:35", "10:50", "11:30")
