"""Messages that did not arrive: they go by another way, once, and keep to quiet hours and limits."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions import Outcome
from domain.event import Event
from domain.order import Customer, Window
from rules.compile import CompiledBook
from rules.outcomes import Came, Script
from rules.reaching import channels_of
from rules.simulate import Moment, Reported, simulate
from tests.builders import an_event, an_order, at
from tests.rules.test_contests import a_book

TELL = "{notify: {who: customer, template: running-late, channels: [sms]}, otherwise: [{open_ticket: {queue: q}}]}"
LATE = f"""
- id: late
  when: no scan for 1h
  do: [{TELL}]
"""
KEY = "D-1001/1/late/1/do.0/0"


def lost(channel: str, known: str, key: str = KEY) -> Event:
    detail = {"message": key, "channel": channel, "to": "customer"}
    return an_event("undelivered", known, event_id=f"{key}/{channel}/undelivered", detail=detail)


def played(
    book: CompiledBook,
    lines: Iterable[Event],
    until: str,
    channels: tuple[str, ...] = ("sms", "email"),
    came: Mapping[str, list[str]] | None = None,
) -> list[Moment]:
    told = [Reported(line.recorded_at, line) for line in lines]
    order = an_order(customer=Customer(channels=channels), promised=Window(None, at("3d 16:00")))
    script = Script({action: Came(tuple(map(Outcome, outcomes)), in_turn=True) for action, outcomes in (came or {}).items()})
    return list(simulate(book, order, at("08:00"), told, at(until), script))


def begun(moments: list[Moment]) -> list[tuple[Any, str, tuple[str, ...]]]:
    return [(moment.at, deed.name, deed.request.tried) for moment in moments for deed in moment.deeds]


def the_act(moments: list[Moment], path: str = "do.0") -> tuple[str, str | None]:
    act = moments[-1].watch.incidents[0].acts[path]
    return act.outcome.value, act.note


def test_an_sms_that_did_not_arrive_goes_by_the_other_way_under_the_same_key() -> None:
    moments = played(a_book(LATE), [lost("sms", "09:05")], "10:00")

    keys = {deed.request.key for moment in moments for deed in moment.deeds}
    assert begun(moments) == [(at("09:00"), "notify.customer", ()), (at("09:05"), "notify.customer", ("sms",))]
    assert keys == {KEY}
    assert the_act(moments)[0] == "done"


def test_the_same_callback_twice_does_nothing_more() -> None:
    moments = played(a_book(LATE), [lost("sms", "09:05"), lost("sms", "09:06")], "10:00")

    assert len(begun(moments)) == 2


def test_a_message_that_arrives_by_no_way_has_failed_and_otherwise_has_its_turn() -> None:
    moments = played(a_book(LATE), [lost("sms", "09:05"), lost("email", "09:10")], "10:00")

    assert begun(moments)[2] == (at("09:10"), "open_ticket", ())
    assert the_act(moments) == ("failed", "not delivered by sms, email, and there is no other way")
    assert moments[-1].watch.delivery.facts.talk.unreached


def test_who_agreed_to_nothing_else_is_told_by_nothing_else() -> None:
    moments = played(a_book(LATE), [lost("sms", "09:05")], "10:00", channels=("sms",))

    assert begun(moments)[1] == (at("09:05"), "open_ticket", ())


def test_what_stands_on_another_channel_is_not_told_again() -> None:
    both = LATE.replace("[sms]", "[sms, email]")

    moments = played(a_book(both), [lost("sms", "09:05")], "10:00")

    assert len(begun(moments)) == 1


def test_an_incident_that_has_ended_is_told_by_no_other_way() -> None:
    moments = played(a_book(LATE), [an_event("scan", "09:03"), lost("sms", "09:05")], "10:00")

    assert len(begun(moments)) == 1
    assert the_act(moments) == ("failed", "not delivered by sms; its incident has ended")


def test_another_way_keeps_to_quiet_hours() -> None:
    quiet = LATE.replace("  do:", '  quiet_hours: {for: [notify.customer], window: "09:02-12:00"}\n  do:')

    moments = played(a_book(quiet), [lost("sms", "09:05")], "13:00")

    assert begun(moments) == [(at("09:00"), "notify.customer", ()), (at("12:00"), "notify.customer", ("sms",))]


def test_another_way_counts_once_against_a_limit() -> None:
    limited = LATE.replace("  do:", "  limits: [{what: customer_message, at_most: 1, within: 24h}]\n  do:")

    moments = played(a_book(limited), [lost("sms", "09:05")], "10:00")

    assert begun(moments)[1:] == [(at("09:05"), "notify.customer", ("sms",))]
    assert moments[-1].watch.effects["customer_message"] == (at("09:05"),)


def test_a_limit_that_others_have_used_up_meanwhile_withholds_the_other_way() -> None:
    rules = LATE.replace("  do:", "  limits: [{what: customer_message, at_most: 1, within: 24h}]\n  do:") + (
        "- id: other\n  when: no scan for 65m\n  do: [{notify: {who: customer, template: running-late}}]\n"
    )

    moments = played(a_book(rules), [lost("sms", "09:06")], "10:00")

    assert the_act(moments) == ("withheld", "limit: at most 1 customer message within 1d")


def test_a_message_to_the_driver_goes_by_the_other_way_too() -> None:
    to_driver = LATE.replace("who: customer", "who: driver")

    moments = played(a_book(to_driver), [lost("sms", "09:05")], "10:00")

    assert begun(moments)[1] == (at("09:05"), "notify.driver", ("sms",))


def test_a_question_that_did_not_arrive_is_asked_by_the_other_way_and_waits_anew() -> None:
    asks = LATE.replace(
        "notify: {who: customer, template: running-late, channels: [sms]}", "ask_customer: {template: running-late}"
    )

    moments = played(a_book(asks), [lost("email", "09:05")], "10:00", channels=("email", "sms"))

    assert begun(moments) == [(at("09:00"), "ask_customer", ()), (at("09:05"), "ask_customer", ("email",))]
    assert moments[-1].watch.incidents[0].acts["do.0"].until == at("11:05")


@pytest.mark.parametrize("name", ["notify.customer", "ask_customer"])
def test_what_could_not_be_sent_to_the_customer_at_all_reached_nobody(name: str) -> None:
    asks = LATE.replace(
        "notify: {who: customer, template: running-late, channels: [sms]}", "ask_customer: {template: running-late}"
    )

    moments = played(a_book(asks if name == "ask_customer" else LATE), [], "10:00", came={name: ["failed"]})

    assert moments[-1].watch.delivery.facts.talk.unreached


def test_what_is_told_of_a_message_that_nobody_knows_changes_nothing() -> None:
    moments = played(a_book(LATE), [lost("sms", "09:05", key="D-1001/1/late/7/do.0/0")], "10:00")

    assert len(begun(moments)) == 1
    assert the_act(moments)[0] == "done"


REPORTS = st.lists(st.tuples(st.sampled_from(["sms", "email", "whatsapp"]), st.integers(1, 120), st.integers(0, 30)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(REPORTS, st.permutations(["sms", "email", "whatsapp"]), st.integers(1, 3), st.sampled_from(["", "quiet", "limit"]))
def test_whatever_is_reported_when_and_how_often_no_channel_is_used_twice(
    reports: list[tuple[str, int, int]], agreed: list[str], ways: int, kept_back: str
) -> None:
    keys = {
        "": "",
        "quiet": '  quiet_hours: {for: [notify.customer], window: "09:10-09:40"}\n',
        "limit": "  limits: [{what: customer_message, at_most: 1, within: 24h}]\n",
    }
    book = a_book(LATE.replace("  do:", f"{keys[kept_back]}  do:"))
    lines = [
        an_event("undelivered", clock(60 + happened), clock(60 + happened + later), event_id=f"{KEY}/{channel}/undelivered",
                 detail={"message": KEY, "channel": channel, "to": "customer"})
        for channel, happened, later in reports
    ]  # fmt: skip

    moments = played(book, lines, "15:00", channels=tuple(agreed[:ways]))

    messages = [deed for moment in moments for deed in moment.deeds if deed.name == "notify.customer"]
    used = [channel for deed in messages for channel in channels_of(deed)]
    failed = {channel for channel, _, _ in reports}
    told = moments[-1].watch.delivery.facts.talk.messages[KEY]
    assert len(used) == len(set(used))
    assert len(messages) <= 1 + len(failed)
    assert not set(told.stands) & failed
    if not kept_back:
        left = [channel for channel in agreed[:ways] if channel not in failed]
        assert bool(told.stands) == bool(left or "sms" not in failed)
        assert moments[-1].watch.delivery.facts.talk.unreached == (not told.stands)


def clock(minutes: int) -> str:
    """Minutes after eight."""
    return f"{8 + minutes // 60:02}:{minutes % 60:02}"
