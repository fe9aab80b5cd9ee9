"""The Disruption workflow on a real server, with the real store and desk; messages and calls are kept."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import insert
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.disruptions import Disrupting
from cli.heralds import Herald
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.disruption import Heeded, Notice, Operations
from domain.guards import About, Question
from domain.instant import HOUR, MINUTE, SECOND
from integrations.messaging.templates import Templates
from settings import SHIPPED_RULES
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.disruptions import Disruptions
from store.groups import Groups
from store.ledger import Ledger
from store.tables import members
from store.tickets import Desk
from tests.store.test_deliveries import another
from workflows.clock import wall_clock
from workflows.contract import DISRUPTION, disruption_workflow_id
from workflows.disruption import Disruption
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER
from workflows.places import DisruptedPlaces

OPERATIONS = Operations("hub-ops", ("shift-lead",))


@dataclass
class Ground:
    """A place of its own, the store, and what was said to whom."""

    client: Client
    queue: str
    database: Database
    key: str
    called: list[str] = field(default_factory=list)
    told: list[ActionRequest] = field(default_factory=list)
    mail_is_away: bool = False
    mail_goes: asyncio.Event | None = None
    """If it is set, the news that something has opened takes so long to send."""

    @property
    def rows(self) -> Disruptions:
        return Disruptions(self.database)

    @property
    def herald(self) -> Herald:
        return Herald(self.rows, DisruptedPlaces(self.client, self.queue))

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(disruption_workflow_id("hub", self.key))

    def notice(self, **changes: Any) -> Notice:
        return replace(Notice("hub", self.key, "Kim", wall_clock(), "down", note="no power"), **changes)

    async def declared(self, **changes: Any) -> Notice:
        notice = await self.rows.declare(self.notice(**changes))
        assert notice is not None
        await self.herald.tell(notice.place)
        return notice

    async def close(self) -> None:
        await self.rows.close("hub", self.key, None, now=wall_clock())
        await self.herald.tell(f"hub:{self.key}")

    async def tickets(self) -> list[tuple[str, str]]:
        return [(row.queue, row.status) for row in await Desk(self.database).tickets()]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not holds():  # noqa: ASYNC110 - what activities did is only known by looking
                await asyncio.sleep(0.02)

    async def announced(self) -> dict[str, Any]:
        """The snapshot once operations know of all that is open."""
        async with asyncio.timeout(15):
            while not _is_announced(seen := await self.handle.query("snapshot")):  # noqa: ASYNC110 - a query is the only way to know
                await asyncio.sleep(0.05)
        return dict(seen)

    async def look_again(self, delivery_id: str) -> None:
        if delivery_id == "D2":
            raise LookupError("it has ended")
        self.called.append(delivery_id)

    async def heeding(self, scope: str) -> Heeded:
        return Heeded(frozenset({"heeds"}), frozenset({"late"}))

    async def notify(self, request: ActionRequest) -> ActionResult:
        if self.mail_is_away:
            raise ApplicationError("the mail server is away")
        if self.mail_goes is not None and request.args["template"] == "disruption":
            await self.mail_goes.wait()
        if request.key not in [kept.key for kept in self.told]:  # as the ledger has it
            self.told.append(request)
        return ActionResult(Outcome.DONE, "email: sent")


def _is_announced(seen: dict[str, Any]) -> bool:
    return bool(seen["open"]) and all(one["told"] for one in seen["open"])


@asynccontextmanager
async def ground(client: Client, database: Database, queue: str | None = None) -> AsyncIterator[Ground]:
    on = Ground(client, queue or f"test-{uuid.uuid4().hex[:8]}", database, f"H{uuid.uuid4().hex[:8]}")
    async with working(on):
        yield on


@asynccontextmanager
async def working(on: Ground) -> AsyncIterator[None]:
    templates, ledger = Templates(SHIPPED_RULES / "templates"), Ledger(on.database)
    deeds = Disrupting(
        on.rows, on, on.heeding, Desk(on.database), templates, on, OPERATIONS, {on.key: "Europe/Helsinki"}, ledger, wall_clock
    )
    activities: list[Callable[..., Any]] = [deeds.take_up, deeds.wind_up, deeds.call_members, deeds.call_heeding, deeds.announce]
    async with Worker(on.client, task_queue=on.queue, workflows=[Disruption], activities=activities, interceptors=[Guard()]):
        yield


async def test_a_disruption_that_somebody_declares_has_one_ticket_and_one_message_until_somebody_closes_it(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        for number, version in enumerate(["heeds", "heeds", "other"], start=1):
            await Copies(database).write(another(f"D{number}", hub=on.key, rulebook_version=version, run_id=str(number)))

        await on.declared()
        seen = await on.announced()
        opened = await on.tickets()
        await on.herald.tell()  # once more does no harm
        await on.close()
        result = await on.handle.result()
        history = await on.handle.fetch_history()

    replayed = await Replayer(workflows=[Disruption], interceptors=[Guard()], data_converter=DATA_CONVERTER).replay_workflow(
        history
    )
    assert opened == [("hub-ops", "open")]
    assert (seen["open"][0]["affected"], seen["open"][0]["note"]) == (3, "no power")
    assert [(request.args["template"], request.says) for request in on.told] == [
        ("disruption", f"hub {on.key}: down"),
        ("disruption-over", f"hub {on.key}: down"),
    ]
    assert on.called == ["D1", "D1"]
    assert await on.tickets() == [("hub-ops", "solved")]
    assert result["told"] == {"1": "ticket 1 in hub-ops solved; shift-lead: email: sent"}
    assert await on.rows.untold() == ()
    assert replayed.replay_failure is None
    assert len(history.events) < 60


async def test_it_ends_by_itself_when_its_time_is_up(temporal: WorkflowEnvironment, database: Database) -> None:
    async with ground(temporal.client, database) as on:
        await on.declared(closes_at=wall_clock() + 2 * SECOND)

        await on.handle.result()

    assert [request.args["template"] for request in on.told] == ["disruption", "disruption-over"]
    assert await on.rows.open_at(wall_clock()) == ()
    assert await on.rows.untold() == ()


MEMBERS = 5_000


async def test_a_group_of_thousands_is_called_and_its_history_stays_short(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        question = Question(About.TOGETHER, f"hub:{on.key}", "b/down", at_least=MEMBERS, instead=True)
        now = wall_clock()
        joined = [
            {"rule": "b/down", "place": question.subject, "delivery_id": f"M{n:04}", "since": now} for n in range(MEMBERS - 1)
        ]
        async with database.writing() as connection:
            await connection.execute(insert(members), joined)
        await Groups(database).join(question, "last", now)

        await asyncio.gather(*(on.herald.tell(question.subject) for _ in range(5)))
        await on.until(lambda: len(on.called) == MEMBERS)
        seen = await on.handle.query("snapshot")
        await Groups(database).leave(replace(question, about=About.APART), "last", now + 1)
        await on.herald.tell(question.subject)
        await on.handle.result()
        history = await on.handle.fetch_history()

    assert len(set(on.called)) == MEMBERS
    assert [one["rule"] for one in seen["open"]] == ["b/down"]
    assert (on.told, await on.tickets()) == ([], [])
    assert len(history.events) < 100


async def test_a_mail_server_that_is_away_delays_nobody_and_what_is_over_by_then_is_not_told(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        on.mail_is_away = True
        await Copies(database).write(another("D1", hub=on.key, rulebook_version="heeds"))
        await on.declared()
        await on.until(lambda: on.called == ["D1"])

        await on.close()
        await on.until(lambda: on.called == ["D1", "D1"])
        on.mail_is_away = False
        await on.handle.result()

    assert [request.args["template"] for request in on.told] == ["disruption-over"]


async def test_what_is_over_while_operations_are_being_told_is_told_after_that(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    """It was told first that it was over, and a ticket that was slow to open stayed open for ever."""
    async with ground(temporal.client, database) as on:
        on.mail_goes = asyncio.Event()
        await Copies(database).write(another("D1", hub=on.key, rulebook_version="heeds"))
        await on.declared()
        await on.until(lambda: on.called == ["D1"])

        await on.close()
        await on.until(lambda: on.called == ["D1", "D1"])
        await asyncio.sleep(0.5)
        before = [*on.told]
        on.mail_goes.set()
        await on.handle.result()

    assert before == []
    assert [request.args["template"] for request in on.told] == ["disruption", "disruption-over"]


async def test_a_worker_that_ends_in_between_loses_and_doubles_nothing(temporal: WorkflowEnvironment, database: Database) -> None:
    async with ground(temporal.client, database) as on:
        await on.declared()
        await on.announced()
    await on.rows.close("hub", on.key, None, now=wall_clock())
    await on.herald.tell()

    async with working(on):
        await on.handle.result()

    assert [request.args["template"] for request in on.told] == ["disruption", "disruption-over"]
    assert await on.tickets() == [("hub-ops", "solved")]


async def test_several_kinds_on_one_place_are_one_workflow_that_ends_with_the_last(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        await on.declared()
        await on.declared(kind="strike")
        await on.until(lambda: len(on.told) == 2)
        await on.rows.close("hub", on.key, "down", now=wall_clock())
        await on.herald.tell()
        await on.until(lambda: len(on.told) == 3)
        left = await on.handle.query("snapshot")
        await on.close()
        await on.handle.result()

    assert [one["kind"] for one in left["open"]] == ["strike"]
    assert len(on.told) == 4


async def test_an_order_system_may_start_one_without_a_row_and_what_is_wrong_with_a_notice_is_said(
    temporal: WorkflowEnvironment, database: Database
) -> None:
    async with ground(temporal.client, database) as on:
        workflow_id = disruption_workflow_id("hub", on.key)
        for sent in ({}, {"scope": "hub", "key": "elsewhere", "declared_by": "Kim"}, None):
            with pytest.raises(WorkflowFailureError) as wrong:
                await on.client.execute_workflow(DISRUPTION, sent, id=workflow_id, task_queue=on.queue)
            assert isinstance(wrong.value.cause, ApplicationError)
            assert wrong.value.cause.type == "InvalidInput"

        handle = await on.client.start_workflow(
            DISRUPTION, {"scope": "hub", "key": on.key, "declared_by": "OMS"}, id=workflow_id, task_queue=on.queue
        )
        await handle.signal("opened", {"scope": 7})
        await handle.signal("nonsense", args=[1, 2])
        await handle.signal("closed", {"disruption_id": 2**31})
        await on.until(lambda: bool(on.told))
        seen = await handle.query("snapshot")
        await on.close()
        await handle.result()

    assert seen["open"][0]["disruption_id"] == 1
    assert seen["rejected"]["count"] == 3
    assert "unknown signal" in seen["rejected"]["last"][1]


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_cancelling_it_in_the_temporal_ui_ends_what_is_open(
    temporal: WorkflowEnvironment, database: Database, when: str
) -> None:
    async with ground(temporal.client, database) as on:
        await on.declared(closes_at=wall_clock() + HOUR)
        if when == "later":
            await on.announced()
        await on.handle.cancel()
        await on.handle.result()

    assert [request.args["template"] for request in on.told][-1] == "disruption-over"
    assert await on.rows.open_at(wall_clock() + MINUTE) == ()
    assert await on.rows.untold() == ()
