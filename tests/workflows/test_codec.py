"""With codec keys Temporal holds nothing that can be read, and nothing that cannot be opened keeps a delivery from going on."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory, WorkflowUpdateStage
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.instant import instant
from tests.workflows.books import ATTEMPT, MISSED_SCAN, a_book
from tests.workflows.garbage import JSON, failed_tasks, send_signal, send_start, send_update
from tests.workflows.stage import Stage, a_status, an_event, an_order, from_now, stage
from tests.workflows.test_delivery import acted, ended
from workflows.client import Deliveries, RefusedError, UnreachableError
from workflows.codec import Codec, CodecKeys, read_keys, sealed
from workflows.contract import DELIVERY, delivery_workflow_id
from workflows.delivery import Delivery
from workflows.guard import Guard
from workflows.payloads import data_converter

OLD = "k1:" + "A" * 43 + "="
NEW = "k2:" + "B" * 42 + "A="
STRANGE = "k3:" + "C" * 42 + "A="


def keys(*rows: str) -> CodecKeys:
    found = read_keys(",".join(rows))
    assert found is not None
    return found


def by(client: Client, *rows: str, plain_until: str | None = None) -> Client:
    """A client of the same server with keys."""
    codec = Codec(keys(*rows), instant(datetime.fromisoformat(plain_until)) if plain_until else None)
    return Client(client.service_client, namespace=client.namespace, data_converter=data_converter(codec))


def without_keys(client: Client) -> Client:
    """An order system with the SDK as it comes."""
    return Client(client.service_client, namespace=client.namespace, data_converter=pydantic_data_converter)


def written(event: Any) -> Payload:
    return Payload(metadata=JSON, data=pydantic_data_converter.payload_converter.to_payload(event).data)


async def replays(history: WorkflowHistory, *rows: str, plain_until: str | None = None) -> Exception | None:
    codec = Codec(keys(*rows), instant(datetime.fromisoformat(plain_until)) if plain_until else None)
    telling = replace(data_converter(codec), failure_converter_class=DefaultFailureConverter)
    replayer = Replayer(workflows=[Delivery], interceptors=[Guard()], data_converter=telling)
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


async def rejected(on: Stage, delivery_id: str) -> int:
    return int((await on.snapshot(delivery_id))["rejected"]["count"])


MARKERS = ("Marker Maija", "marker@example.test", "+358409990001", "Markkerikatu 7", "left with Marker Matti")


async def test_nothing_that_temporal_keeps_of_a_sealed_delivery_can_be_read(temporal: WorkflowEnvironment) -> None:
    order = an_order(
        customer={"name": MARKERS[0], "email": MARKERS[1], "phone": MARKERS[2]},
        destination={"timezone": "Europe/Helsinki", "address": MARKERS[3]},
    )
    async with stage(by(temporal.client, OLD), a_book(MISSED_SCAN, ATTEMPT)) as on:
        delivery_id = str((await on.deliveries.start(order))["delivery_id"])
        await on.deliveries.report(delivery_id, [an_event("attempt_failed", detail={"text": MARKERS[4]})])
        await on.until(delivery_id, acted("notify.customer", "done"))
        await on.deliveries.ask(delivery_id, "instruct", {"text": MARKERS[4], "by": "customer"})
        with pytest.raises(RefusedError, match="no incident with this id"):
            await on.deliveries.ask(delivery_id, "acknowledge", {"incident_id": MARKERS[4], "by": "operator"})
        snapshot = await on.snapshot(delivery_id)
        await on.deliveries.report(delivery_id, [a_status("delivered")])
        await ended(on, delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()
        described = await on.deliveries.handle(delivery_id).describe()

    kept = b"".join(event.SerializeToString() for event in history.events) + described.raw_description.SerializeToString()
    assert [marker for marker in MARKERS if marker.encode() in kept] == []
    assert snapshot["incidents"]
    assert await replays(history, OLD) is None


async def test_what_cannot_be_opened_is_refused_like_any_bad_input(temporal: WorkflowEnvironment) -> None:
    good = sealed(written(an_order()), keys(OLD))
    tampered = Payload(metadata=good.metadata, data=good.data[:-1] + bytes([good.data[-1] ^ 1]))
    strange = sealed(written(an_order()), keys(STRANGE))
    short = Payload(metadata=good.metadata, data=b"short")
    nameless = Payload(metadata={"encoding": b"binary/encrypted"}, data=good.data)
    nothing = Payload(metadata=good.metadata, data=sealed_bytes(b"\xff\xff no payload"))
    forged = Payload(metadata={"encoding": b"doorstep/unreadable", "doorstep-sealed": b"\xff" * 9000}, data=b"")
    marked = Payload(metadata={**JSON, "doorstep-sealed": b"no mark", "doorstep-plain-until": b"never"}, data=b"{}")
    async with stage(by(temporal.client, OLD), a_book(ATTEMPT)) as on:
        for bad, said in (
            (tampered, "changed on its way"), (strange, "'k3', which is not known here; known are k1"), (short, "too short"),
            (nameless, "'', which is not known"), (nothing, "no payload in what was sealed"), (forged, "cannot be opened"),
            (marked, "delivery_id"),
        ):  # fmt: skip
            with pytest.raises(WorkflowFailureError) as failure:
                await on.client.get_workflow_handle(await send_start(on.client, on.queue, [bad])).result()
            assert isinstance(failure.value.cause, ApplicationError)
            assert failure.value.cause.type == "InvalidInput"
            assert said in failure.value.cause.message

        delivery_id = await on.start()
        workflow_id = delivery_workflow_id(delivery_id)
        for bad in (tampered, strange, short, nameless, nothing, forged, marked) * 20:
            await send_signal(on.client, workflow_id, "report", [bad])
        for args in ([tampered, good], [strange, strange], [forged, strange, marked]):
            await send_signal(on.client, workflow_id, "report", args)
        for bad in (tampered, strange, short, nameless, nothing, forged, marked):
            assert (await send_update(on.client, workflow_id, "amend", [bad])).HasField("failure")

        assert await rejected(on, delivery_id) == 143
        assert await failed_tasks(on.client, workflow_id) == 0
        history = await on.deliveries.handle(delivery_id).fetch_history()
    assert await replays(history, OLD) is None


def sealed_bytes(data: bytes) -> bytes:
    nonce = b"n" * 12
    return nonce + keys(OLD).by_id["k1"].encrypt(nonce, data, None)


async def test_a_key_that_came_late_changes_nothing_that_was_decided(temporal: WorkflowEnvironment) -> None:
    """On replay the event of before can be read, and was refused; without the mark the delivery would stand still for ever."""
    book, queue = a_book(ATTEMPT), f"late-key-{uuid.uuid4().hex[:8]}"
    early = sealed(written(an_event("attempt_failed")), keys(NEW))
    async with stage(by(temporal.client, OLD), book, queue=queue) as on:
        delivery_id = await on.start()
        workflow_id = delivery_workflow_id(delivery_id)
        await send_signal(on.client, workflow_id, "report", [early])
        assert await rejected(on, delivery_id) == 1

    async with stage(by(temporal.client, OLD, NEW), book, queue=queue) as on:
        assert await rejected(on, delivery_id) == 1
        await send_signal(on.client, workflow_id, "report", [early])
        await on.until(delivery_id, acted("notify.customer", "done"))
        snapshot = await on.snapshot(delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    assert (snapshot["attempts"], snapshot["rejected"]["count"]) == (1, 1)
    assert await failed_tasks(temporal.client, workflow_id) == 0
    assert await replays(history, OLD, NEW) is None


async def test_keys_are_changed_while_deliveries_run(temporal: WorkflowEnvironment) -> None:
    """The order of docs/security.md: the new key opens everywhere, then it seals, then the old one only opens what is left."""
    book, queue = a_book(ATTEMPT), f"rotation-{uuid.uuid4().hex[:8]}"
    async with stage(by(temporal.client, OLD), book, queue=queue) as on:
        delivery_id = await on.start()
    for rows in ((OLD, NEW), (NEW, OLD)):
        async with stage(by(temporal.client, *rows), book, queue=queue) as on:
            await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
            await on.until(delivery_id, acted("notify.customer", "done"))
            await on.deliveries.ask(delivery_id, "reschedule", {"end": from_now(hours=8), "by": "customer"})

    async with stage(by(temporal.client, NEW, OLD), book, queue=queue) as on:
        snapshot = await on.snapshot(delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()
    kept = b"".join(event.SerializeToString() for event in history.events)
    used = {key for key in ("k1", "k2") if f"encryption-key-id\x12\x02{key}".encode() in kept}
    assert (snapshot["attempts"], snapshot["rejected"]["count"], used) == (2, 0, {"k1", "k2"})
    assert await replays(history, NEW, OLD) is None
    assert "DOORSTEP_CODEC_KEYS has to hold every key" in str(await replays(history, NEW))


async def test_an_order_system_without_a_key_may_send_and_learns_only_how_it_went(temporal: WorkflowEnvironment) -> None:
    order = an_order()
    async with stage(by(temporal.client, OLD), a_book(ATTEMPT)) as on:
        plain = without_keys(on.client)
        handle = await plain.start_workflow(DELIVERY, order, id=delivery_workflow_id(order["delivery_id"]), task_queue=on.queue)
        await handle.signal("report", an_event("attempt_failed"))
        accepted = await handle.start_update("accepted", {}, wait_for_stage=WorkflowUpdateStage.COMPLETED)
        await on.until(order["delivery_id"], acted("notify.customer", "done"))

        with pytest.raises(Exception, match="binary/encrypted"):
            await accepted.result()
        refused = await send_update(plain, handle.id, "reschedule", [written({"end": "tomorrow", "by": "shop"})])
        with pytest.raises(UnreachableError, match="sealed with the key 'k1'; set DOORSTEP_CODEC_KEYS"):
            await Deliveries(temporal.client, on.queue).query(order["delivery_id"], "snapshot")

        assert refused.failure.message == "Encoded failure"
        assert refused.failure.application_failure_info.type == "InvalidInput"


async def test_after_the_day_that_is_set_nothing_unsealed_is_taken(temporal: WorkflowEnvironment) -> None:
    past = "2026-01-01T00:00:00Z"
    async with stage(by(temporal.client, OLD, plain_until=past), a_book(ATTEMPT)) as on:
        plain = written(an_order())
        with pytest.raises(WorkflowFailureError) as failure:
            await on.client.get_workflow_handle(await send_start(on.client, on.queue, [plain])).result()
        delivery_id = await on.start()
        workflow_id = delivery_workflow_id(delivery_id)
        await send_signal(on.client, workflow_id, "report", [written(an_event("attempt_failed"))])
        outcome = await send_update(on.client, workflow_id, "reschedule", [written({"end": from_now(hours=8), "by": "shop"})])
        await on.deliveries.report(delivery_id, [an_event("scan")])
        snapshot = await on.snapshot(delivery_id)
        history = await on.deliveries.handle(delivery_id).fetch_history()

    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "InvalidInput"
    assert "since 2026-01-01T00:00:00Z only sealed payloads are taken" in failure.value.cause.message
    assert outcome.HasField("failure")
    assert (snapshot["attempts"], snapshot["events_seen"], snapshot["rejected"]["count"]) == (0, 1, 1)
    assert await replays(history, OLD, plain_until=past) is None


async def test_until_that_day_what_is_unsealed_is_taken(temporal: WorkflowEnvironment) -> None:
    async with stage(by(temporal.client, OLD, plain_until="2090-01-01T00:00:00Z"), a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        await send_signal(on.client, delivery_workflow_id(delivery_id), "report", [written(an_event("attempt_failed"))])
        await on.until(delivery_id, acted("notify.customer", "done"))

        assert await rejected(on, delivery_id) == 0
