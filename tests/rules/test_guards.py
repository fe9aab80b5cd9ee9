"""Guards: looked up only when the rest of a rule is true, all of a batch at once, and folded like an event."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from domain.event import Event
from domain.guards import About, Answer, FeedState, Question, is_at_least, is_silent, is_stale
from domain.instant import HOUR, MINUTE, Instant
from domain.status import Kind
from rules.alarms import heeds_disruptions, is_guards_alone, rules_about
from rules.book import Rulebook
from rules.compile import CompiledBook, compile_book
from rules.directory_reader import read_directory
from rules.reader import read_book
from rules.sentences import parse
from rules.watch import Watch, look
from rules.why import why
from tests.builders import a_delivery, an_event, at
from tests.rules.readers import run

DIRECTORY_OF_TESTS = "carriers: {acme: {feed: {cadence: 1h}}, zipvan: {}}\nhubs: {HEL1: {}}\nzones: [north-2]\n"


@dataclass
class Lookout:
    """A delivery under watch by itself: what was asked is kept, and answered as the test says."""

    book: CompiledBook
    answers: dict[About, bool | None] = field(default_factory=dict)
    watch: Watch = field(default_factory=lambda: Watch(a_delivery(), 1, "b", at("08:00")))
    asked: list[list[str]] = field(default_factory=list)
    until: Instant | None = None

    def look(self, now: Instant, *events: Event) -> list[str]:
        """The rules that are open after a look; what it asked goes on the list."""
        answers: tuple[Answer, ...] = ()
        while (looked := look(self.watch, self.book, events, now, answers=answers)).asks:
            self.asked.append([question.key for question in looked.asks])
            answers += tuple(self._answer(question) for question in looked.asks)
        self.watch = looked.watch
        self.wake = looked.wake.at if looked.wake else None
        return sorted(incident.rule for incident in self.watch.open_incidents)

    def _answer(self, question: Question) -> Answer:
        truth = self.answers.get(question.about)
        return Answer(question, truth, until=self.until if truth else None)


def a_book(rules: str, directory: str = "") -> CompiledBook:

    read = read_book(f"rulebook: b\nrules:\n{rules.strip()}\n", "b.yaml", read_directory(DIRECTORY_OF_TESTS).directory)
    assert isinstance(read.book, Rulebook), [problem.render() for problem in read.problems]
    return compile_book(read.book, "reference")


HELD_UP = "- {id: held-up, when: [status is on_hold, disruption open on hub]}"


def test_a_guard_is_not_looked_up_while_the_rest_of_its_rule_is_not_true() -> None:
    lookout = Lookout(a_book(HELD_UP))

    lookout.look(at("08:00"))
    lookout.look(at("09:00"), an_event("in_transit", "09:00"))

    assert lookout.asked == []


@pytest.mark.parametrize(
    ("answer", "opens"),
    [pytest.param(True, ["held-up"], id="true"), pytest.param(False, [], id="false"), pytest.param(None, [], id="unknown")],
)
def test_the_rule_opens_only_if_the_answer_is_true(answer: bool | None, opens: list[str]) -> None:
    lookout = Lookout(a_book(HELD_UP), {About.DISRUPTION: answer})

    found = lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    assert lookout.asked == [["disruption|hub:HEL1||0"]]
    assert found == opens


def test_all_guards_of_a_batch_are_looked_up_at_once_and_each_only_once() -> None:
    rules = (
        HELD_UP
        + "\n- {id: snowed-in, when: {all: [status is on_hold, {any: [disruption open on hub, disruption open on zone of kind snow, weather warning at least orange]}]}}"
    )
    lookout = Lookout(a_book(rules))

    lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    assert lookout.asked == [["disruption|hub:HEL1||0", "disruption|zone:north-2|snow|0", "weather|north-2|orange|0"]]


def test_a_guard_that_was_false_is_looked_up_again_at_the_next_look() -> None:
    lookout = Lookout(a_book(HELD_UP), {About.DISRUPTION: False})
    lookout.look(at("09:00"), an_event("on_hold", "09:00"))
    lookout.answers[About.DISRUPTION] = True

    found = lookout.look(at("09:30"), an_event("note", "09:30"))

    assert found == ["held-up"]
    assert len(lookout.asked) == 2


def test_it_is_looked_up_when_the_rest_becomes_true_by_time_alone() -> None:
    lookout = Lookout(a_book("- {id: quiet, when: [no scan for 2h, disruption open on hub]}"), {About.DISRUPTION: True})
    lookout.look(at("08:00"))
    assert lookout.asked == []
    assert lookout.wake == at("10:00")

    found = lookout.look(at("10:00"))

    assert found == ["quiet"]


def test_a_hold_runs_on_the_known_answer_and_the_guard_is_looked_up_again_before_it_opens() -> None:
    lookout = Lookout(a_book(HELD_UP.replace("hub]", "hub], hold: 5m")), {About.DISRUPTION: True})
    lookout.look(at("09:00"), an_event("on_hold", "09:00"))
    assert lookout.wake == at("09:05")
    lookout.answers[About.DISRUPTION] = False

    found = lookout.look(at("09:05"))

    assert found == []
    assert len(lookout.asked) == 2


def test_an_open_incident_is_cured_when_a_look_finds_the_guard_false_and_stays_while_it_is_unknown() -> None:
    lookout = Lookout(a_book(HELD_UP), {About.DISRUPTION: True})
    lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    lookout.answers[About.DISRUPTION] = None
    unknown = lookout.look(at("10:00"), an_event("note", "10:00"))
    lookout.answers[About.DISRUPTION] = False
    ended = lookout.look(at("11:00"), an_event("note", "11:00"))

    assert (unknown, ended) == (["held-up"], [])


def test_a_rule_of_guards_alone_is_looked_up_at_each_evaluation() -> None:
    lookout = Lookout(a_book("- {id: down, when: disruption open on hub of kind strike}"))

    for clock in ("08:00", "09:00", "10:00"):
        lookout.look(at(clock), an_event("note", clock))

    assert lookout.asked == [["disruption|hub:HEL1|strike|0"]] * 3


def test_a_guard_under_none_is_looked_up_when_its_being_false_would_open_the_rule() -> None:
    rules = "- {id: odd, when: {all: [status is on_hold, {none: [disruption open on hub]}]}}"
    lookout = Lookout(a_book(rules), {About.DISRUPTION: False})

    found = lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    assert found == ["odd"]


def test_a_guard_that_cannot_decide_anything_is_not_looked_up() -> None:
    lookout = Lookout(a_book("- {id: either, when: {any: [status is on_hold, disruption open on hub]}, hold: 5m}"))
    lookout.look(at("08:00"))
    before = len(lookout.asked)

    lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    assert before == 1
    assert len(lookout.asked) == before


def test_guards_of_only_when_and_clears_when_are_looked_up_where_they_matter() -> None:
    rules = (
        "- {id: quiet, when: status is on_hold, only_when: weather warning at least orange, clears_when: traffic delay over 5m}"
    )
    book, lookout_of = a_book(rules), {About.WEATHER: True, About.TRAFFIC: False}
    lookout = Lookout(book, dict(lookout_of), Watch(a_delivery(route_id="R1"), 1, "b", at("08:00")))

    lookout.look(at("08:00"))
    opened = lookout.look(at("09:00"), an_event("on_hold", "09:00"))
    lookout.answers[About.TRAFFIC] = True
    ended = lookout.look(at("10:00"), an_event("note", "10:00"))

    assert lookout.asked == [["weather|north-2|orange|0"], ["traffic|R1||300000"], ["traffic|R1||300000"]]
    assert (opened, ended) == (["quiet"], [])


def test_a_delivery_without_a_hub_asks_nothing_about_it_and_does_not_know() -> None:
    lookout = Lookout(a_book(HELD_UP), watch=Watch(a_delivery(hub=None), 1, "b", at("08:00")))

    found = lookout.look(at("09:00"), an_event("on_hold", "09:00"))

    assert (found, lookout.asked) == ([], [])


def test_an_answer_that_says_nothing_new_is_kept_no_second_time() -> None:
    lookout = Lookout(a_book(HELD_UP), {About.DISRUPTION: True})
    lookout.look(at("09:00"), an_event("on_hold", "09:00"))
    kept = len(lookout.watch.delivery.events)

    lookout.look(at("10:00"))

    assert len(lookout.watch.delivery.events) == kept == 2


@pytest.mark.parametrize(("answer", "opens"), [pytest.param(True, ["quiet"], id="true"), pytest.param(False, [], id="false")])
def test_a_timer_that_is_a_little_late_opens_as_of_when_it_was_due(answer: bool, opens: list[str]) -> None:
    """What was due is caught up on what was known before: the answer has to count from when it was due to be known."""
    lookout = Lookout(a_book("- {id: quiet, when: [no scan for 2h, disruption open on hub]}"), {About.DISRUPTION: answer})
    lookout.look(at("08:00"))

    found = lookout.look(at("10:00") + 7)

    assert found == opens
    assert [incident.opened_at for incident in lookout.watch.incidents] == [at("10:00")] * len(opens)


def test_a_feed_that_is_silent_when_a_late_timer_rings_opens_nothing_either() -> None:
    lookout = Lookout(a_book("- {id: missed, when: no scan for 2h}"), {About.FEED_SILENT: True})
    lookout.look(at("08:00"))

    found = lookout.look(at("10:00") + 7)

    assert found == []
    assert lookout.watch.missed == ()
    assert lookout.asked == [["feed_silent|acme||0"]]


def test_an_answer_does_not_count_for_the_time_before_it_was_asked() -> None:
    """It was taken to have been so ever since a rule could have been looked at, which nobody had to wake up for."""
    rules = "- {id: quiet, when: no scan for 1h, hold: 1m, only_when: disruption open on hub}"
    lookout = Lookout(a_book(rules), {About.DISRUPTION: False, About.FEED_SILENT: False})
    lookout.look(at("08:00"))
    lookout.look(at("09:00"))
    lookout.answers[About.DISRUPTION] = True

    lookout.look(at("10:30"), an_event("note", "10:30"))

    assert [incident.opened_at for incident in lookout.watch.incidents] == [at("10:30")]


def test_why_says_what_the_last_look_outside_saw() -> None:
    book = a_book(HELD_UP)
    question = Question(About.DISRUPTION, "hub:HEL1")
    looked = look(
        Watch(a_delivery(), 1, "b", at("08:00")), book, [an_event("on_hold", "09:00")], at("09:00"),
        answers=(Answer(question, True, "strike"),),
    )  # fmt: skip

    told = why(book, looked.watch.delivery, looked.watch.cells, at("09:00"))[0]["sentences"][1]

    assert (told["truth"], told["value"]) == ("true", "strike")
    assert told["source"]["at"].startswith("2026-11-23T07:00")


def test_a_carrier_without_a_cadence_is_never_called_silent() -> None:
    feed = FeedState(last_seen=at("08:00"))

    assert is_silent(feed, at("20:00")) is False
    assert is_stale(feed, HOUR, at("20:00")) is False


def test_a_feed_is_stale_from_the_span_on_but_never_before_a_report_was_due() -> None:
    feed = FeedState(at("08:00"), HOUR)

    assert is_stale(feed, 2 * HOUR, at("10:00") - 1) is False
    assert is_stale(feed, 2 * HOUR, at("10:00")) is True
    assert is_stale(feed, MINUTE, at("08:30")) is False
    assert is_silent(feed, at("09:00")) is False
    assert is_silent(feed, at("09:00") + 1) is True
    assert is_stale(FeedState(None, HOUR), HOUR, at("09:00")) is None


def test_a_warning_of_a_higher_level_counts_too() -> None:
    assert is_at_least("red", "orange")
    assert not is_at_least("yellow", "orange")


def test_only_conditions_of_nothing_but_guards_are_called_by_a_disruption() -> None:
    assert is_guards_alone(parse("disruption open on hub"))
    assert not is_guards_alone(parse("status is on_hold"))
    assert heeds_disruptions(a_book("- {id: down, when: disruption open on hub}").rulebook, "hub")
    assert not heeds_disruptions(a_book("- {id: down, when: disruption open on hub}").rulebook, "zone")
    assert not heeds_disruptions(a_book(HELD_UP).rulebook, "hub")


def test_who_has_something_open_about_a_place_is_called_too() -> None:
    """An incident of a rule with other sentences beside the guard stayed open until the next report, whatever was over."""
    rules = "- {id: when-blocked, when: status is on_hold, clears_when: {none: [disruption open on hub]}}\n- {id: other, when: status is on_hold}"
    book = a_book(rules + "\n" + HELD_UP).rulebook

    assert rules_about(book, "hub") == {"when-blocked", "held-up"}
    assert rules_about(book, "zone") == frozenset()


FILE = """
rulebook: b
rules:
  - {id: held-up, when: [status is on_hold, disruption open on hub], do: [{notify: {who: customer, template: t}}]}
  - {id: snow, when: disruption open on zone of kind snow}
  - {id: missed, when: no scan for 2h since out_for_delivery, do: [{reroute: {}}]}
  - {id: feed-silent, when: feed of carrier stale for 3h, severity: high}
  - {id: warned, when: [status is out_for_delivery, weather warning at least orange, traffic delay over 10m]}
