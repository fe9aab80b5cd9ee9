"""Questions to the customer: an answer is waited for, and who does not give one in time is asked no further."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions import Outcome
from domain.event import Event
from domain.instant import HOUR, MINUTE, Instant, iso
from domain.order import Window
from domain.reasons import Reason
from domain.status import Kind, Party
from integrations.messaging.templates import Templates
from rules.compile import CompiledBook
from rules.directory import Directory
from rules.outcomes import Came, Script
from rules.questions import answer_in
from rules.reader import read_book
from rules.simulate import Moment, Reported, simulate
from rules.verify import run_file
from rules.why import why
from tests.builders import an_event, an_order, at
from tests.rules.readers import read_event, read_order
from tests.rules.test_contests import a_book

BOOK = """
- id: address
  when: last reason is consignee_incorrect_address
  do:
    - ask_customer: {template: address-problem, answers: ["1", "yes", call me], answer_within: 2h, unanswered: [{open_ticket: {queue: q}}]}
      otherwise: [{notify: {who: driver, template: need-help}}]
    - notify: {who: shift-lead, template: lost-contact}
"""
FAILED = an_event("attempt_failed", "10:00", reason=Reason.CONSIGNEE_INCORRECT_ADDRESS)


def played(book: CompiledBook, lines: Iterable[Event], until: str, **came: str) -> list[Moment]:
    told = [Reported(line.recorded_at, line) for line in lines]
    order = an_order(promised=Window(None, at("3d 16:00")))
    script = Script({action: Came((Outcome(outcome),)) for action, outcome in came.items()})
    return list(simulate(book, order, at("08:00"), told, at(until), script))


def acts(moments: list[Moment]) -> dict[str, tuple[str, str | None]]:
    found = [(path, act) for incident in moments[-1].watch.incidents for path, act in incident.acts.items()]
    return {path: (act.outcome.value, act.note) for path, act in found}


def started(moments: list[Moment]) -> dict[Instant, tuple[str, ...]]:
    return {moment.at: moment.started for moment in moments if moment.started}


def reply(clock: str, text: str, known: str | None = None) -> Event:
    return an_event("customer_reply", clock, known, by=Party.CUSTOMER, detail={"text": text, "channel": "sms"})


ASKED = at("10:00")
FIRST = ("ask_customer", "notify.shift-lead")


def test_a_question_holds_up_nothing_and_without_an_answer_the_rest_is_done_at_its_time() -> None:
    moments = played(a_book(BOOK), [FAILED], "18:00")

    assert started(moments) == {ASKED: FIRST, ASKED + 2 * HOUR: ("open_ticket",)}
    assert [moment.at for moment in moments] == [at("08:00"), ASKED, ASKED + 2 * HOUR]
    assert acts(moments)["do.0"] == ("unanswered", "no answer in time")
    assert acts(moments)["do.0.unanswered.0"] == ("done", None)


def test_an_answer_ends_the_question_and_nothing_more_is_done() -> None:
    moments = played(a_book(BOOK), [FAILED, reply("11:30", "  Call ME! ")], "18:00")

    assert started(moments) == {ASKED: FIRST}
    assert acts(moments)["do.0"] == ("done", 'answered "call me"')
    assert moments[-1].at == at("11:30")


@pytest.mark.parametrize(
    ("clock", "outcome"),
    [
        pytest.param("11:59:59", "done", id="a second before its time"),
        pytest.param("12:00", "done", id="at the last instant"),
        pytest.param("12:00:01", "unanswered", id="too late"),
    ],
)
def test_an_answer_counts_up_to_the_last_instant(clock: str, outcome: str) -> None:
    assert acts(played(a_book(BOOK), [FAILED, reply(clock, "1")], "18:00"))["do.0"][0] == outcome


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(reply("11:00", "what do you mean"), id="another text"),
        pytest.param(reply("11:00", "stop"), id="no more messages"),
        pytest.param(reply("10:00", "1"), id="said when the question was asked"),
        pytest.param(reply("09:00", "1", known="11:00"), id="said before it was asked, known after"),
        pytest.param(reply("11:00", "1", known="12:30"), id="known too late"),
        pytest.param(
            an_event("promise_changed", "11:00", by=Party.CARRIER, detail={"start": None, "end": at("3d 18:00")}), id="another's"
        ),
    ],
)
def test_what_is_no_answer_does_not_end_the_question(line: Event) -> None:
    assert acts(played(a_book(BOOK), sorted([FAILED, line], key=lambda one: one.recorded_at), "18:00"))["do.0"][0] == "unanswered"


@pytest.mark.parametrize(
    ("line", "note"),
    [
        pytest.param(
            an_event("promise_changed", "11:00", by=Party.CUSTOMER, detail={"start": None, "end": at("3d 18:00")}),
            "the customer moved the promise",
            id="reschedules",
        ),
        pytest.param(
            an_event("customer_reply", "11:00", by=Party.CUSTOMER, detail={"available": True}),
            "the customer will be there",
            id="confirms",
        ),
        pytest.param(
            an_event("customer_reply", "11:00", by=Party.CUSTOMER, detail={"available": False}),
            "the customer will not be there",
            id="declines",
        ),
        pytest.param(
            an_event("note", "11:00", by=Party.CUSTOMER, detail={"text": "behind the shed"}),
            "the customer left an instruction",
            id="instructs",
        ),
    ],
)
def test_who_does_something_instead_of_replying_has_answered(line: Event, note: str) -> None:
    assert acts(played(a_book(BOOK), [FAILED, line], "18:00"))["do.0"] == ("done", note)


def test_a_question_that_cannot_be_sent_is_followed_by_what_is_done_otherwise() -> None:
    moments = played(a_book(BOOK), [FAILED], "18:00", ask_customer="failed")

    assert started(moments) == {ASKED: (*FIRST, "notify.driver")}
    assert [moment.at for moment in moments] == [at("08:00"), ASKED]


def test_without_a_list_of_its_own_an_unanswered_question_is_followed_by_what_is_done_otherwise() -> None:
    book = a_book(BOOK.replace(", unanswered: [{open_ticket: {queue: q}}]", ""))

    assert started(played(book, [FAILED], "18:00"))[ASKED + 2 * HOUR] == ("notify.driver",)


def test_a_question_whose_incident_has_ended_waits_no_longer() -> None:
    moments = played(a_book(BOOK), [FAILED, an_event("delivered", "11:00")], "18:00")

    assert started(moments) == {ASKED: FIRST}
    assert acts(moments)["do.0"] == ("done", "the incident ended before there was an answer")
    assert moments[-1].watch.has_put_off is False


def test_a_question_after_the_end_keeps_the_delivery_until_it_is_answered_or_its_time_is_over() -> None:
    after = a_book("""
