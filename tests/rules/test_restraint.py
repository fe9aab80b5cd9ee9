"""What keeps actions back: quiet hours put them off, limits withhold them."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from domain.actions import Outcome
from domain.event import Event
from domain.instant import Instant, iso
from domain.order import Destination, Window
from rules.compile import CompiledBook
from rules.outcomes import Came, Script
from rules.simulate import Decided, Line, Moment, Reported, simulate
from rules.ticket_news import TELLING
from rules.why import why
from tests.builders import an_event, an_order, at
from tests.rules.readers import run
from tests.rules.test_contests import a_book

TELL = "{notify: {who: customer, template: running-late}}"
NIGHT = f"""
- id: quiet
  when: no scan for 1h
  quiet_hours: {{for: [notify.customer], window: "21:00-08:00"}}
  do: [{TELL}, {{open_ticket: {{queue: q}}}}]
  on_resolve: [{{notify: {{who: customer, template: back-on-track}}}}]
"""


CLEARING = f"""
- id: quiet
  when: WHEN
  stay_clear: 1h
  quiet_hours: {{for: [notify.customer], window: "21:00-08:00"}}
  do: [{TELL}]
"""


def played(
    book: CompiledBook, known: str, lines: Iterable[Event | Line], until: str, zone: str = "Europe/Helsinki", **came: str
) -> list[Moment]:
    told = [Reported(line.recorded_at, line) if isinstance(line, Event) else line for line in lines]
    order = an_order(promised=Window(None, at("3d 16:00")), destination=Destination(zone))
    script = Script({action: Came((Outcome(outcome),)) for action, outcome in came.items()})
    return list(simulate(book, order, at(known), told, at(until), script))


def started(moments: list[Moment]) -> dict[Instant, tuple[str, ...]]:
    return {moment.at: moment.started for moment in moments if moment.started}


def acts(moments: list[Moment]) -> dict[str, str]:
    return {
        path: act.outcome.value
        for incident in moments[-1].watch.incidents
        for path, act in incident.acts.items()
        if not path.startswith(TELLING)
    }


def test_a_message_in_quiet_hours_waits_for_their_end_and_the_rest_of_the_list_does_not() -> None:
    moments = played(a_book(NIGHT), "21:30", [], "1d 12:00")

    assert started(moments) == {at("22:30"): ("open_ticket",), at("1d 08:00"): ("notify.customer",)}
    assert [moment.at for moment in moments] == [at("21:30"), at("22:30"), at("1d 08:00")]
    assert moments[1].deferred == (("quiet", "notify.customer"),)
    assert moments[2].deferred == ()


def test_before_and_after_quiet_hours_nothing_waits() -> None:
    assert started(played(a_book(NIGHT), "19:59:59", [], "21:00")) == {at("20:59:59"): ("notify.customer", "open_ticket")}
    assert started(played(a_book(NIGHT), "1d 07:00", [], "1d 08:00")) == {at("1d 08:00"): ("notify.customer", "open_ticket")}


def test_what_is_no_longer_true_at_the_end_of_quiet_hours_is_not_sent() -> None:
    moments = played(a_book(NIGHT), "21:30", [an_event("scan", "1d 07:30")], "1d 08:20")

    assert acts(moments) == {
        "do.0": "dropped",
        "do.1": "done",
        "on_resolve.cured.0": "dropped",
        "ticket": "done",
    }


def test_good_news_is_not_told_to_somebody_who_never_heard_the_bad() -> None:
    book = a_book(NIGHT.replace("  do:", "  stay_clear: 40m\n  do:"))

    moments = played(book, "21:30", [an_event("scan", "1d 07:30")], "1d 08:20")

    good = moments[-1].watch.incidents[0].acts["on_resolve.cured.0"]
    assert (good.outcome, good.note) == (Outcome.DROPPED, "nobody was told of what it takes back")


def test_while_the_incident_is_clearing_the_message_goes_on_waiting() -> None:
    book = a_book(NIGHT.replace("  do:", "  stay_clear: 40m\n  do:"))

    moments = played(book, "21:30", [an_event("scan", "1d 07:30")], "1d 08:00")

    assert acts(moments) == {"do.0": "deferred", "do.1": "done"}


def test_a_message_that_waited_while_its_incident_was_clearing_is_sent_when_it_goes_on() -> None:
    book = a_book(CLEARING.replace("WHEN", "stopped for 30m"))
    lines = [an_event("stopped", "21:30"), an_event("moving", "1d 07:40"), an_event("stopped", "1d 08:00")]

    moments = played(book, "21:30", lines, "1d 12:00")

    assert started(moments) == {at("1d 08:30"): ("notify.customer",)}


def test_it_is_sent_by_time_alone_too_and_nobody_wakes_before() -> None:
    book = a_book(CLEARING.replace("WHEN", "{any: [between 22:00 and 07:50, between 08:20 and 12:00]}"))

    moments = played(book, "21:30", [], "1d 10:00")

    assert [moment.at for moment in moments] == [at("21:30"), at("22:00"), at("1d 08:20")]
    assert started(moments) == {at("1d 08:20"): ("notify.customer",)}


def test_a_step_that_repeats_in_quiet_hours_is_done_once_when_they_end() -> None:
    ladder = "{steps: [{after: 10m, do: [TELL], repeat: {every: 30m}}]}".replace("TELL", TELL)
    book = a_book(NIGHT.replace("  do:", f"  escalate: {ladder}\n  do:").replace(f"[{TELL}, {{open", "[{open"))

    moments = played(book, "21:30", [], "1d 08:20")

    assert started(moments)[at("1d 08:00")] == ("notify.customer",)
    assert started(moments)[at("1d 08:10")] == ("notify.customer",)
    assert max(len(moment.deferred) for moment in moments) == 1


@pytest.mark.parametrize("at_end", ["recheck_then_send", "send"])
def test_a_repeat_that_comes_as_quiet_hours_end_takes_the_place_of_what_waited(at_end: str) -> None:
    ladder = "{steps: [{after: 30m, do: [TELL], repeat: {every: 30m}}]}".replace("TELL", TELL)
    book = a_book(NIGHT.replace("-08:00", f'-08:00", at_end: "{at_end}').replace("  do:", f"  escalate: {ladder}\n  do:"))

    moments = played(book, "21:30", [], "1d 08:20")

    assert started(moments)[at("1d 08:00")] == ("notify.customer", "notify.customer")
    assert [deed.path for deed in moments[-1].deeds if deed.name == "notify.customer"] == ["do.0", "escalate.0.do.0/18"]


def test_what_waits_for_a_message_that_a_later_repeat_replaced_is_not_done() -> None:
    book = a_book("""
