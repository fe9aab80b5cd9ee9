"""Which messages arrived, and whether the customer can be reached at all."""

import itertools
from typing import Any

import pytest

from domain.order import Customer
from domain.talk import KEPT_MESSAGES, Told
from rules.vocabulary import VOCABULARY
from tests.builders import a_delivery, an_event

KEY = "D-1001/1/late/1/do.0/0"
SENT = an_event("notified", "12:00", event_id=f"{KEY}/sms", detail={"template": "t", "channel": "sms", "to": "customer"})
BY_MAIL = an_event("notified", "12:00", event_id=f"{KEY}/email", detail={"template": "t", "channel": "email", "to": "customer"})


def lost(channel: str | None = "sms", when: str = "12:05", key: str = KEY, **detail: Any) -> Any:
    named = {"message": key, **({"channel": channel} if channel else {}), **detail}
    return an_event("undelivered", when, event_id=f"{key}/{channel or 'nobody'}/undelivered", detail=named)


def unreachable(*events: Any, channels: tuple[str, ...] = ("sms", "email")) -> bool:
    delivery = a_delivery(*events, customer=Customer(channels=channels))
    return bool(VOCABULARY["customer unreachable"].read(delivery.order, delivery.facts))


def test_a_customer_is_unreachable_once_a_message_has_failed_by_every_way_that_they_agreed_to() -> None:
    assert not unreachable(SENT)
    assert not unreachable(SENT, lost())
    assert unreachable(SENT, lost(), lost("email", "12:10"))
    assert unreachable(SENT, lost(), channels=("sms",))


def test_a_message_that_stands_on_one_channel_reached_somebody() -> None:
    assert not unreachable(SENT, BY_MAIL, lost(), channels=("sms",))


def test_a_message_that_could_not_be_sent_at_all_reached_nobody() -> None:
    assert unreachable(lost(None, to="customer"))
    assert unreachable(an_event("undelivered", "12:00"))


def test_what_did_not_reach_a_driver_says_nothing_of_the_customer() -> None:
    to_driver = an_event("notified", "12:00", event_id=f"{KEY}/sms", detail={"channel": "sms", "to": "driver"})

    assert not unreachable(to_driver, lost(), lost("email", "12:10"))
    assert not unreachable(an_event("undelivered", "12:00", detail={"to": "driver"}))


@pytest.mark.parametrize(
    "cure",
    [
        pytest.param(an_event("notified", "13:00", event_id="other/sms", detail={"channel": "sms", "to": "customer"}), id="a later message"),
        pytest.param(an_event("customer_reply", "13:00", detail={"text": "hello", "channel": "email"}), id="the customer writes"),
    ],
)  # fmt: skip
def test_a_customer_is_reached_again_by(cure: Any) -> None:
    assert not unreachable(SENT, lost(), lost("email", "12:10"), cure)


def test_it_comes_to_the_same_in_whatever_order_things_become_known() -> None:
    events = (SENT, lost(when="11:59"), lost("email", "12:10"))

    told = {unreachable(*order) for order in itertools.permutations(events)}

    assert told == {True}


def test_a_callback_that_is_faster_than_the_news_of_sending_is_not_lost() -> None:
    assert unreachable(lost(when="11:59:59"), SENT, channels=("sms",))


def test_only_the_latest_messages_are_kept() -> None:
    events = [
        an_event("notified", f"12:{number:02}", event_id=f"m{number}/sms", detail={"channel": "sms", "to": "customer"})
        for number in range(KEPT_MESSAGES + 5)
    ]

    messages = a_delivery(*events).facts.talk.messages

    assert (len(messages), next(iter(messages))) == (KEPT_MESSAGES, "m5")
    assert messages["m5"] == Told("customer", ("sms",))


def test_stop_ends_the_channel_that_it_came_by_and_start_begins_it_again() -> None:
    def reply(text: str, when: str, channel: str | None) -> Any:
        return an_event("customer_reply", when, detail={"text": text, **({"channel": channel} if channel else {})})

    stop, anywhere, start = reply("STOP", "12:00", "sms"), reply("stop", "12:10", None), reply("START", "12:20", "sms")

    assert a_delivery(stop).facts.talk.stops("sms")
    assert not a_delivery(stop).facts.talk.stops("email")
    assert a_delivery(stop, anywhere).facts.talk.stops("email")
    assert a_delivery(stop, anywhere, start).facts.talk.stopped == ()


@pytest.mark.parametrize("detail", [{"message": 7, "channel": []}, {"message": "", "to": 3}, {"channel": "x" * 100}])
def test_whatever_others_report_of_a_message_can_be_folded(detail: dict[str, Any]) -> None:
    assert unreachable(an_event("undelivered", "12:00", detail=detail))
