"""The customer's page: the real gateway, deliveries of a real Temporal server."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from temporalio.testing import WorkflowEnvironment

from domain.instant import DAY, HOUR, MINUTE
from domain.links import Links
from rules.book import Step
from store.database import Database
from store.revocations import Revocations
from tests.gateway import API_KEY, PUBLIC, SECRET, Gateway, port_of, serving
from tests.workflows.books import FAILED, a_book, a_rule
from tests.workflows.stage import Stage, a_status, an_event, an_order, from_now, stage
from workflows.clock import wall_clock


def asking(*answers: str) -> Any:
    """A rulebook that asks the customer when an attempt fails."""
    args = {"template": "address-problem", "answers": list(answers), "answer_within": HOUR}
    return a_book(a_rule("asking", FAILED, do=(Step("ask_customer", args),)))


def path_of(delivery_id: str, at: int | None = None) -> str:
    """The path of a delivery's page, as a message carries it."""
    link = Links(PUBLIC, SECRET).tracking(delivery_id, wall_clock() if at is None else at)
    assert link is not None
    return link.removeprefix(PUBLIC)


async def a_delivery(on: Stage, gateway: Gateway, *events: Any, **changes: Any) -> str:
    order = an_order(**changes)
    await on.deliveries.start(order)
    await on.deliveries.report(order["delivery_id"], events)
    await gateway.copied(order)
    return str(order["delivery_id"])


async def asked(on: Stage, gateway: Gateway, **changes: Any) -> str:
    """A delivery whose customer was asked a question."""
    delivery_id = await a_delivery(on, gateway, an_event("attempt_failed", reason="consignee_incorrect_address"), **changes)
    await on.until(delivery_id, lambda snapshot: bool(snapshot["questions"]))
    return delivery_id


async def sent(gateway: Gateway, path: str, page: Response, **fields: str) -> Response:
    """What the page says after a form of it was sent."""
    form = re.search('name="form" value="([^"]+)"', page.text)
    assert form is not None
    return await gateway.client.post(path, data={"form": form[1], **fields}, follow_redirects=True)


async def told(on: Stage, delivery_id: str, kind: str) -> list[dict[str, Any]]:
    events = (await on.deliveries.query(delivery_id, "history"))["events"]
    return [event["detail"] for event in events if event["kind"] == kind]