- id: address
  when: last reason is consignee_incorrect_address
  on_resolve:
    final: [{ask_customer: {template: how-was-it, answer_within: 3h, unanswered: [{emit: {type: no-opinion}}]}}]
""")
    moments = played(after, [FAILED, an_event("delivered", "11:00")], "18:00")

    assert started(moments) == {at("11:00"): ("ask_customer",), at("14:00"): ("emit",)}
    assert moments[-1].watch.has_put_off is False


def test_each_repeat_of_an_escalation_asks_anew() -> None:
    book = a_book("""
- id: address
  when: last reason is consignee_incorrect_address
  escalate:
    steps:
      - after: 10m
        do: [{ask_customer: {template: address-problem, answers: "1", answer_within: 30m, unanswered: [{open_ticket: {queue: q}}]}}]
        repeat: {every: 1h, at_most: 1}
""")
    moments = played(book, [FAILED, reply("11:20", "1")], "18:00")

    assert acts(moments)["escalate.0.do.0"][0] == "unanswered"
    assert acts(moments)["escalate.0.do.0.unanswered.0"][0] == "done"
    assert acts(moments)["escalate.0.do.0/1"] == ("done", 'answered "1"')
    assert "escalate.0.do.0.unanswered.0/1" not in acts(moments)


def test_a_shadow_asks_nobody_and_waits_for_nobody() -> None:
    moments = played(a_book(BOOK.replace("  when:", "  mode: shadow\n  when:")), [FAILED], "18:00")

    assert [moment.at for moment in moments] == [at("08:00"), ASKED]
    assert acts(moments)["do.0"][0] == "would"


def test_that_somebody_was_asked_is_an_event_that_rules_may_speak_of() -> None:
    book = a_book(f"""{BOOK}
- id: no-answer
  when: asked not followed by customer_reply within 90m
  do: [{{open_ticket: {{queue: q}}}}]
