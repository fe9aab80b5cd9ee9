"""Replies by SMS: the real gateway and deliveries of a real Temporal server; signatures are made by Twilio's own class."""

import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from temporalio.testing import WorkflowEnvironment

from domain.instant import HOUR
from rules.book import Step
from store.conversations import Conversations
from store.database import Database
from store.errors import DatabaseUnreachableError
from store.events import Events
from store.opt_outs import OptOuts
from tests.gateway import NUMBER, PATH, Gateway, port_of, serving
from tests.workflows.books import FAILED, a_book, a_rule
from tests.workflows.stage import Stage, an_event, an_order, stage

ASKING = a_rule(
    "asking",
    FAILED,
    do=(Step("ask_customer", {"template": "address-problem", "answers": ["yes", "no", "later"], "answer_within": HOUR}),),
)


async def a_question(on: Stage, gateway: Gateway, **changes: Any) -> str:
    """A delivery whose customer was asked whether they are there."""
    order = an_order(**changes)
    await on.deliveries.start(order)
    await on.deliveries.report(order["delivery_id"], [an_event("attempt_failed")])
    await on.until(order["delivery_id"], outcome_is("asked"))
    await gateway.copied(order)
    await gateway.asked(order["delivery_id"])
    return str(order["delivery_id"])


def outcome_is(outcome: str) -> Any:
    return lambda snapshot: [act["outcome"] for act in snapshot["actions"]] == [outcome]


