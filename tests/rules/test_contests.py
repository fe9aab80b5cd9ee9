"""Rules that hold one another back, and stages of one incident."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from domain.event import Event
from domain.incident import Resolution, Severity
from domain.instant import HOUR
from domain.reasons import Reason
from rules.book import Rulebook
from rules.compile import CompiledBook, compile_book
from rules.machine import Phase
from rules.reader import read_book
from rules.simulate import Decided, Line, Moment, Reported, all_succeed, simulate
from rules.why import forecast, why
from tests.builders import an_event, an_order, at
from tests.rules.readers import run

RIVALS = """
- {id: quiet, when: no scan for 1h, decision: where, priority: 60, do: [{reroute: {}}]}
- {id: stopped, when: stopped for 20m, decision: where, do: [{reroute: {}}], on_resolve: {superseded: [{notify: {who: driver, template: need-help}}]}}
"""
STOP, SCAN = an_event("stopped", "08:10"), an_event("scan", "10:00")


def a_book(rules: str) -> CompiledBook:
    reading = read_book(f"rulebook: b\nrules:\n{rules.strip()}\n", "b.yaml")
    assert isinstance(reading.book, Rulebook), [problem.render() for problem in reading.problems]
    return compile_book(reading.book, "reference")


def played(book: CompiledBook, lines: Iterable[Event | Line], until: str) -> dict[str, Moment]:
    """The moments at which something opened, was resolved or begun, by their local clock time."""
    told = [Reported(line.recorded_at, line) if isinstance(line, Event) else line for line in lines]
    moments = simulate(book, an_order(), at("08:00"), told, at(until), all_succeed)
    return {_clock(moment.at): moment for moment in moments}


def _clock(instant: int) -> str:
    minutes = (instant - at("00:00")) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def test_the_higher_of_a_decision_supersedes_an_open_lower_one() -> None:
    moments = played(a_book(RIVALS), [STOP], "09:30")

    assert moments["08:30"].open == ("stopped",)
    assert moments["09:00"].open == ("quiet",)
    assert moments["09:00"].resolved == {"stopped": Resolution.SUPERSEDED}
    assert moments["09:00"].started == ("notify.driver", "reroute")
    assert moments["09:00"].watch.cells["stopped"].phase is Phase.PENDING


def test_a_loser_opens_when_the_winner_resolves_if_it_is_still_true() -> None:
    moments = played(a_book(RIVALS), [an_event("stopped", "08:50"), SCAN], "10:30")

    assert moments["09:00"].open == ("quiet",)
    assert "09:10" not in moments
    assert moments["10:00"].open == ("stopped",)
    assert moments["10:00"].resolved == {"quiet": Resolution.CURED}


def test_what_becomes_true_by_time_alone_after_the_winner_resolved_opens_on_time() -> None:
    lines = [an_event("stopped", "09:50"), SCAN]

    moments = played(a_book(RIVALS), lines, "10:30")

    assert moments["09:50"].open == ("quiet",)
    assert moments["10:10"].opened == ("stopped",)


@pytest.mark.parametrize(
    ("end", "opens"),
    [pytest.param(SCAN, "10:00", id="cured"), pytest.param(Decided(at("09:45"), "resolve", "quiet"), "09:45", id="by hand")],
)
def test_a_loser_whose_hold_or_cooldown_ended_meanwhile_opens_when_the_winner_resolves_not_in_hindsight(
    end: Event | Decided, opens: str
) -> None:
    book = a_book(RIVALS.replace("id: stopped,", "id: stopped, cooldown: 10m, hold: 5m,"))

    moments = played(book, [STOP, end], "10:30")

    assert moments["09:00"].resolved == {"stopped": Resolution.SUPERSEDED}
    assert moments[opens].opened == ("stopped",)
    assert moments[opens].watch.cells["stopped"].opened_at == at(opens)


def test_a_loser_that_is_no_longer_true_never_opens() -> None:
    moments = played(a_book(RIVALS), [an_event("stopped", "08:50"), an_event("moving", "09:30"), SCAN], "10:59")

    assert moments["10:00"].open == ()
    assert all("stopped" not in moment.opened for moment in moments.values())


def test_a_loser_opens_when_a_person_resolves_the_winner() -> None:
    moments = played(a_book(RIVALS), [an_event("stopped", "08:50"), Decided(at("09:45"), "resolve", "quiet")], "10:30")

    assert moments["09:45"].open == ("stopped",)


def test_of_two_that_would_open_at_once_only_the_higher_does() -> None:
    moments = played(a_book(RIVALS), [an_event("stopped", "08:40")], "10:30")

    assert moments["09:00"].opened == ("quiet",)
    assert moments["09:00"].resolved == {}
    assert moments["09:00"].watch.cells["stopped"].episode == 0


def test_a_suppressor_ends_and_holds_back_what_it_suppresses_whatever_its_priority() -> None:
    book = a_book("""
- {id: stopped, when: stopped for 20m, suppressed_by: snow, priority: 90}
- {id: snow, when: last reason is weather, clears_when: scan received, priority: 10}
""")
    snow = an_event("attempt_failed", "08:40", reason=Reason.WEATHER)

    moments = played(book, [STOP, snow, SCAN], "10:30")

    assert moments["08:40"].open == ("snow",)
    assert moments["08:40"].resolved == {"stopped": Resolution.SUPERSEDED}
    assert moments["10:00"].open == ("stopped",)


def test_a_suppressor_of_lower_priority_that_opens_at_the_same_instant_leaves_no_incident_behind() -> None:
    book = a_book("""