""")
    moments = played(book, [FAILED], "18:00")

    assert [moment.at for moment in moments if "no-answer" in moment.opened] == [ASKED + 90 * MINUTE]
    assert moments[-1].delivery.facts.last("asked") == ASKED


def test_an_unanswered_question_counts_as_a_message_and_one_that_was_not_sent_does_not() -> None:
    def effects(**came: str) -> tuple[Instant, ...]:
        return played(a_book(BOOK), [FAILED], "18:00", **came)[-1].watch.effects.get("customer_message", ())

    assert effects() == (ASKED,)
    assert effects(ask_customer="failed") == ()


def test_why_says_what_is_waited_for() -> None:
    book = a_book(BOOK)
    watch = played(book, [FAILED], "11:00")[-1].watch

    (told,) = why(book, watch.delivery, watch.cells, at("11:00"), "address", watch.incidents)

    assert told["waiting"] == [
        {"action": "ask_customer", "until": iso(at("12:00")), "says": "ask_customer waits for an answer"},
    ]


def test_any_reply_is_an_answer_where_none_is_named_but_those_that_end_the_conversation() -> None:
    assert answer_in(reply("11:00", "hm"), ()) == "answered"
    assert answer_in(reply("11:00", "STOP"), ()) is None
    assert answer_in(an_event("scan", "11:00"), ()) is None


FILE = """
tests:
  - name: an answer is waited for
    delivery: {timezone: Europe/Helsinki}
    timeline:
      - 10:00 attempt_failed consignee_incorrect_address
      - 11:00 customer_reply "later"
      - 11:30 customer_reply "yes"
    expect:
      - {at: "10:00", did: [ask_customer, notify.shift-lead], message: {to: customer, contains: Where}}
      - {until: "18:00", did: []}
  - name: nobody answers
    delivery: {timezone: Europe/Helsinki}
    timeline: [10:00 attempt_failed consignee_incorrect_address]
    outcomes: {ask_customer: unanswered}
    expect:
      - {until: "11:59:59", did: [ask_customer, notify.shift-lead]}
      - {at: "12:00", did: [open_ticket]}
  - name: the question cannot be sent
    delivery: {timezone: Europe/Helsinki}
    timeline: [10:00 attempt_failed consignee_incorrect_address]
    outcomes: {ask_customer: failed}
    expect: [{until: "18:00", did: [ask_customer, notify.shift-lead, notify.driver]}]
"""


def test_tests_beside_a_book_play_questions(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    for name in ("address-problem", "need-help", "lost-contact"):
        (tmp_path / "templates" / f"{name}.email.en.liquid").write_text("Subject: x\nWhere to?")
        (tmp_path / "templates" / f"{name}.sms.en.liquid").write_text("Where to?")
    (tmp_path / "b.yaml").write_text(f"rulebook: b\nrules:{BOOK}")
    (tmp_path / "b.test.yaml").write_text(FILE)

    report = run_file(tmp_path, read_order, read_event, Templates(tmp_path / "templates"))

    assert report.ok, report.summary()


MINUTES = st.integers(min_value=1, max_value=300)


@settings(deadline=None)
@given(st.lists(st.tuples(MINUTES, st.sampled_from(["1", "yes", "what", "stop"])), max_size=6), MINUTES)
def test_a_question_ends_at_its_first_answer_or_at_its_time_and_at_no_other_instant(
    said: list[tuple[int, str]], patience: int
) -> None:
    book = a_book(BOOK.replace("answer_within: 2h", f"answer_within: {patience}m"))
    replies = [
        Event(f"r{n}", Kind.CUSTOMER_REPLY, when, when, "acme", by=Party.CUSTOMER, detail={"text": text})
        for n, (minutes, text) in enumerate(sorted(said))
        for when in (ASKED + minutes * MINUTE,)
    ]

    moments = played(book, [FAILED, *replies], "20:00")

    answers = [minutes for minutes, text in sorted(said) if text in ("1", "yes") and minutes <= patience]
    act = moments[-1].watch.incidents[0].acts["do.0"]
    assert act.at == ASKED + min([*answers, patience]) * MINUTE
    assert (act.outcome is Outcome.DONE) == bool(answers)
    assert all(moment.at <= ASKED + max([patience, *(minutes for minutes, _ in said)]) * MINUTE for moment in moments)


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        pytest.param((), [], id="nothing is checked where no endpoint is listed"),
        pytest.param(("order-system", "hub"), [], id="known"),
        pytest.param(("hub",), ['emit tells the endpoint "order-system", which is not known'], id="not known"),
    ],
)
def test_an_event_for_an_order_system_that_is_not_known_is_a_mistake(endpoints: tuple[str, ...], expected: list[str]) -> None:
    text = "rulebook: b\nrules:\n  - {id: r, when: status is arrived, do: [{emit: {type: arrived}}]}\n"

    problems = read_book(text, "b.yaml", Directory(endpoints=endpoints)).problems

    assert [problem.message for problem in problems if problem.is_error] == expected