- id: quiet
  when: no scan for 1h
  quiet_hours: {for: reroute, window: "21:00-08:00"}
  escalate: {steps: [{after: 10m, do: [reroute, {notify: {who: lead, template: t}}], repeat: {every: 2h}}]}
""")

    moments = played(book, "21:30", [], "1d 08:05")

    assert started(moments) == {at("1d 08:00"): ("reroute", "notify.lead")}


def test_a_message_that_is_sent_in_any_case_is_sent_after_its_incident_too() -> None:
    book = a_book(NIGHT.replace('window: "21:00-08:00"', 'window: "21:00-08:00", at_end: send'))

    moments = played(book, "21:30", [an_event("scan", "1d 07:30")], "1d 08:00")

    assert started(moments)[at("1d 08:00")] == ("notify.customer", "notify.customer")


def test_a_message_may_be_dropped_in_quiet_hours() -> None:
    book = a_book(NIGHT.replace('window: "21:00-08:00"', 'window: "21:00-08:00", at_end: drop'))

    moments = played(book, "21:30", [], "1d 12:00")

    assert started(moments) == {at("22:30"): ("open_ticket",)}
    assert acts(moments) == {"do.0": "dropped", "do.1": "done"}
    assert moments[-1].watch.incidents[0].acts["do.0"].note == "quiet hours until 08:00"


def test_good_news_that_waited_is_not_sent_when_the_bad_has_come_back() -> None:
    lines = [an_event("scan", "23:00")]

    moments = played(a_book(NIGHT), "21:30", lines, "1d 08:00")

    assert moments[-1].started == ("notify.customer",)
    assert moments[-1].watch.incidents[0].acts["on_resolve.cured.0"].outcome is Outcome.DROPPED


def test_what_others_wait_for_makes_them_wait_through_quiet_hours() -> None:
    book = a_book("""
- id: quiet
  when: no scan for 1h
  quiet_hours: {for: reroute, window: "21:00-08:00"}
  do: [{reroute: {}, otherwise: [reassign]}, {notify: {who: customer, template: running-late}}]