"""

TESTS = """
tests:
  - name: a declared disruption holds what stands at its hub
    delivery: {carrier: zipvan, hub: HEL1, zone: north-2}
    timeline:
      - 09:00 status on_hold
      - 10:00 disruption open hub:HEL1
      - 10:30 status on_hold
      - 11:00 disruption closed hub:HEL1
      - 11:30 status in_transit
    expect:
      - {until: "10:29:59", open: []}
      - {at: "10:30", open: [held-up], did: [notify.customer]}
      - {until: "10:59:59", open: [held-up]}
      - {at: "11:00", open: [], resolved: {held-up: cured}}

  - name: a rule of guards alone is called at once
    delivery: {carrier: zipvan, hub: HEL1, zone: north-2}
    timeline:
      - 09:00 status in_transit
      - 10:00 disruption open zone:north-9 of kind snow
      - 10:30 disruption open zone:north-2 of kind strike
      - 11:00 disruption open zone:north-2 of kind snow
      - 12:00 disruption closed zone:north-2 of kind snow
    expect:
      - {until: "10:59:59", open: []}
      - {at: "11:00", open: [snow]}
      - {at: "12:00", open: [], resolved: {snow: cured}}

  - name: a disruption that ends by itself ends what it opened
    delivery: {carrier: zipvan, hub: HEL1, zone: north-2}
    timeline: ["10:00 disruption open zone:north-2 of kind snow for 3m"]
    expect:
      - {at: "10:00", open: [snow]}
      - {until: "10:02:59", open: [snow]}
      - {at: "10:03", open: [], resolved: {snow: cured}}

  - name: no false missed scan while the feed of the carrier is silent, and one alarm for it
    delivery: {carrier: acme, hub: HEL1}
    timeline:
      - 09:00 status out_for_delivery
      - 09:30 feed of carrier stale
      - 13:00 feed acme alive
    expect:
      - {at: "11:00", open: [], unknown: [missed]}
      - {until: "12:29:59", open: []}
      - {at: "12:30", open: [feed-silent]}
      - {at: "13:00", open: [missed], resolved: [feed-silent], did: [reroute]}

  - name: a carrier without a cadence is never silent
    delivery: {carrier: zipvan, hub: HEL1}
    given: {feed of carrier: stale}
    timeline: ["09:00 status out_for_delivery"]
    expect:
      - {at: "11:00", open: [missed]}
      - {until: "20:00", open: [missed]}

  - name: what is given of weather and traffic
    delivery: {carrier: zipvan, route_id: R1}
    given: {weather warning: red, traffic delay: 10m1s, disruption hub:HEL1: open of kind snow, feed acme: alive}
    timeline: ["09:00 status out_for_delivery"]
    expect:
      - {at: "09:00", open: [warned]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "directory.yaml").write_text(DIRECTORY_OF_TESTS)
    (tmp_path / "b.yaml").write_text(FILE)
    return tmp_path


