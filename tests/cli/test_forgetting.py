"""What is old is taken out, and what is known of a person; never what an open delivery or a history needs."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli.forgetting import erase, purge
from domain.actions import Outcome
from domain.arrival import START, Arrival
from domain.copy import DeliveryCopy
from domain.instant import DAY, HOUR, MINUTE, Instant
from domain.status import Condition, Status
from domain.ticket import TicketDraft
from settings import Settings, SettingsError, read_settings
from store.conversations import Conversations
from store.database import Database
from store.deliveries import Deliveries
from store.drives import Drives
from store.events import Events
from store.forgetting import Forgetting
from store.inbox import Inbox
from store.ledger import Ledger
from store.persons import Person, Persons
from store.plans import Plans
from store.tables import METADATA, conversations, deliveries, effects, events, inbox
from store.tickets import Desk
from tests.activities.fleet import EIGHT, has_route, is_known, km, stop
from tests.gateway import port_of
from workflows.clock import wall_clock

EMAIL, PHONE, NAME, STREET = "aino@example.test", "+358401234567", "Aino Example", "Kauppakatu 3"
PERSON = (EMAIL, PHONE, NAME, STREET, "60.1699", "dog bites", "SM-17")


@workflow.defn(name="Ends")
class Ends:
    """A workflow that ends at once, or runs until it is cancelled."""

    @workflow.run
    async def run(self, runs: bool) -> None:
        await workflow.wait_condition(lambda: not runs)


@pytest.fixture
async def client(temporal: WorkflowEnvironment) -> AsyncIterator[Client]:
    async with Worker(temporal.client, task_queue="forgetting", workflows=[Ends], workflow_runner=UnsandboxedWorkflowRunner()):
        yield temporal.client


@pytest.fixture
def settings(database_url: str, temporal: WorkflowEnvironment) -> Settings:
    return read_settings({"DOORSTEP_DATABASE_URL": database_url, "DOORSTEP_TEMPORAL_PORT": str(port_of(temporal))})


def an_order(id: str, **customer: str) -> dict[str, Any]:
    return {
        "delivery_id": id,
        "carrier": "acme",
        "promised": {"end": "2026-11-23T16:00:00+02:00"},
        "destination": {"timezone": "Europe/Helsinki", "address": STREET, "lat": 60.1699, "lon": 24.9},
        "customer": {"name": NAME, "email": EMAIL.upper(), "phone": "+358 40 123-4567", **customer},
    }


async def a_life(database: Database, id: str, ended: Instant | None, **customer: str) -> None:
    """Everything that the store comes to hold of a delivery."""
    copy = DeliveryCopy(
        delivery_id=id,
        generation=1,
        run_id="run",
        status=Status.DELIVERED if ended else Status.OUT_FOR_DELIVERY,
        condition=Condition.ON_TIME,
        carrier="acme",
        promised_start=None,
        promised_end=1,
        eta=None,
        attempts=1,
        first_promised_end=1,
        rulebook="standard",
        rulebook_version="0" * 64,
        order=an_order(id, **customer),
        started_at=1,
        finished_at=ended,
        revision=1,
        tracking_numbers=(f"T-{id}",),
    )
    await Deliveries(database).write(copy)
    ledger, key = Ledger(database), f"{id}/1/late/1/do.0/0"
    now = wall_clock()
    about = {"action": "notify.sms", "delivery_id": id, "incident_id": f"{id}:1:late:1"}
    claim = await ledger.claim(key, **about, deadline=now + HOUR, now=now)
    noted, detail = f"told {NAME}", {"to": PHONE}
    await ledger.close(key, claim.attempt, Outcome.DONE, now=now, provider_ref="SM-17", note=noted, detail=detail)
    draft = TicketDraft(f"{id}:1:late:1", id, "hub-ops", "high", f"Call {NAME}", f"dog bites at {STREET}")
    await Desk(database).open(draft, key=f"{key}/ticket", now=now)
    await Desk(database).solve(draft.external_id, NAME, key=f"{key}/solve", now=now)
    await Conversations(database).written(PHONE, id, language="en", timezone="Europe/Helsinki", now=now)
    await Events(database).append_after_close(id, [{"event_id": "e", "detail": {"text": "dog bites"}}], now=now)
    bites = Arrival(id, {"event_id": "e", "detail": {"text": "dog bites"}}, None, None)
    await Inbox(database).put("twilio", f"SM-17-{id}", [bites], now=now)
    (entry,) = await Inbox(database).next_of(id)
    await Inbox(database).handed(entry.entry, None, now=now)


async def a_refused_order(database: Database, id: str, at: Instant, **customer: str) -> None:
    """It came over HTTP, and the delivery did not take it."""
    await Inbox(database).put("orders", f"O-{id}-{at}", [Arrival(id, {}, START, an_order(id, **customer))], now=at)
    (entry,) = await Inbox(database).next_of(id)
    await Inbox(database).handed(entry.entry, "refused", now=at)


async def everything(database: Database) -> str:
    """All that stands in all tables."""
    async with database.reading() as connection:
        rows = [(await connection.execute(text(f'SELECT * FROM "{table}"'))).all() for table in METADATA.tables]
    return str(rows)


async def count(database: Database, table: Any) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def until_gone(client: Client, query: str) -> None:
    """The server deletes histories a moment later."""
    while [one async for one in client.list_workflows(query)]:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.2)


async def test_a_person_who_is_erased_is_nowhere_any_more(
    settings: Settings, database: Database, client: Client, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    id = f"D-erase-{kind}"
    await a_life(database, id, wall_clock() - HOUR)
    await a_life(database, "D-other", wall_clock() - HOUR, email="other@example.test", phone="+15005550006")
    for name in (f"delivery-{id}", f"delivery-{id}"):
        await client.execute_workflow(Ends.run, False, id=name, task_queue="forgetting")
    await Conversations(database).written("+15005550006", "D-other", language="en", timezone="UTC", now=1)

    code = await erase(settings, EMAIL, None, None, "json")

    (told,) = json.loads(capsys.readouterr().out)["deliveries"]
    assert (code, told["delivery_id"], told["histories"]) == (0, id, 2)
    assert told["elsewhere"] == [{"action": "notify.sms", "reference": "SM-17"}]
    if kind == "sqlite":
        await until_gone(client, f"WorkflowId = 'delivery-{id}'")
    left = await everything(database)
    about_them = [line for line in left.split("(") if id in line and "D-other" not in line]
    assert [word for word in PERSON for line in about_them if word in line] == []
    assert NAME in left  # of the other delivery
    copy = await Deliveries(database).latest(id)
    assert copy is not None
    assert copy.order == {
        "delivery_id": id,
        "carrier": "acme",
        "promised": {"end": "2026-11-23T16:00:00+02:00"},
        "destination": {"timezone": "Europe/Helsinki"},
        "erased": "true",
    }


async def test_an_open_delivery_waits_and_keeps_everything(
    settings: Settings, database: Database, client: Client, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, runs = f"D-ended-{kind}", f"D-runs-{kind}"
    await a_life(database, ended, wall_clock() - HOUR)
    await a_life(database, runs, None)
    running = await client.start_workflow(Ends.run, True, id=f"delivery-{ended}", task_queue="forgetting")
    before = await everything(database)

    code = await erase(settings, None, "+358 (40) 1234567", None, "text")

    said = capsys.readouterr().out
    assert code == 1
    assert f"{ended}: waits, delivery-{ended} is still running" in said  # its copy says that it has ended
    assert f"{runs}: waits, it has not ended" in said
    assert await everything(database) == before
    await running.terminate()
    await until_gone(client, f"WorkflowId = 'delivery-{ended}' AND ExecutionStatus = 'Running'")
    assert await erase(settings, None, None, ended, "text") == 0


async def test_a_message_that_still_has_to_be_handed_on_waits(
    settings: Settings, database: Database, client: Client, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await a_life(database, "D-waits", wall_clock() - HOUR)
    await Inbox(database).put("twilio", "SM-new", [Arrival("D-waits", {"event_id": "n"}, None, None)], now=1)

    assert await erase(settings, None, None, "D-waits", "text") == 1
    assert "a message for it has not been handed on" in capsys.readouterr().out
    with pytest.raises(LookupError, match="no delivery D-none is known"):
        await erase(settings, None, None, "D-none", "text")
    with pytest.raises(SettingsError, match="say whom to forget"):
        await erase(settings, None, None, None, "text")


async def test_what_is_old_goes_in_two_steps_and_what_is_open_or_young_or_known_to_temporal_stays(
    settings: Settings, database: Database, client: Client, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    now, known = wall_clock(), f"D-known-{kind}"
    for id, ended in (
        ("D-old", now - 400 * DAY),
        (known, now - 400 * DAY),
        ("D-mid", now - 40 * DAY),
        ("D-new", now),
        ("D-open", None),
    ):
        await a_life(database, id, ended)
    await client.execute_workflow(Ends.run, False, id=f"delivery-{known}", task_queue="forgetting")
    days = settings.but(DOORSTEP_KEEP_DAYS=365, DOORSTEP_KEEP_PERSONAL_DAYS=30)

    assert await purge(days, None, None, True, "json") == 0
    dry = json.loads(capsys.readouterr().out)
    await purge(days, None, None, False, "json")
    done = json.loads(capsys.readouterr().out)
    await purge(days, None, None, False, "json")
    again = json.loads(capsys.readouterr().out)

    assert (dry["deleted"], dry["dry_run"]) == (1, True)
    assert done == {"deleted": 1, "anonymised": 2, "dry_run": False}
    assert again == {"deleted": 0, "anonymised": 0, "dry_run": False}
    left = {copy.delivery_id: copy.order for copy in await Deliveries(database).recent()}
    assert {id: "customer" in order for id, order in left.items()} == {
        "D-open": True,
        "D-new": True,
        "D-mid": False,
        known: False,
    }
    assert (await count(database, deliveries), await count(database, effects)) == (4, 4)


async def test_an_id_whose_person_was_taken_out_is_still_known(settings: Settings, database: Database, client: Client) -> None:
    """Else it could be started anew under effect keys that were used."""
    await a_life(database, "D-mid", wall_clock() - 40 * DAY)

    await purge(settings, None, "2999-01-01", False, "text")

    claim = await Ledger(database).claim(
        "D-mid/1/late/1/do.0/0", action="notify.sms", delivery_id="D-mid", incident_id="i", deadline=2, now=1
    )
    assert claim.standing == "closed"
    with pytest.raises(SettingsError, match="nothing says how long to keep"):
        await purge(settings, None, None, False, "text")
    with pytest.raises(SettingsError, match="'soon' is no day"):
        await purge(settings, "soon", None, False, "text")


async def test_a_driver_whose_last_customer_is_forgotten_stands_where_the_route_starts(database: Database) -> None:
    stops = [stop(f"D{n}", km(300 + n)) for n in range(5)]
    await has_route(database, "R1", "V1", *stops, start_lat=km(299).lat, start_lon=km(299).lon)
    for n in range(4):
        await is_known(database, f"D{n}", Status.DELIVERED)
        async with database.writing() as connection:
            when = {"finished_at": EIGHT + n * 5 * MINUTE, "zone": "north"}
            await connection.execute(update(deliveries).where(deliveries.c.delivery_id == f"D{n}").values(**when))

    await Forgetting(database).anonymise(["D3"])

    plan = await Plans(database).holding("D4", EIGHT + HOUR)
    assert plan is not None
    assert {one.delivery_id: one.at for one in plan.stops}["D3"] == plan.start == km(299)
    legs = await Drives(database).since(0)
    assert [leg.began_at for leg in legs] == [EIGHT, EIGHT + 5 * MINUTE]  # none to the forgotten one
    assert km(299) not in await Drives(database).zones([km(299)])


@pytest.mark.parametrize(
    ("email", "phone", "wrong"),
    [
        (None, "n/a", "--phone 'n/a' is no full number; give it with the prefix of its country"),
        (None, "", "--phone '' is no full number"),
        (None, "0401234567", "--phone '0401234567' is no full number"),
        (None, "+12", "--phone '[+]12' is no full number"),
        (" ", None, "--email ' ' is no mail address"),
        (EMAIL, "n/a", "--phone 'n/a' is no full number"),
    ],
)
async def test_what_is_no_number_and_no_address_is_refused_and_is_not_that_of_all_who_have_none(
    settings: Settings, email: str | None, phone: str | None, wrong: str, kind: str
) -> None:
    with pytest.raises(SettingsError, match=wrong):
        await erase(settings, email, phone, None, "text")


async def test_a_number_is_found_however_an_order_has_it(database: Database) -> None:
    written = {
        "D1": "+358 (40) 123-4567",
        "D2": "040 1234567",
        "D3": "00358401234567",
        "D4": "",
        "D5": "n/a",
        "D6": "+46401234567",
    }
    for id, phone in written.items():
        await a_life(database, id, 1, phone=phone)
    async with database.writing() as connection:
        await connection.execute(conversations.delete())
        for id in ("D2", "D3"):
            order = an_order(id, phone=written[id])
            order["destination"]["country"] = "FI"
            await connection.execute(update(deliveries).where(deliveries.c.delivery_id == id).values(order=order))

    assert await Persons(database).look_up(Person(phone=PHONE)) == (("D1", "D2", "D3"), ())


async def test_an_order_that_was_refused_is_found_and_erased_too(
    settings: Settings, database: Database, client: Client, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    never, taken, ended = f"D-never-{kind}", f"D-taken-{kind}", wall_clock() - HOUR
    await a_life(database, taken, ended, name="Else", email="other@example.test", phone="+15005550006")
    await a_refused_order(database, taken, 1)
    await a_refused_order(database, never, 1)
    async with database.writing() as connection:
        await connection.execute(conversations.delete())

    assert await erase(settings, EMAIL, None, None, "text") == 0

    said = capsys.readouterr().out
    assert f"{never}: erased" in said
    assert f"{taken}: is of somebody else; an order of this person that it refused is erased" in said
    assert await count(database, inbox) == 1  # the other's own message
    copy = await Deliveries(database).latest(taken)
    assert copy is not None
    assert copy.order["customer"]["name"] == "Else"
    await a_refused_order(database, never, 1)
    assert await erase(settings, None, None, never, "text") == 0
    assert await count(database, inbox) == 1


async def test_orders_that_were_refused_go_when_people_do(settings: Settings, database: Database, client: Client) -> None:
    now = wall_clock()
    await a_refused_order(database, "D-never", now - 40 * DAY)
    await a_refused_order(database, "D-young", now)

    await purge(settings.but(DOORSTEP_KEEP_PERSONAL_DAYS=30), None, None, False, "text")

    async with database.reading() as connection:
        assert list((await connection.execute(select(inbox.c.delivery_id))).scalars()) == ["D-young"]


async def test_what_comes_after_a_person_was_taken_out_goes_with_the_next_purge(
    settings: Settings, database: Database, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    await a_life(database, "D-mid", wall_clock() - 40 * DAY)
    days = settings.but(DOORSTEP_KEEP_PERSONAL_DAYS=30)
    await purge(days, None, None, False, "text")
    await Events(database).append_after_close("D-mid", [{"event_id": "late", "detail": {"text": "dog bites"}}], now=wall_clock())
    capsys.readouterr()

    counts = []
    for _ in range(2):
        await purge(days, None, None, False, "json")
        counts.append(json.loads(capsys.readouterr().out)["anonymised"])

    assert counts == [1, 0]
    assert await count(database, events) == 0