""")

    moments = played(book, "21:30", [], "1d 12:00", reroute="no_help")

    assert started(moments) == {at("1d 08:00"): ("reroute", "reassign", "notify.customer")}


def test_a_delivery_that_has_ended_waits_for_its_last_message() -> None:
    book = a_book(NIGHT.replace("on_resolve: [", "on_resolve: {final: [").replace("back-on-track}}]", "back-on-track}}]}"))

    moments = played(book, "21:30", [an_event("delivered", "23:00")], "1d 12:00")

    assert started(moments)[at("1d 08:00")] == ("notify.customer",)
    assert moments[-1].at == at("1d 08:00")


@pytest.mark.parametrize(
    ("zone", "clock", "ends"),
    [
        pytest.param("Europe/Helsinki", "recipient", "2026-11-24T06:00:00Z", id="the recipient's"),
        pytest.param("America/New_York", "recipient", "2026-11-24T13:00:00Z", id="elsewhere"),
        pytest.param("Europe/Helsinki", "utc", "2026-11-24T08:00:00Z", id="utc"),
        pytest.param("America/New_York", "depot", "2026-11-24T13:00:00Z", id="a hub without a timezone"),
    ],
)
def test_quiet_hours_are_on_the_rules_clock(zone: str, clock: str, ends: str) -> None:
    book = a_book(f"""
- {{id: quiet, clock: {clock}, when: no scan for 1h, do: [{TELL}], quiet_hours: {{for: notify, window: "17:00-08:00"}}}}
""")

    moments = played(book, "1d 03:00", [], "1d 20:00", zone)

    assert iso(next(iter(started(moments)))) == ends


@pytest.mark.parametrize(
    ("known", "ends"),
    [
        # Clocks go back at 04:00 on 25 October and forward at 03:00 on 29 March; both nights end at eight by the wall clock.
        pytest.param("-30d 21:30", "2026-10-25T06:00:00Z", id="a night of twelve hours"),
        pytest.param("126d 21:30", "2027-03-30T05:00:00Z", id="an ordinary night in summer"),
        pytest.param("124d 21:30", "2027-03-28T05:00:00Z", id="a night of ten hours"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock_when_the_clocks_change(known: str, ends: str) -> None:
    book = a_book(NIGHT)
    order = an_order(promised=Window(None, at("200d 16:00")))

    moments = simulate(book, order, at(known), [], at(known) + 14 * 3_600_000)

    sent = [moment.at for moment in moments if "notify.customer" in moment.started]
    assert [iso(one) for one in sent] == [ends]


LIMITED = f"""
- {{id: late, when: eta later than promised end, do: [{TELL}], limits: [{{what: customer_message, at_most: 1, within: 24h}}]}}
- {{id: quiet, when: no scan for 1h, do: [{{notify: {{who: customer, template: running-late}}, otherwise: [reroute]}}, reassign],
    limits: [{{what: customer_message, at_most: 2, within: 2h}}]}}
"""


def eta(happened: str, arrives: str) -> Event:
    return an_event("eta", happened, eta=at(arrives))


def test_what_goes_beyond_a_limit_is_withheld_and_nothing_is_done_otherwise() -> None:
    lines = [an_event("scan", clock) for clock in ("09:10", "10:20", "11:40")]

    moments = played(a_book(LIMITED), "08:00", lines, "13:00")

    messages = {moment.at: moment.started for moment in moments if moment.opened}
    both = ("notify.customer", "reassign")
    assert messages == {at("09:00"): both, at("10:10"): both, at("11:20"): both, at("12:40"): both}
    busy = LIMITED.replace("no scan for 1h", "no scan for 30m")
    often = played(a_book(busy), "08:00", [an_event("scan", clock) for clock in ("08:40", "09:20")], "10:00")
    assert [moment.started for moment in often if moment.opened] == [both, both, ("reassign",)]
    assert often[-1].withheld == (("quiet", "notify.customer"),)
    assert often[-1].watch.incidents[-1].acts["do.0"].note == "limit: at most 2 customer messages within 2h"


def test_messages_of_all_rules_count_and_each_rule_has_its_own_limit() -> None:
    moments = played(a_book(LIMITED), "08:00", [eta("09:30", "3d 17:00")], "10:00")

    assert [moment.started for moment in moments if moment.opened] == [("notify.customer", "reassign"), ()]


def test_good_news_is_not_told_to_somebody_whose_bad_news_was_withheld() -> None:
    book = a_book(f"""
- {{id: late, when: stopped for 1m, do: [{TELL}], limits: [{{what: customer_message, at_most: 2, within: 1h}}],
    on_resolve: [{{notify: {{who: customer, template: back-on-track}}}}]}}