def test_a_test_file_says_how_things_stand_outside(folder: Path) -> None:
    (folder / "b.test.yaml").write_text(TESTS)

    report = run(folder)

    assert [problem.render() for problem in report.problems if problem.is_error] == []
    assert report.failed == 0, report.summary()
    assert report.passed == 6


DOWN = "- {id: down, when: disruption open on hub}"


def test_a_disruption_with_an_end_is_looked_up_again_then_and_its_incident_ends() -> None:
    lookout = Lookout(a_book(DOWN), {About.DISRUPTION: True}, until=at("09:03"))

    opened = lookout.look(at("09:00"), an_event("note", "09:00"))
    wake = lookout.wake
    lookout.answers[About.DISRUPTION] = False
    ended = lookout.look(at("09:03"))

    assert (opened, wake, ended) == (["down"], at("09:03"), [])


def test_a_disruption_that_was_made_longer_keeps_its_incident_open_until_the_new_end() -> None:
    lookout = Lookout(a_book(DOWN), {About.DISRUPTION: True}, until=at("09:03"))
    lookout.look(at("09:00"), an_event("note", "09:00"))
    lookout.until = at("09:10")

    still = lookout.look(at("09:03"))

    assert (still, lookout.wake, len(lookout.watch.incidents)) == (["down"], at("09:10"), 1)