async def test_the_page_says_where_it_is_in_the_customers_language_and_zone_and_no_more_of_them_than_a_first_name(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    customer = {"name": "Aino Virtanen", "email": "aino@example.test", "phone": "+358401234567", "language": "fi"}
    place = {"timezone": "Europe/Helsinki", "address": "Mannerheimintie 1"}
    async with stage(temporal.client, asking()) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        told = (
            a_status("at_hub", occurred_at=from_now(hours=-2)),
            a_status("out_for_delivery"),
            an_event("eta", eta=from_now(hours=1)),
        )
        delivery_id = await a_delivery(on, gateway, *told, customer=customer, destination=place)
        await on.until(delivery_id, lambda snapshot: snapshot["status"] == "out_for_delivery")

        page = await gateway.client.get(path_of(delivery_id))

        assert page.status_code == 200
        for said in ("Hei Aino", delivery_id, "Autossa, matkalla luoksesi", "Varastollamme", "Luvattu", "Arvio"):
            assert said in page.text
        for secret in ("Virtanen", "aino@example.test", "40123", "Mannerheimintie"):
            assert secret not in page.text
        assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
        assert "Tarvitsemme vastauksesi" not in page.text


async def test_an_open_question_is_answered_by_a_button_once(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with (
        stage(temporal.client, asking("yes", "no", "neighbour")) as on,
        serving(sqlite_database, port_of(temporal)) as gateway,
    ):
        delivery_id = await asked(on, gateway)
        path = path_of(delivery_id)
        page = await gateway.client.get(path)

        answers = [await sent(gateway, path, page, do="answer:yes") for _ in range(2)]
        after = await on.until(delivery_id, lambda snapshot: not snapshot["questions"])

        assert "the address could not be found" in page.text
        assert re.findall('value="answer:([^"]+)"', page.text) == ["yes", "no", "neighbour"]
        assert all("Thank you. We have noted it." in answer.text for answer in answers)
        assert after["actions"][0]["note"] == "the customer will be there"
        assert await told(on, delivery_id, "customer_reply") == [{"available": True}]
        assert "We need your answer" not in (await gateway.client.get(path)).text


async def test_an_answer_of_the_rule_or_in_own_words_is_a_reply(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, asking()) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await asked(on, gateway)
        path = path_of(delivery_id)

        await sent(gateway, path, await gateway.client.get(path), do="write", text="Mannerheimintie 2 <b>")
        await on.until(delivery_id, lambda snapshot: not snapshot["questions"])

        assert await told(on, delivery_id, "customer_reply") == [{"text": "Mannerheimintie 2 <b>", "channel": "page"}]


async def test_a_customer_moves_the_delivery_to_a_day_that_is_offered(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    end = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    async with stage(temporal.client, asking("yes", "later")) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await asked(on, gateway, promised={"end": end.isoformat()}, destination={"timezone": "UTC"})
        path = path_of(delivery_id)
        page = await gateway.client.get(path)
        days = re.findall('<option value="([^"]+)"', page.text)

        answer = await sent(gateway, path, page, do="move", window=days[1])
        snapshot = await on.snapshot(delivery_id)

        assert len(days) == 5
        assert datetime.fromisoformat(snapshot["promised"]["end"]) - end in (timedelta(days=2), timedelta(days=3))
        assert "At first it was" in answer.text


async def test_a_note_for_the_driver_can_always_be_left(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    async with stage(temporal.client, asking()) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await a_delivery(on, gateway)
        path = path_of(delivery_id)
        page = await gateway.client.get(path)

        nothing = await sent(gateway, path, page, do="note", text=" ")
        noted = await sent(gateway, path, page, do="note", text="ring twice", safe_place="the shed")

        assert "Please write something first." in nothing.text
        long = await sent(gateway, path, await gateway.client.get(path), do="note", text="x" * 900, safe_place="y" * 900)
        assert "We have noted it" in long.text, "as much of it as there is room for"
        assert "We have noted it" in noted.text
        assert {"text": "ring twice", "safe_place": "the shed"} in await told(on, delivery_id, "note")


async def test_a_form_that_the_page_did_not_give_out_does_nothing(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, asking()) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        first, second = await asked(on, gateway), await asked(on, gateway)
        page = await gateway.client.get(path_of(first))

        without = await gateway.client.post(path_of(second), data={"do": "answer:no"}, follow_redirects=True)
        of_another = await sent(gateway, path_of(second), page, do="answer:no")
        too_long = await sent(gateway, path_of(second), page, do="write", text="x" * 20_000)

        assert all("open for too long" in answer.text for answer in (without, of_another, too_long))
        assert await told(on, second, "customer_reply") == []


async def test_while_temporal_is_away_the_page_shows_what_was_known_last_and_keeps_what_is_sent(
    sqlite_database: Database, unused_tcp_port: int
) -> None:
    async with serving(sqlite_database, unused_tcp_port) as gateway:
        await gateway.copied(an_order(delivery_id="D-away"))
        path = path_of("D-away")

        page = await gateway.client.get(path)
        answer = await sent(gateway, path, page, do="note", text="ring twice")

        assert "This is what we knew last." in page.text
        assert "On the van, on its way to you" in page.text
        assert "pass it on" in answer.text


async def test_a_link_ends_some_days_after_its_delivery(sqlite_database: Database, unused_tcp_port: int) -> None:
    async with serving(sqlite_database, unused_tcp_port) as gateway:
        await gateway.copied(an_order(delivery_id="D-new"), finished_at=wall_clock() - 13 * DAY)
        await gateway.copied(an_order(delivery_id="D-old"), finished_at=wall_clock() - 15 * DAY)

        new, old = [await gateway.client.get(path_of(delivery_id)) for delivery_id in ("D-new", "D-old")]

        assert (new.status_code, old.status_code) == (200, 410)
        assert "Delivered" in new.text
        assert "Leave a note" not in new.text
        assert "This link has expired" in old.text


async def test_a_link_that_was_withdrawn_says_so_and_later_ones_are_good(sqlite_database: Database, unused_tcp_port: int) -> None:
    async with serving(sqlite_database, unused_tcp_port) as gateway:
        await gateway.copied(an_order(delivery_id="D-1"))
        before, bearer = path_of("D-1"), {"Authorization": f"Bearer {API_KEY}"}

        refused = await gateway.client.delete("/v1/deliveries/D-1/links")
        revoked = await gateway.client.delete("/v1/deliveries/D-1/links", headers=bearer)

        assert (refused.status_code, revoked.status_code) == (401, 204)
        assert (await gateway.client.get(before)).status_code == 410
        assert (await gateway.client.get(path_of("D-1", wall_clock() + MINUTE))).status_code == 200
        assert await Revocations(sqlite_database).is_revoked("D-2", 0) is False


@pytest.mark.parametrize(
    ("link", "status", "says"),
    [
        pytest.param(path_of("D-1")[:-1], 404, "Linkki ei toimi", id="cut off"),
        pytest.param(
            Links(PUBLIC, "another secret here").tracking("D-1", 0), 404, "Linkki ei toimi", id="of another installation"
        ),
        pytest.param(path_of("D-1", at=0), 410, "Linkki on vanhentunut", id="expired"),
        pytest.param(path_of("D-none"), 410, "Linkki on vanhentunut", id="of a delivery that is gone"),
    ],
)
async def test_a_link_that_is_not_good_says_so_in_the_language_of_the_browser(
    sqlite_database: Database, unused_tcp_port: int, link: str, status: int, says: str
) -> None:
    async with serving(sqlite_database, unused_tcp_port) as gateway:
        page = await gateway.client.get(link.removeprefix(PUBLIC), headers={"Accept-Language": "fi-FI,fi;q=0.9"})

        assert (page.status_code, says in page.text) == (status, True)


def test_a_tracking_link_is_short_enough_for_a_message() -> None:
    assert len(path_of("D-1001")) < 80