- {id: stopped, when: stopped for 20m, suppressed_by: snow, priority: 90, do: [{reroute: {}}]}
- {id: snow, when: no scan for 30m, priority: 10}
""")

    moments = played(book, [STOP], "10:30")

    assert moments["08:30"].opened == ("snow",)
    assert moments["08:30"].started == ()


def test_a_shadow_holds_back_only_other_shadows() -> None:
    book = a_book(RIVALS.replace("id: quiet,", "id: quiet, mode: shadow,"))

    moments = played(book, [STOP], "09:30")

    assert moments["09:00"].open == ("stopped",)


def test_a_cooldown_counts_for_an_incident_that_was_superseded() -> None:
    book = a_book(RIVALS.replace("id: stopped,", "id: stopped, cooldown: 2h,"))

    moments = played(book, [STOP, SCAN], "12:30")

    assert moments["10:00"].open == ()
    assert moments["11:00"].open == ("quiet",)


def test_why_names_what_holds_a_rule_back_and_the_forecast_knows_it() -> None:
    book = a_book(RIVALS)
    watch = played(book, [STOP], "08:45")["08:30"].watch

    told = why(book, watch.delivery, watch.cells, at("09:10"), "stopped")[0]

    assert told["held_back_by"] == ["quiet"]
    assert "held back by the open incident of quiet" in told["near_miss"]
    assert forecast(book, watch.delivery, watch.cells, at("08:30"), at("08:45"), at("12:00")) == [(at("09:00"), "quiet")]


LATE = """
- id: late
  stages:
    - {when: eta later than promised end by 10m, severity: medium, do: [{notify: {who: customer, template: running-late}}]}
    - {when: eta later than promised end by 30m, severity: high, do: [{reroute: {}}]}
  on_resolve: [{notify: {who: customer, template: back-on-track}}]
"""


def eta(happened: str, arrives: str) -> Event:
    return an_event("eta", happened, eta=at(arrives))


def test_each_stage_acts_once_and_severity_never_falls() -> None:
    lines = [eta("10:00", "16:10"), eta("11:00", "16:35"), eta("12:00", "16:12"), eta("13:00", "16:40"), eta("14:00", "15:00")]

    moments = played(a_book(LATE), lines, "15:00")

    severities = [moments[clock].severities.get("late") for clock in ("10:00", "11:00", "12:00", "13:00")]
    assert severities == [Severity.MEDIUM, Severity.HIGH, Severity.HIGH, Severity.HIGH]
    done = [moments[clock].started for clock in ("10:00", "11:00", "12:00", "13:00", "14:00")]
    assert done == [("notify.customer",), ("reroute",), (), (), ("notify.customer",)]


def test_an_incident_that_opens_in_both_stages_does_both_and_a_new_episode_does_them_again() -> None:
    lines = [eta("10:00", "16:40"), eta("11:00", "15:00"), eta("12:00", "16:10"), eta("13:00", "16:30")]

    moments = played(a_book(LATE), lines, "15:00")

    assert moments["10:00"].started == ("notify.customer", "reroute")
    assert moments["10:00"].severities == {"late": Severity.HIGH}
    assert moments["12:00"].severities == {"late": Severity.MEDIUM}
    assert moments["13:00"].started == ("reroute",)
    assert set(moments["13:00"].watch.incidents[-1].acts) == {"stage.0.do.0", "stage.1.do.0"}


def test_a_stage_that_time_alone_reaches_is_a_wake_up() -> None:
    book = a_book("""
- id: quiet
  stages:
    - {when: no scan for 1h, severity: info, do: [{notify: {who: driver, template: need-help}}]}
    - {when: no scan for 2h, severity: critical, do: [{reroute: {}}]}
""")

    moments = played(book, [], "11:00")

    assert list(moments) == ["08:00", "09:00", "10:00"]
    assert moments["09:00"].open == ()
    assert moments["10:00"].started == ("reroute",)
    assert moments["10:00"].open == ("quiet",)
    assert moments["10:00"].watch.incidents_seen == 1


def test_a_hold_counts_from_the_first_stage_and_what_was_reached_meanwhile_counts() -> None:
    book = a_book(LATE.replace("- id: late", "- id: late\n  hold: 30m"))

    moments = played(book, [eta("10:00", "16:40"), eta("10:10", "16:12")], "12:00")

    assert moments["10:30"].severities == {"late": Severity.HIGH}
    assert moments["10:30"].at == at("10:00") + HOUR // 2


TESTED = """
tests:
  - name: the higher of a decision holds the lower one back
    delivery: {timezone: Europe/Helsinki}
    day: 2026-11-23
    known_at: "08:00"
    timeline: ["08:50 stopped", "10:00 scan"]
    expect:
      - {at: "09:15", open: [quiet], lost: [stopped], suppressed: []}
      - {at: "10:00", open: [stopped], lost: []}
      - {forecast_at: "08:55", says: "quiet opens at 09:00:00"}
"""


def test_a_test_file_says_which_rule_lost(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules:\n{RIVALS.strip()}\n", "utf-8")
    (tmp_path / "b.test.yaml").write_text(TESTED, "utf-8")

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report


def test_the_layers_of_a_rule_go_by_one_name_in_tests() -> None:
    book = a_book("""
- {id: quiet, when: no scan for 2h}
- {overrides: quiet, applies_to: {zone: "north-*"}, when: no scan for 1h}
""")

    moments = played(book, [], "10:30")

    assert {rule.id for rule in book.rules} != {"quiet"}
    assert moments["09:00"].opened == ("quiet",)
    assert moments["09:00"].open == ("quiet",)