def said(answer: Response) -> str:
    """The message of an answer in TwiML."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml"), answer.text
    found = re.search("<Message>(.*)</Message>", answer.text)
    return found[1] if found else ""


async def replies_of(on: Stage, delivery_id: str) -> list[dict[str, Any]]:
    told = await on.deliveries.query(delivery_id, "history")
    return [event for event in told["events"] if event["kind"] in ("customer_reply", "promise_changed")]


async def test_a_yes_is_an_answer_once_however_often_twilio_sends_it(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await a_question(on, gateway)

        answers = [said(await gateway.says("Yes!")) for _ in range(2)]
        snapshot = await on.until(delivery_id, outcome_is("done"))

        assert answers == [f"Thank you. You will be there for delivery {delivery_id}."] * 2
        assert snapshot["actions"][0]["note"] == "the customer will be there"
        assert [event["detail"] for event in await replies_of(on, delivery_id)] == [{"available": True}]


async def test_later_moves_the_promise_to_the_next_day_and_says_when(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        delivery_id = await a_question(on, gateway, promised={"end": end.isoformat()}, destination={"timezone": "UTC"})

        answer = said(await gateway.says("3"))
        snapshot = await on.until(delivery_id, outcome_is("done"))

        moved = datetime.fromisoformat(snapshot["promised"]["end"])
        assert moved - end in (timedelta(days=1), timedelta(days=2)), "two if it is nearly midnight"
        assert f"Delivery {delivery_id} comes " in answer
        assert snapshot["actions"][0]["note"] == "the customer moved the promise"


async def test_what_nobody_asked_for_is_kept_and_the_customer_is_told_what_counts(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await a_question(on, gateway)

        answer = said(await gateway.says("what is this?"))

        assert answer.endswith("please reply with one of: yes, no, later.")
        (reply,) = await replies_of(on, delivery_id)
        assert reply["detail"] == {"text": "what is this?", "channel": "sms"}
        assert (await on.snapshot(delivery_id))["actions"][0]["outcome"] == "asked"


async def test_of_several_deliveries_the_code_says_which(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        first, second = await a_question(on, gateway), await a_question(on, gateway)
        codes = {one.delivery_id: one.code for one in await Conversations(sqlite_database).of_number(NUMBER)}

        which = said(await gateway.says("no", "SM1"))
        answer = said(await gateway.says(f"{codes[second]} no", "SM2"))

        assert f"{codes[first]} ({first})" in which
        assert f"for delivery {second}" in answer
        assert (await replies_of(on, first), len(await replies_of(on, second))) == ([], 1)


async def test_stop_reaches_the_store_and_every_delivery_and_start_takes_it_back(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        deliveries = [await a_question(on, gateway), await a_question(on, gateway)]
        opt_outs = OptOuts(sqlite_database)

        stopped = said(await gateway.says("Stop", "SM1"))
        kept = await opt_outs.opted_out("sms", NUMBER)
        by_twilio = await gateway.says("START", "SM2", OptOutType="START")

        assert stopped.startswith("You will get no more messages")
        assert kept is not None
        assert await opt_outs.opted_out("sms", NUMBER) is None
        assert said(by_twilio) == "", "Twilio has answered itself"
        for delivery_id in deliveries:
            assert [event["detail"]["text"] for event in await replies_of(on, delivery_id)] == ["stop", "start"]


async def test_a_reply_that_came_while_temporal_was_away_is_handed_on_by_the_next_gateway_once(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        async with stage(temporal.client, a_book(ASKING)) as on:
            async with serving(sqlite_database, nobody.getsockname()[1]) as gateway:
                delivery_id = await a_question(on, gateway)
                answers = [said(await gateway.says(text, sid)) for text, sid in (("no", "SM1"), ("yes", "SM2"), ("no", "SM1"))]
                before = await replies_of(on, delivery_id)
            async with serving(sqlite_database, port_of(temporal)):
                await on.until(delivery_id, lambda snapshot: snapshot["events_seen"] >= 4)

            assert answers == [f"Thank you. We have your message for delivery {delivery_id} and pass it on."] * 3
            assert before == []
            assert [event["detail"]["available"] for event in await replies_of(on, delivery_id)] == [False, True]


async def test_a_reply_about_a_delivery_that_has_ended_is_kept_beside_it(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        order = an_order()
        await gateway.copied(order, finished_at=2)
        await gateway.asked(order["delivery_id"], language="fi")

        answer = said(await gateway.says("kiitos"))

        assert answer == f"Saimme viestisi, mutta toimitusta {order['delivery_id']} ei voi enää muuttaa."
        (kept,) = await Events(sqlite_database).after_close(order["delivery_id"])
        assert kept["detail"] == {"text": "kiitos", "channel": "sms"}


async def test_a_stranger_gets_a_friendly_answer(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        assert said(await gateway.says("hi", number="whatsapp:+4915112345678")).startswith("Zu dieser Nummer kennen wir keine")
        assert said(await gateway.says("help")).startswith("Kirjoitamme sinulle")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param({"data": {"MessageSid": "SM1", "From": NUMBER}}, 401, id="not signed"),
        pytest.param({"data": {"MessageSid": "SM1"}, "headers": {"X-Twilio-Signature": "bm8="}}, 401, id="wrongly signed"),
        pytest.param({"json": {}}, 415, id="another type"),
        pytest.param({"data": {"Body": "x" * 70_000}}, 413, id="too long"),
    ],
)
async def test_what_twilio_did_not_send_is_refused(
    temporal: WorkflowEnvironment, sqlite_database: Database, sent: dict[str, Any], status: int
) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        answer = await gateway.client.post(PATH, **sent)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_signed_call_without_a_message_is_refused(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        answer = await gateway.says("hi", sid="")

        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "MessageSid")


async def test_a_stop_that_could_not_be_kept_is_kept_when_twilio_sends_it_again(
    temporal: WorkflowEnvironment, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message was in the inbox by then, so that the second time it was no news, and who wanted no more messages got more."""
    async with serving(sqlite_database, port_of(temporal)) as gateway:
        order = an_order()
        await gateway.copied(order)
        await gateway.asked(order["delivery_id"])

        with monkeypatch.context() as away:
            away.setattr(OptOuts, "opt_out", unreachable)
            first = await gateway.says("stop")
        again = said(await gateway.says("stop"))
        kept = await OptOuts(sqlite_database).opted_out("sms", NUMBER)
        await gateway.says("start", "SM2")
        await gateway.says("stop")

        assert first.status_code == 503
        assert again.startswith("You will get no more messages")
        assert kept is not None
        assert await OptOuts(sqlite_database).opted_out("sms", NUMBER) is None, "the first message is no news any more"


async def unreachable(*_: Any, **__: Any) -> None:
    raise DatabaseUnreachableError("the database does not answer")
