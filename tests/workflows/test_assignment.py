"""Others are asked to take a delivery over: offers in turn or several at once, on a real Temporal server and a real store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    Interceptor,
    Replayer,
    SignalExternalWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from domain.instant import SECOND, from_iso
from rules.sentences import parse
from store.words import ReservationState
from tests.activities.fleet import has_backup, order_of, version_of
from tests.workflows.assigning import Doors, Town, reassigning, town
from tests.workflows.books import TICKET, a_rule
from tests.workflows.garbage import GARBAGE, send_signal, send_update
from tests.workflows.stage import Stage, a_status, stage
from tests.workflows.test_closing_actions import of
from tests.workflows.test_delivery import acted, is_open
from workflows.assignment import Assignment
from workflows.attributes import SCOPE
from workflows.client import RefusedError
from workflows.clock import wall_clock
from workflows.contract import ASSIGNMENT
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import DATA_CONVERTER


async def failed(on: Stage, where: Town, **order: Any) -> tuple[str, Doors]:
    """A delivery whose van is V1, and whose attempt failed: others are asked."""
    delivery_id = f"D-{len(where.outside.phones)}-{wall_clock()}"
    await where.has_driver(1, delivery_id)
    await begun(on, delivery_id, **order)
    return delivery_id, Doors(on.client, delivery_id)


async def begun(on: Stage, delivery_id: str, **order: Any) -> None:
    await on.start(delivery_id=delivery_id, driver_id="V1", route_id="R1", **order)
    await on.deliveries.report(delivery_id, [a_status("attempt_failed")])


async def until(doors: Doors, candidate: str, state: str) -> None:
    async with asyncio.timeout(15):
        while (await doors.offers()).get(candidate) != state:  # noqa: ASYNC110 - a query is the only way to know
            await asyncio.sleep(0.05)


async def assignments(on: Stage, delivery_id: str) -> list[tuple[str, str]]:
    """What the delivery learnt of offers and answers, in order."""
    history = await on.deliveries.query(delivery_id, "history")
    told = [event["detail"] for event in history["events"] if event["kind"] == "assignment"]
    return [(detail.get("driver_id") or detail["carrier"], detail["state"]) for detail in told]


def why(error: pytest.ExceptionInfo[WorkflowUpdateFailedError]) -> tuple[str | None, str]:
    cause = error.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type, cause.message


async def test_who_declines_and_who_does_not_answer_is_followed_by_the_next(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(2 * SECOND), **there.asking()) as on:
        for number in (2, 3, 4):
            await there.has_driver(number, f"X{number}")
        delivery_id, doors = await failed(on, there)

        await until(doors, "driver:V2", "offered")
        assert (await doors.answer(False, driver_id="V2"))["state"] == "declined"
        await until(doors, "driver:V3", "offered")
        await until(doors, "driver:V4", "offered")
        assert (await doors.answer(True, driver_id="V4"))["state"] == "accepted"
        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "reassign")["outcome"] == "done"
        assert "driver V4 takes it on route R4" in of(snapshot, "reassign")["note"]
        assert snapshot["assigned"] == {"carrier": "acme", "driver_id": "V4", "route_id": "R4"}
        assert acted("open_ticket", "done")(snapshot) is False
        assert await assignments(on, delivery_id) == [
            ("V2", "offered"),
            ("V2", "declined"),
            ("V3", "offered"),
            ("V3", "withdrawn"),
            ("V4", "offered"),
            ("V4", "accepted"),
        ]
        timeline = [entry["what"] for entry in (await on.deliveries.query(delivery_id, "timeline"))["entries"]]
        assert "assignment declined V2 of acme (by Kim)" in timeline
        assert "assignment withdrawn V3 of acme (no answer in time)" in timeline
        assert "assignment accepted V4 of acme" in timeline
        assert await order_of(there.database, "R1") == []
        assert delivery_id in await order_of(there.database, "R4")
        assert await there.reserved(delivery_id) == {
            "driver:V2": ReservationState.RELEASED,
            "driver:V3": ReservationState.RELEASED,
            "driver:V4": ReservationState.COMMITTED,
        }
        assert there.outside.told == [
            ("V2", "assignment-offer"),
            ("V3", "assignment-offer"),
            ("V3", "assignment-withdrawn"),
            ("V4", "assignment-offer"),
        ]


async def test_the_same_answer_again_does_nothing_and_another_comes_too_late(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        for number in (2, 3):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        first, again = await asyncio.gather(doors.answer(False, driver_id="V2"), doors.answer(False, driver_id="V2"))
        later = await doors.answer(False, driver_id="V2")
        await until(doors, "driver:V3", "offered")
        with pytest.raises(WorkflowUpdateFailedError) as late:
            await doors.answer(True, driver_id="V2")
        with pytest.raises(WorkflowUpdateFailedError) as nobody:
            await doors.answer(True, driver_id="V9")
        with pytest.raises(WorkflowUpdateFailedError) as unreadable:
            await doors.answer(True)

        assert {first["state"], again["state"], later["state"]} == {"declined"}
        assert later["repeated"] is True
        assert why(late)[0] == "Conflict"
        assert "this offer is over since" in why(late)[1]
        assert "V2 declined: by Kim" in why(late)[1]
        assert why(nobody) == ("NotFound", "nothing was offered to driver:V9; offered to: driver:V2, driver:V3")
        assert why(unreadable)[0] == "InvalidInput"
        assert [told for told in await assignments(on, delivery_id) if told[1] == "declined"] == [("V2", "declined")]


async def test_of_several_at_once_the_first_who_accepts_has_it_and_the_others_are_told(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    book = reassigning(60 * SECOND, at_once=2)
    async with town(tmp_path) as there, stage(temporal.client, book, **there.asking()) as on:
        for number in (2, 3, 4):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V3", "offered")
        assert await doors.offers() == {"driver:V2": "offered", "driver:V3": "offered"}

        both = await asyncio.gather(
            doors.answer(True, driver_id="V2"), doors.answer(True, driver_id="V3"), return_exceptions=True
        )
        await on.until(delivery_id, acted("reassign", "done"))
        await doors.handle.result()

        assert sum(not isinstance(one, Exception) for one in both) == 1
        assert sorted((await doors.offers()).values()) == ["accepted", "withdrawn"]
        moved = [route for route in ("R2", "R3") if delivery_id in await order_of(there.database, route)]
        assert len(moved) == 1
        assert sorted((await there.reserved(delivery_id)).values()) == ["committed", "released"]
        assert "assignment-withdrawn" in {template for _, template in there.outside.told}


@pytest.mark.parametrize(
    ("answers", "outcome"), [pytest.param(True, "declined", id="all decline"), pytest.param(False, "unanswered", id="no answer")]
)
async def test_when_nobody_takes_it_otherwise_is_done(
    temporal: WorkflowEnvironment, tmp_path: Path, answers: bool, outcome: str
) -> None:
    within = 60 * SECOND if answers else SECOND
    async with town(tmp_path) as there, stage(temporal.client, reassigning(within), **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        if answers:
            await until(doors, "driver:V2", "offered")
            await doors.answer(False, driver_id="V2", note="too far")

        snapshot = await on.until(delivery_id, acted("notify.customer", "done"))

        assert of(snapshot, "reassign")["outcome"] == outcome
        assert of(snapshot, "open_ticket")["outcome"] == "done"
        assert await order_of(there.database, "R1") == [delivery_id]
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}


async def test_when_there_is_nobody_to_ask_it_says_why(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(SECOND), **there.asking()) as on:
        delivery_id, _ = await failed(on, there)

        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        assert of(snapshot, "reassign")["outcome"] == "no_help"
        assert "carrier acme has no other driver that day" in of(snapshot, "reassign")["note"]


async def test_who_has_no_way_to_answer_is_told_and_has_it_at_once(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await has_backup(there.database, "zipvan", 450)
        delivery_id, doors = await failed(on, there)

        snapshot = await on.until(delivery_id, acted("reassign", "done"))

        assert of(snapshot, "reassign")["note"] == "carrier zipvan takes it for 4.50 EUR"
        assert snapshot["assigned"]["carrier"] == "zipvan"
        assert await doors.offers() == {"carrier:zipvan": "accepted"}
        assert there.outside.calls == []


async def test_carriers_answer_at_once_or_later_and_status_proof_and_number_go_along(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        for carrier, cents in (("busy", 300), ("zipvan", 450)):
            await has_backup(there.database, carrier, cents)
            there.outside.takes.add(carrier)
        there.outside.answers["busy", "assignment.offered"] = {"accepted": False, "reason": "full today"}
        delivery_id, doors = await failed(on, there, tracking_numbers=["1Z999"])
        await until(doors, "carrier:zipvan", "offered")
        await doors.answer(True, carrier="zipvan", tracking_number="ZV-7")
        snapshot = await on.until(delivery_id, acted("reassign", "done"))
        await on.until(delivery_id, lambda seen: len(on.paper.copies) > 0 and on.paper.copies[-1].carrier == "zipvan")

        assert snapshot["status"] == "attempt_failed"
        assert await assignments(on, delivery_id) == [
            ("busy", "offered"),
            ("busy", "declined"),
            ("zipvan", "offered"),
            ("zipvan", "accepted"),
        ]
        handed = next(data["handover"] for _, type, data in there.outside.calls if type == "assignment.taken")
        assert (handed["status"], handed["attempts"], handed["tracking_numbers"]) == ("attempt_failed", 1, ["1Z999"])
        assert handed["customer"]["name"] == "Aino"
        assert on.paper.copies[-1].more_numbers == (("zipvan", "ZV-7"),)
        assert on.paper.copies[-1].tracking_numbers == ("1Z999",)


async def test_a_carrier_that_refuses_the_handover_does_not_get_it(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await has_backup(there.database, "zipvan", 450)
        there.outside.takes.add("zipvan")
        there.outside.answers["zipvan", "assignment.taken"] = {"accepted": False, "reason": "the van just left"}
        delivery_id, doors = await failed(on, there)
        await until(doors, "carrier:zipvan", "offered")

        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await doors.answer(True, carrier="zipvan")
        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        assert why(refused)[0] == "Conflict"
        assert "the van just left" in why(refused)[1]
        assert snapshot["assigned"]["carrier"] == "acme"
        assert await order_of(there.database, "R1") == [delivery_id]
        assert [type for _, type, _ in there.outside.calls] == ["assignment.offered", "assignment.taken", "assignment.withdrawn"]
        assert await there.reserved(delivery_id) == {"carrier:zipvan": ReservationState.RELEASED}


async def test_who_accepts_what_no_longer_fits_does_not_get_it_and_the_next_is_asked(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        for number in (2, 3):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")
        await no_longer_drives(there, "R2")

        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await doors.answer(True, driver_id="V2")
        await until(doors, "driver:V3", "offered")
        await doors.answer(True, driver_id="V3")
        snapshot = await on.until(delivery_id, acted("reassign", "done"))

        assert "driver V2 does not drive route R2 any more" in why(refused)[1]
        assert snapshot["assigned"]["driver_id"] == "V3"
        assert await there.reserved(delivery_id) == {
            "driver:V2": ReservationState.RELEASED,
            "driver:V3": ReservationState.COMMITTED,
        }


async def no_longer_drives(there: Town, route_id: str) -> None:
    from sqlalchemy import update

    from store.tables import routes

    async with there.database.writing() as connection:
        await connection.execute(update(routes).where(routes.c.route_id == route_id).values(carrier="another"))


async def test_when_the_incident_ends_open_offers_are_withdrawn_and_the_room_is_given_back(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(600 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        await on.deliveries.ask(
            delivery_id, "resolve", {"incident_id": f"{delivery_id}:1:failed:1", "resolution": "handled", "by": "Kim"}
        )
        result = await asyncio.wait_for(doors.handle.result(), 15)

        assert result["outcome"] == "no_help"
        assert await doors.offers() == {"driver:V2": "withdrawn"}
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}
        assert there.outside.told[-1] == ("V2", "assignment-withdrawn")


async def test_a_delivery_that_ends_takes_its_offers_back(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(600 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await asyncio.wait_for(doors.handle.result(), 15)

        assert await doors.offers() == {"driver:V2": "withdrawn"}
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}


async def test_an_assignment_whose_delivery_is_gone_stops_at_the_next_offer(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(SECOND), **there.asking()) as on:
        for number in (2, 3, 4):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        await on.deliveries.handle(delivery_id).terminate("lost")
        result = await asyncio.wait_for(doors.handle.result(), 15)

        assert result["note"] == "withdrawn: the delivery has ended"
        assert set((await there.reserved(delivery_id)).values()) == {ReservationState.RELEASED}


async def test_two_deliveries_at_once_are_never_promised_the_same_room(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await there.has_driver(1, "D-one", "D-two")
        await there.has_driver(2, capacity=1)

        await asyncio.gather(begun(on, "D-one"), begun(on, "D-two"))
        doors = {delivery_id: Doors(on.client, delivery_id) for delivery_id in ("D-one", "D-two")}
        async with asyncio.timeout(15):
            while not (lucky := [one for one in doors if (await doors[one].offers()).get("driver:V2") == "offered"]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await doors[lucky[0]].answer(True, driver_id="V2")
        other = next(delivery_id for delivery_id in doors if delivery_id not in lucky)
        snapshot = await on.until(other, acted("open_ticket", "done"))

        assert await order_of(there.database, "R2") == lucky
        assert "has no room" in of(snapshot, "reassign")["note"]


async def test_another_worker_goes_on_where_the_first_one_stopped_and_the_history_replays(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there:
        for number in (2, 3):
            await there.has_driver(number)
        async with stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
            delivery_id, doors = await failed(on, there)
            await until(doors, "driver:V2", "offered")
        async with stage(temporal.client, reassigning(60 * SECOND), queue=on.queue, **there.asking()) as later:
            await doors.answer(False, driver_id="V2")
            await until(doors, "driver:V3", "offered")
            await doors.answer(True, driver_id="V3")
            await later.until(delivery_id, acted("reassign", "done"))
            await doors.handle.result()
            histories = [await doors.handle.fetch_history(), await later.deliveries.handle(delivery_id).fetch_history()]

        assert there.outside.told == [("V2", "assignment-offer"), ("V3", "assignment-offer")]
        assert await version_of(there.database, "R3") == 2

    replayer = Replayer(workflows=[Delivery, Assignment], interceptors=[Guard()], data_converter=DATA_CONVERTER)
    for history in histories:
        assert (await replayer.replay_workflow(history)).replay_failure is None
    assert len(histories[0].events) < 100


async def test_bad_input_is_refused_with_every_mistake(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(SECOND), **there.asking()) as on:
        wrong: list[list[Any]] = [[], [None], [{"number": "x"}], [{}, {}]]
        for number, args in enumerate(wrong):
            with pytest.raises(WorkflowFailureError) as refused:
                await on.client.execute_workflow(
                    "Assignment", args=args, id=f"assignment-{on.queue}-{number}", task_queue=on.queue
                )
            cause = refused.value.cause
            assert isinstance(cause, ApplicationError)
            assert cause.type == "InvalidInput"


async def test_it_is_found_by_its_scope(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        described = await doors.handle.describe()

        assert described.typed_search_attributes[SCOPE] == f"delivery:{delivery_id}"
        assert described.parent_id == f"delivery-{delivery_id}"


async def test_an_answer_after_the_end_is_told_how_it_ended(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        for number in (2, 3):
            await there.has_driver(number)
        _, doors = await failed(on, there)
        id = doors.handle.id.removeprefix("assignment-")
        await until(doors, "driver:V2", "offered")
        await on.deliveries.answer_offer(id, {"driver_id": "V2", "accept": False, "by": "Kim"})
        await until(doors, "driver:V3", "offered")
        await on.deliveries.answer_offer(id, {"driver_id": "V3", "accept": True, "by": "Kim"})
        await doors.handle.result()

        again = await on.deliveries.answer_offer(id, {"driver_id": "V3", "accept": True, "by": "Kim"})
        with pytest.raises(RefusedError, match=r"this offer is over since .*: declined: by Kim") as late:
            await on.deliveries.answer_offer(id, {"driver_id": "V2", "accept": True, "by": "Kim"})
        with pytest.raises(LookupError, match="there is no assignment nowhere-1"):
            await on.deliveries.answer_offer("nowhere-1", {"driver_id": "V2", "accept": True, "by": "Kim"})

        assert (again["state"], again["repeated"]) == ("accepted", True)
        assert late.value.type == "Conflict"
        assert (await on.deliveries.offers(id))["outcome"] == "done"


async def test_a_person_decides_who_takes_it_over(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await there.has_driver(1, "D-hand")
        for number in (2, 3):
            await there.has_driver(number)
        there.outside.takes.add("zipvan")
        delivery_id = await on.start(delivery_id="D-hand", driver_id="V1", route_id="R1")

        answer = await on.deliveries.ask(delivery_id, "reassign", {"driver_id": "V3", "by": "Kim"})
        with_driver = await on.until(delivery_id, lambda seen: seen["assigned"]["driver_id"] == "V3")
        with pytest.raises(RefusedError, match="driver:V9 cannot take it"):
            await on.deliveries.ask(delivery_id, "reassign", {"driver_id": "V9", "by": "Kim"})
        await on.deliveries.ask(delivery_id, "reassign", {"carrier": "zipvan", "by": "Kim"})
        snapshot = await on.until(delivery_id, lambda seen: seen["assigned"]["carrier"] == "zipvan")

        assert "driver V3 takes it on route R3" in answer["note"]
        assert with_driver["assigned"]["route_id"] == "R3"
        assert snapshot["assigned"]["driver_id"] is None
        assert await order_of(there.database, "R3") == []
        assert [type for _, type, _ in there.outside.calls] == ["assignment.taken"]
        history = await on.deliveries.query(delivery_id, "history")
        assert "goes to driver:V3" in [event.get("detail", {}).get("text") for event in history["events"]]


async def test_a_dispatch_system_is_asked_for_drivers_and_told_of_the_new_plans(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        there.outside.phones.clear()
        there.outside.dispatch = True
        there.outside.answers["dispatch", "assignment.offered"] = {"accepted": True}
        _, doors = await failed(on, there)

        async with asyncio.timeout(15):
            while not await doors.offers():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        result = await doors.handle.result()

        assert [offer["state"] for offer in result["offers"]] == ["accepted"]
        told = [(type, data.get("plan", {}).get("route_id")) for _, type, data in there.outside.calls]
        assert told == [("assignment.offered", None), ("route.plan_changed", "R1"), ("route.plan_changed", "R2")]


async def test_the_rule_for_what_is_not_accepted_works_on_these_offers(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    book = reassigning(60 * SECOND)
    sentence = parse("assignment offered not followed by assignment accepted within 2s")
    book = replace(book, rules=(*book.rules, a_rule("not-accepted", sentence, do=(TICKET,))))
    async with town(tmp_path) as there, stage(temporal.client, book, **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        await on.until(delivery_id, is_open("not-accepted"))
        await doors.answer(True, driver_id="V2")
        snapshot = await on.until(delivery_id, lambda seen: not is_open("not-accepted")(seen))

        cured = next(incident for incident in snapshot["incidents"] if incident["rule"] == "not-accepted")
        assert cured["resolution"] == "cured"


async def test_cancelled_in_temporal_it_takes_its_offers_back(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    async with town(tmp_path) as there, stage(temporal.client, reassigning(600 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        await doors.handle.cancel()
        result = await asyncio.wait_for(doors.handle.result(), 15)
        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        assert result["note"] == "it was cancelled in Temporal"
        assert of(snapshot, "reassign")["outcome"] == "no_help"
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}


class CancelledMeanwhile(WorkflowOutboundInterceptor):
    """Somebody cancels an assignment in the very task in which it tells of an offer: when it hears of it, the signal is on its way."""

    def __init__(self, next: WorkflowOutboundInterceptor, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(next)
        self._client, self._loop = client, loop

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        if self.info().workflow_type == ASSIGNMENT and not workflow.unsafe.is_replaying():
            cancel = self._client.get_workflow_handle(self.info().workflow_id).cancel()
            with workflow.unsafe.sandbox_unrestricted(), contextlib.suppress(TimeoutError, RPCError):
                asyncio.run_coroutine_threadsafe(cancel, self._loop).result(1.5)
        await super().signal_external_workflow(input)


class WithCancelling(Interceptor):
    def __init__(self, client: Client) -> None:
        self._client, self._loop = client, asyncio.get_running_loop()

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        client, loop = self._client, self._loop

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(CancelledMeanwhile(outbound, client, loop))

        return Inbound


async def test_cancelled_while_it_tells_of_an_offer_it_takes_its_offers_back_too(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    """The SDK lost the cancelling, and the offer stood until its time was over."""
    meanwhile = [WithCancelling(temporal.client)]
    async with (
        town(tmp_path) as there,
        stage(temporal.client, reassigning(600 * SECOND), **there.asking(), interceptors=meanwhile) as on,
    ):
        for number in (2, 3):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)

        snapshot = await on.until(delivery_id, acted("open_ticket", "done"), within=30)
        result = await asyncio.wait_for(doors.handle.result(), 30)

        assert result["note"] == "it was cancelled in Temporal"
        assert [offer["state"] for offer in result["offers"]] == ["withdrawn"]
        assert of(snapshot, "reassign")["outcome"] == "no_help"
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}


@contextlib.asynccontextmanager
async def cancelled_while_it_ends(on: Stage, there: Town) -> AsyncIterator[tuple[str, Doors]]:
    """Somebody withdraws the assignment, and somebody cancels it while the driver is being told; nobody is told before the end."""
    await there.has_driver(2)
    there.outside.takes_back = asyncio.Event()
    delivery_id, doors = await failed(on, there)
    await until(doors, "driver:V2", "offered")
    await doors.handle.signal("withdraw", {"reason": "Kim drives it"})
    await happened(doors, "ActivityTaskScheduled", "assignment_withdraw")
    await doors.handle.cancel()
    await happened(doors, "WorkflowExecutionCancelRequested", then="WorkflowTaskCompleted")
    yield delivery_id, doors
    there.outside.takes_back.set()


async def test_cancelled_while_it_ends_it_tells_its_delivery_all_the_same(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    """It told nothing: the delivery waited for it until the longest that an action may take, and only then did `otherwise`."""
    async with town(tmp_path) as there, stage(temporal.client, reassigning(600 * SECOND), **there.asking()) as on:
        async with cancelled_while_it_ends(on, there) as (delivery_id, doors):
            pass

        result = await asyncio.wait_for(doors.handle.result(), 30)
        snapshot = await on.until(delivery_id, acted("open_ticket", "done"))

        assert result["note"] == "withdrawn: Kim drives it"
        assert [offer["state"] for offer in result["offers"]] == ["withdrawn"]
        assert of(snapshot, "reassign")["outcome"] == "no_help"
        assert await there.reserved(delivery_id) == {"driver:V2": ReservationState.RELEASED}
        assert there.outside.told == [("V2", "assignment-offer"), ("V2", "assignment-withdrawn")]


async def test_while_the_change_is_held_back_it_ends_at_once_as_before(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    """A worker of the version before could not go on with a note in the history that it does not know."""
    held = ["assignment-hears-cancelling", "assignment-ends-though-cancelled"]
    async with (
        town(tmp_path) as there,
        stage(temporal.client, reassigning(600 * SECOND), **there.asking(), held=held) as on,
        cancelled_while_it_ends(on, there) as (delivery_id, doors),
    ):
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(doors.handle.result(), 30)

        assert isinstance(ended.value.cause, CancelledError)
        assert of(await on.snapshot(delivery_id), "reassign")["outcome"] == "requested"


async def happened(doors: Doors, event: str, activity: str = "", *, then: str = "") -> None:
    """Waits until its history has an event (of one activity), and another one after it."""
    async with asyncio.timeout(30):
        while True:
            events = [one async for one in doors.handle.fetch_history_events()]
            names = [EventType.Name(one.event_type).removeprefix("EVENT_TYPE_").replace("_", "").lower() for one in events]
            types = [one.activity_task_scheduled_event_attributes.activity_type.name for one in events]
            found = [at for at, name in enumerate(names) if name == event.lower() and types[at] == activity]
            if found and (not then or then.lower() in names[found[0] :]):
                return
            await asyncio.sleep(0.05)


async def test_who_accepts_while_the_offer_is_taken_back_is_too_late_and_the_next_is_asked(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    """The answer was taken for that of an open offer: its room, given back already, was looked for again for two minutes."""
    async with town(tmp_path) as there, stage(temporal.client, reassigning(2 * SECOND), **there.asking()) as on:
        there.outside.takes_back = asyncio.Event()
        for number in (2, 3):
            await there.has_driver(number)
        delivery_id, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")
        async with asyncio.timeout(15):
            while (await there.reserved(delivery_id))["driver:V2"] is not ReservationState.RELEASED:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

        answering = asyncio.create_task(doors.answer(True, driver_id="V2"))
        await asyncio.sleep(0.5)
        there.outside.takes_back.set()
        with pytest.raises(WorkflowUpdateFailedError) as late:
            await asyncio.wait_for(answering, 15)
        await until(doors, "driver:V3", "offered")
        await doors.answer(True, driver_id="V3")
        await on.until(delivery_id, acted("notify.customer", "done"))

        assert why(late)[0] == "Conflict"
        assert [state for who, state in await assignments(on, delivery_id) if who == "V2"] == ["offered", "withdrawn"]


async def test_who_is_told_late_has_their_time_to_answer_all_the_same(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    """The time began before they were told: who sent messages slowly left nobody any."""
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        there.outside.takes_s = 1
        await there.has_driver(2)
        _, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")

        (offer,) = (await doors.handle.query("snapshot"))["offers"]

        assert from_iso(offer["until"]) - from_iso(offer["at"]) == 60 * SECOND


async def test_what_an_assignment_cannot_use_is_counted_and_nothing_comes_of_it(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    """Signals that it does not know were dropped without a trace, unlike those of the other workflows."""
    async with town(tmp_path) as there, stage(temporal.client, reassigning(60 * SECOND), **there.asking()) as on:
        await there.has_driver(2)
        _, doors = await failed(on, there)
        await until(doors, "driver:V2", "offered")
        for args in GARBAGE:
            await send_signal(on.client, doors.handle.id, "no_such_signal", args)
            outcome = await send_update(on.client, doors.handle.id, "answer", args)
            assert outcome.HasField("failure"), args

        told = await doors.handle.query("snapshot")

        assert told["rejected"]["count"] == len(GARBAGE)
        assert "unknown signal 'no_such_signal'; there is withdraw" in told["rejected"]["last"][-1]
        assert [offer["state"] for offer in told["offers"]] == ["offered"]
