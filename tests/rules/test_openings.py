"""`opened RULE`: the opening of an incident is an event for other rules, also for those that it makes open in the same instant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.incident import Resolution
from domain.status import Kind
from rules.simulate import Reported
from rules.why import forecast
from tests.builders import an_event, an_order, at
from tests.rules.readers import read_event, run
from tests.rules.test_contests import a_book, played

CHAIN = """
- {id: quiet, when: no scan for 1h, do: [{reroute: {}}]}
- {id: alarm, when: opened quiet received, clears_when: scan received, do: [{open_ticket: {queue: hub-ops}}]}
- {id: forgotten, when: opened quiet not followed by scan within 30m, severity: high}
- {id: often, when: opened quiet at least 2 times in 4h}
"""


def test_a_rule_opens_in_the_instant_in_which_the_rule_that_it_speaks_of_opens() -> None:
    moments = played(a_book(CHAIN), [an_event("scan", "10:00")], "11:30")

    assert moments["09:00"].opened == ("quiet", "alarm")
    assert moments["09:00"].started == ("reroute", "open_ticket")
    assert moments["09:30"].opened == ("forgotten",)
    assert moments["10:00"].open == ()
    assert sorted(moments["11:00"].opened) == ["alarm", "often", "quiet"]


def test_the_opening_of_a_shadow_is_no_event_for_others() -> None:
    book = a_book(CHAIN.replace("{id: quiet,", "{id: quiet, mode: shadow,"))

    moments = played(book, [], "11:30")

    assert all(not moment.opened for moment in moments.values())


def test_a_book_that_speaks_of_no_opening_keeps_none_among_its_events() -> None:
    book = a_book("- {id: quiet, when: no scan for 1h}")

    moments = played(book, [], "11:30")

    assert moments["09:00"].opened == ("quiet",)
    assert moments["09:00"].delivery.events == ()


def test_a_forecast_foresees_what_opens_on_the_opening_of_another_rule() -> None:
    book = a_book(CHAIN)
    watch = played(book, [an_event("scan", "08:10")], "08:30")["08:10"].watch

    foreseen = forecast(book, watch.delivery, watch.cells, watch.looked_at, at("08:30"), at("10:00"))

    assert set(foreseen) == {(at("09:10"), "quiet"), (at("09:10"), "alarm"), (at("09:40"), "forgotten")}


def test_rules_that_open_on_one_another_for_ever_come_to_rest() -> None:
    book = a_book("""
- {id: ping, when: {any: [opened pong received, scan received]}, clears_when: opened pong received}
- {id: pong, when: opened ping received, clears_when: opened ping received}
""")

    moments = played(book, [an_event("scan", "09:00")], "10:00")

    assert len(moments["09:00"].delivery.events) < 10


def test_nobody_reports_an_opening_from_outside() -> None:
    sent = {"event_id": "x", "kind": "opened", "occurred_at": "2026-11-23T09:00:00+02:00", "source": "acme"}

    with pytest.raises(ValidationError, match="Input should be 'scan', 'status'"):
        read_event(sent, at("09:00"))


def test_a_test_file_plays_it_out(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules:\n{CHAIN}")
    (tmp_path / "b.test.yaml").write_text("""
tests:
  - name: nobody scans after the alarm
    known_at: "08:00"
    timeline: ["09:40 scan"]
    expect:
      - {until: "08:59:59", open: []}
      - {at: "09:00", open: [quiet, alarm], did: [reroute, open_ticket]}
      - {at: "09:30", open: [quiet, alarm, forgotten]}
      - {at: "09:40", open: []}
      - {forecast_at: "08:10", says: [quiet opens at 09:00, alarm opens at 09:00, forgotten opens at 09:30]}
""")

    report = run(tmp_path)

    assert report.ok, report.summary()


def test_openings_are_kept_as_events_of_their_own_kind() -> None:
    delivery = played(a_book(CHAIN), [], "09:10")["09:00"].delivery

    assert [event.kind for event in delivery.events] == [Kind.OPENED]
    assert delivery.facts.last("opened quiet") == at("09:00")
    assert delivery.order == an_order()


def test_what_late_news_takes_back_was_no_opening_either_and_what_rested_on_it_is_retracted() -> None:
    late = Reported(at("09:50"), an_event("scan", "08:30", "09:50"))

    moments = played(a_book(CHAIN), [late], "10:30")

    assert moments["09:30"].open == ("alarm", "forgotten", "quiet")
    assert moments["09:50"].retracted == ("quiet", "forgotten")
    assert moments["09:50"].open == ("alarm", "quiet")
    assert moments["09:50"].delivery.facts.happened["opened quiet"] == (at("09:50"),)
    assert moments["10:20"].opened == ("forgotten",)


def test_a_retracted_incident_does_what_its_rule_says_of_that_and_nothing_else() -> None:
    rule = """
- {id: quiet, when: no scan for 1h, do: [{open_ticket: {queue: hub-ops}}],
   on_resolve: {retracted: [{notify: {who: shift-lead, template: t}}], cured: [{reroute: {}}]}}
"""
    late = Reported(at("09:20"), an_event("scan", "08:30", "09:20"))

    moments = played(a_book(rule), [late], "09:25")

    assert moments["09:20"].resolved == {"quiet": Resolution.RETRACTED}
    assert moments["09:20"].started == ("notify.shift-lead",)