def test_a_pending_rule_asks_again_when_what_was_known_ends_and_keeps_its_hold() -> None:
    lookout = Lookout(a_book(HELD_UP.replace("hub]", "hub], hold: 10m")), {About.DISRUPTION: True}, until=at("09:03"))
    lookout.look(at("09:00"), an_event("on_hold", "09:00"))
    wake, lookout.until = lookout.wake, at("10:00")

    lookout.look(at("09:03"))
    opened = lookout.look(at("09:10"))

    assert (wake, opened) == (at("09:03"), ["held-up"])


def test_without_a_new_answer_it_is_no_longer_true_after_its_end_and_why_says_until_when() -> None:
    book = a_book(DOWN)
    lookout = Lookout(book, {About.DISRUPTION: True}, until=at("09:03"))
    lookout.look(at("09:00"), an_event("note", "09:00"))

    watch = lookout.watch
    told = [why(book, watch.delivery, watch.cells, at(clock))[0]["sentences"][0] for clock in ("09:02", "09:03")]

    assert [sentence["truth"] for sentence in told] == ["true", "false"]
    assert told[0]["value"] == "until 2026-11-23T07:03:00Z"


def test_an_answer_from_before_there_were_ends_is_true_until_there_is_another() -> None:
    known = a_delivery().after(Event("f", Kind.FOUND, at("09:00"), at("09:00"), "us", detail={"k": {"truth": True, "note": ""}}))

    assert (known.facts.guards, known.facts.guards_until) == ({"k": True}, {})
