"""What the ticket of an open incident is told: all that changed, at once, and never twice."""

from collections.abc import Iterable, Mapping

from domain.actions import Outcome
from domain.event import Event
from rules.compile import CompiledBook
from rules.deeds import Deed
from rules.simulate import Decided, Line, Moment, Reported, simulate
from tests.builders import an_event, an_order, at
from tests.rules.test_contests import a_book

LADDER = """
- id: quiet
  when: no scan for 1h
  acknowledge_expires: 30m
  do:
    - {reroute: {}, otherwise: [{open_ticket: {queue: hub-ops}}]}
  escalate:
    steps:
      - {after: 15m, do: [{notify: {who: shift-lead, template: lost-contact}}]}
      - {after: 90m, do: [{notify: {who: shift-lead, template: lost-contact}}]}
"""
STAGES = """
- id: behind
  stages:
    - {when: no scan for 1h, severity: medium, do: [{open_ticket: {queue: hub-ops}}]}
    - {when: no scan for 2h, severity: critical}
"""
WITHOUT = """
- id: quiet
  when: no scan for 1h
  do: [{notify: {who: shift-lead, template: lost-contact}}]
"""
SHADOW = "mode: shadow\n  when: no scan for 1h"


def no_route_is_better(deed: Deed) -> Outcome:
    return Outcome.NO_HELP if deed.action == "reroute" else Outcome.DONE


def played(book: CompiledBook, lines: Iterable[Event | Line], until: str) -> list[Moment]:
    told = [Reported(line.recorded_at, line) if isinstance(line, Event) else line for line in lines]
    return list(simulate(book, an_order(), at("08:00"), told, at(until), outcomes=no_route_is_better))


def told(moments: Iterable[Moment]) -> Mapping[str, object]:
    """What tickets were told, by the key of the telling."""
    deeds = [deed for moment in moments for deed in moment.deeds if deed.action == "update_ticket"]
    return {deed.request.key.rpartition("/quiet/")[2] or deed.request.key: deed.request.args["lines"] for deed in deeds}


def test_a_ticket_is_told_what_was_tried_before_it_was_opened_and_what_comes_after() -> None:
    moments = played(a_book(LADDER), [Decided(at("09:30"), "acknowledge", "quiet")], "11:00")

    assert told(moments) == {
        "1/ticket.told/1": ("reroute: could not help",),
        "1/ticket.told/2": ("Escalation step 1 is due.", "notify.shift-lead: done"),
        "1/ticket.told/3": ("Acknowledged by operator.",),
        "1/ticket.told/4": ("The acknowledgement lapsed at 2026-11-23T08:00:00Z.",),
        "1/ticket.told/5": ("Escalation step 2 is due.", "notify.shift-lead: done"),
    }


def test_the_same_person_who_acknowledges_again_is_no_news() -> None:
    again = [Decided(at(clock), "acknowledge", "quiet") for clock in ("09:20", "09:25")]

    lines = [line for told_now in told(played(a_book(LADDER), again, "09:40")).values() for line in told_now]  # type: ignore[attr-defined]

    assert lines.count("Acknowledged by operator.") == 1


def test_a_ticket_is_told_who_has_its_incident_in_hand() -> None:
    moments = played(a_book(LADDER), [Decided(at("09:10"), "claim", "quiet")], "09:11")

    assert told(moments)["1/ticket.told/2"] == ("Claimed by operator.",)


def test_a_severity_that_rises_is_told_once_and_raises_the_ticket() -> None:
    moments = played(a_book(STAGES), [], "12:00")

    updates = [deed.request.args for moment in moments for deed in moment.deeds if deed.action == "update_ticket"]
    assert updates == [{"lines": ("Severity is critical now.",), "severity": "critical"}]


def test_without_a_ticket_nothing_is_told_or_remembered() -> None:
    moments = played(a_book(WITHOUT), [], "12:00")

    assert told(moments) == {}
    assert moments[-1].watch.incidents[0].told is None


def test_what_a_shadow_would_have_done_is_told_to_nobody() -> None:
    moments = played(a_book(LADDER.replace("when: no scan for 1h", SHADOW)), [], "12:00")

    assert told(moments) == {}


def test_of_many_tellings_only_the_last_is_kept() -> None:
    incident = played(a_book(LADDER), [], "11:00")[-1].watch.incidents[0]

    assert [path for path in incident.acts if path.startswith("ticket.told")] == [f"ticket.told/{incident.tellings}"]


def test_a_resolved_incident_is_told_no_more_but_how_it_ended() -> None:
    moments = played(a_book(LADDER), [an_event("scan", "09:40")], "09:45")

    deeds = [deed for moment in moments if moment.at >= at("09:40") for deed in moment.deeds]
    assert [(deed.action, deed.request.args) for deed in deeds] == [("solve_ticket", {"note": "incident cured"})]
