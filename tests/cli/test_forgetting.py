"""What is old is taken out, and what is known of a person; never what an open delivery or a history needs."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli.forgetting import erase, purge
from domain.actions import Outcome
from domain.arrival import Arrival
from domain.copy import DeliveryCopy
from domain.instant import DAY, HOUR, Instant
from domain.status import Condition, Status
from domain.ticket import TicketDraft
from settings import Settings, SettingsError, read_settings
from store.conversations import Conversations
from store.database import Database
from store.deliveries import Deliveries
from store.events import Events
from store.inbox import Inbox
from store.ledger import Ledger
from store.tables import METADATA, deliveries, effects
from store.tickets import Desk
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
    inbox = Inbox(database)
    await inbox.put(
        "twilio", f"SM-17-{id}", [Arrival(id, {"event_id": "e", "detail": {"text": "dog bites"}}, None, None)], now=now
    )
    (entry,) = await inbox.next_of(id)
    await inbox.handed(entry.entry, None, now=now)


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