""")
    lines = [an_event(*line) for line in (("stopped", "09:00"), ("moving", "09:10"), ("stopped", "09:50"), ("moving", "10:10"))]

    moments = played(book, "08:00", lines, "12:00")

    assert list(started(moments)) == [at("09:01"), at("09:10")]
    assert [act.note for act in moments[-1].watch.incidents[-1].acts.values()][-1] == "nobody was told of what it takes back"


def test_a_message_that_could_not_be_sent_was_none() -> None:
    moments = played(a_book(LIMITED), "08:00", [eta("09:30", "3d 17:00")], "10:00", **{"quiet.notify.customer": "failed"})

    assert [moment.started for moment in moments if moment.opened] == [
        ("notify.customer", "reassign", "reroute"),
        ("notify.customer",),
    ]


def test_two_messages_of_one_instant_count_one_after_the_other() -> None:
    book = a_book(f"""
- {{id: quiet, when: no scan for 1h, do: [{TELL}, {TELL}, {TELL}], limits: [{{what: customer_message, at_most: 2, within: 1h}}]}}
""")

    moments = played(book, "08:00", [], "10:00")

    assert moments[-1].started == ("notify.customer", "notify.customer")
    assert len(moments[-1].withheld) == 1


def test_a_limit_outlives_the_incidents_that_are_kept() -> None:
    book = a_book(f"""
- {{id: quiet, when: stopped for 1m, do: [{TELL}], limits: [{{what: customer_message, at_most: 3, within: 24h}}]}}
""")
    stops = [
        an_event(kind, f"{8 + minute // 60:02}:{minute % 60:02}")
        for minute in range(0, 240, 2)
        for kind in (["moving", "stopped"] if minute else ["stopped"])
    ]

    moments = played(book, "08:00", stops, "13:00")

    assert sum(len(moment.started) for moment in moments) == 3
    assert len(moments[-1].watch.incidents) <= 51


def test_a_shadow_keeps_to_quiet_hours_and_limits_on_paper_and_counts_for_nobody_else() -> None:
    shadow = NIGHT.replace("- id: quiet", "- id: quiet\n  mode: shadow\n  limits: [{what: ticket, at_most: 0, within: 1h}]")
    loud = f"- {{id: loud, when: no scan for 2h, do: [{TELL}], limits: [{{what: customer_message, at_most: 1, within: 24h}}]}}"

    moments = played(a_book(shadow + loud), "21:30", [], "1d 12:00")

    assert [moment.would for moment in moments if moment.would] == [("notify.customer",)]
    assert started(moments) == {at("23:30"): ("notify.customer",)}
    assert all(moment.withheld == moment.deferred == () for moment in moments)


def test_why_says_what_waits_and_until_when() -> None:
    book, moments = a_book(NIGHT), played(a_book(NIGHT), "21:30", [], "22:30")
    watch = moments[-1].watch

    (told,) = why(book, watch.delivery, watch.cells, at("23:00"), "quiet", watch.incidents)

    assert told["quiet_until"] == iso(at("1d 08:00"))
    assert told["waiting"][0]["says"] == "notify.customer waits: quiet hours until 08:00"


def test_a_person_who_resolves_the_incident_spares_the_customer_the_message() -> None:
    moments = played(a_book(NIGHT), "21:30", [Decided(at("23:00"), "resolve", "quiet")], "1d 12:00")

    assert acts(moments)["do.0"] == "dropped"
    assert moments[-1].at == at("23:00")


TESTED = """
tests:
  - name: the customer sleeps
    delivery: {timezone: Europe/Helsinki}
    known_at: "21:30"
    expect:
      - {at: "22:30", open: [quiet], did: [open_ticket], deferred: [notify.customer]}
      - {until: "+1d 07:59:59", did: [], deferred: [quiet], withheld: []}
      - {at: "+1d 08:00", did: [notify.customer], deferred: []}
  - name: and is told no more than twice
    delivery: {timezone: Europe/Helsinki, promised: "20:00-22:00"}
    timeline: ["09:00 stopped", "09:20 moving", "09:21 stopped", "09:40 moving", "09:41 stopped", "09:52 moving"]
    expect:
      - {until: "09:50:59", did: [notify, notify]}
      - {at: "09:51", withheld: [notify.customer], did: []}
"""


def test_a_test_file_says_what_waits_and_what_is_withheld(tmp_path: Path) -> None:
    stopped = (
        f"- {{id: stop, when: stopped for 10m, do: [{TELL}], limits: [{{what: customer_message, at_most: 2, within: 24h}}]}}"
    )
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules:\n{NIGHT.strip()}\n{stopped}\n", "utf-8")
    (tmp_path / "b.test.yaml").write_text(TESTED, "utf-8")

    report = run(tmp_path / "b.test.yaml")

    assert report.ok, report.summary()
