"""What other programs decide over HTTP: who may, which deliveries hear of it, and what is answered."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from temporalio.testing import WorkflowEnvironment

from cli.serve import add_updates, keys_of
from domain.incident import Mode
from domain.instant import SECOND
from intake.keys import Keys
from intake.updates import UpdateDoor
from rules.book import Step
from settings import SettingsError, read_settings
from tests.workflows.books import FAILED, TELL, a_book, a_rule
from tests.workflows.stage import Stage, an_event, from_now, stage
from workflows.client import UnreachableError

KEY = "a-key-of-the-control-room"
BEARER = {"Authorization": f"Bearer {KEY}"}
ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, do=(TELL,))
HURRIED = a_rule("asking", FAILED, mode=Mode.PROPOSE, propose_for=SECOND, unanswered="drop", do=(TELL,))


@asynccontextmanager
async def door(on: Any, keys: tuple[str, ...] = (KEY,)) -> AsyncIterator[AsyncClient]:
    """A client of the gateway's doors for updates."""

    async def connected() -> Any:
        if isinstance(on, Exception):
            raise on
        return on

    app = FastAPI()
    add_updates(app, UpdateDoor(Keys(keys), connected))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep", headers=BEARER) as client:
        yield client


def asks(snapshot: Mapping[str, Any]) -> bool:
    return bool(snapshot["proposals"])


async def proposed(on: Stage) -> tuple[str, str]:
    """A delivery and what a rule proposes about it."""
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    return delivery_id, (await on.until(delivery_id, asks))["proposals"][0]["proposal_id"]


async def test_a_program_decides_a_proposal_once_however_often_it_sends_it(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, door(on.deliveries) as client:
        delivery_id, proposal = await proposed(on)
        path, body = f"/v1/deliveries/{delivery_id}/proposals/{proposal}", {"approve": True, "by": "Kim"}

        answers = [await client.post(path, json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        another = await client.post(path, json=body)

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json()["ok"] is True
        assert (another.status_code, another.json()["detail"]) == (409, "the proposal has been approved already by Kim")
        assert (await on.snapshot(delivery_id))["proposals"][0]["by"] == "Kim"


async def test_another_decision_under_a_used_key_is_another_call_and_not_taken_for_the_first(
    temporal: WorkflowEnvironment,
) -> None:
    """It was answered with what had come of the first, as if it had been done."""
    async with stage(temporal.client, a_book(ASKING)) as on, door(on.deliveries) as client:
        delivery_id = await on.start()
        path, key = f"/v1/deliveries/{delivery_id}/mute", {"Idempotency-Key": "once"}
        muted = {"rule": "asking", "until": from_now(hours=1), "reason": "known", "by": "Kim"}

        first = await client.post(path, json=muted, headers=key)
        other = await client.post(path, json={**muted, "rule": "no-such-rule"}, headers=key)

        assert (first.status_code, other.status_code) == (200, 404)


async def test_several_updates_with_one_body_under_one_key_are_all_done(temporal: WorkflowEnvironment) -> None:
    """Only the first was done; the others were answered as if they had been."""
    async with stage(temporal.client, a_book(a_rule("attempt", FAILED, do=(TELL,)))) as on, door(on.deliveries) as client:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        incident = (await on.until(delivery_id, lambda snapshot: bool(snapshot["open_incidents"])))["open_incidents"][0]
        body = {"incident_id": incident["incident_id"], "by": "Kim", "owner": "Lee", "resolution": "handled"}
        paths = [f"/v1/deliveries/{delivery_id}/{update}" for update in ("acknowledge", "claim", "resolve")]

        answers = [await client.post(path, json=body, headers={"Idempotency-Key": "once"}) for path in paths]

        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert (await on.snapshot(delivery_id))["open_incidents"] == []


async def test_a_proposal_in_the_path_or_in_the_body_is_the_same_call(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, door(on.deliveries) as client:
        delivery_id, proposal = await proposed(on)
        path, key = f"/v1/deliveries/{delivery_id}", {"Idempotency-Key": "once"}
        said = {"approve": True, "by": "Kim"}

        first = await client.post(f"{path}/proposals/{proposal}", json=said, headers=key)
        again = await client.post(f"{path}/decide", json={**said, "proposal_id": proposal}, headers=key)

        assert (first.status_code, again.status_code) == (200, 200)
        assert again.json() == first.json()


async def test_a_decision_after_the_deadline_says_that_it_is_too_late(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(HURRIED)) as on, door(on.deliveries) as client:
        delivery_id, proposal = await proposed(on)
        await on.until(delivery_id, lambda snapshot: snapshot["proposals"][0]["answer"] == "dropped")

        answer = await client.post(f"/v1/deliveries/{delivery_id}/proposals/{proposal}", json={"approve": True, "by": "Kim"})

        assert answer.status_code == 409
        assert "the time for a decision was over at" in answer.json()["detail"]


async def test_incidents_are_acknowledged_claimed_and_resolved_rules_muted_and_drivers_instructed(
    temporal: WorkflowEnvironment,
) -> None:
    rule = a_rule("attempt", FAILED, do=(Step("notify", {"who": "driver", "template": "running-late"}),))
    async with stage(temporal.client, a_book(rule)) as on, door(on.deliveries) as client:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        incident = (await on.until(delivery_id, lambda snapshot: bool(snapshot["open_incidents"])))["open_incidents"][0]
        about = {"incident_id": incident["incident_id"], "by": "Kim"}
        asked: dict[str, dict[str, Any]] = {
            "acknowledge": about,
            "claim": about | {"owner": "Lee"},
            "mute": {"rule": "attempt", "until": from_now(hours=1), "reason": "storm", "by": "Kim"},
            "instruct": {"text": "ring twice", "by": "Kim"},
            "resolve": about | {"resolution": "handled", "note": "called"},
        }

        answers = {name: await client.post(f"/v1/deliveries/{delivery_id}/{name}", json=body) for name, body in asked.items()}
        snapshot = await on.snapshot(delivery_id)

        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(asked, 200)
        assert (snapshot["incidents"][0]["owner"], snapshot["incidents"][0]["resolution"]) == ("Lee", "handled")
        assert snapshot["muted"][0]["reason"] == "storm"


@pytest.mark.parametrize(
    ("update", "body", "status", "says"),
    [
        pytest.param("acknowledge", {"incident_id": "none", "by": "Kim"}, 404, "no incident", id="unknown incident"),
        pytest.param("acknowledge", {"by": ""}, 422, "incident_id", id="wrong fields"),
        pytest.param("accepted", {}, 404, "no such update", id="not for people"),
    ],
)
async def test_what_a_delivery_refuses_is_a_problem_with_every_field(
    temporal: WorkflowEnvironment, update: str, body: dict[str, str], status: int, says: str
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, door(on.deliveries) as client:
        delivery_id = await on.start()

        answer = await client.post(f"/v1/deliveries/{delivery_id}/{update}", json=body)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert says in answer.json()["detail"]
        assert ("errors" in answer.json()) == (status != 404 or update == "acknowledge")


async def test_a_delivery_that_there_is_not_is_not_found(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, door(on.deliveries) as client:
        answer = await client.post("/v1/deliveries/D-none/cancel", json={"by": "Kim"})

        assert (answer.status_code, answer.json()["detail"]) == (404, "no delivery D-none is running")


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        pytest.param({"Authorization": ""}, (KEY,), id="no key"),
        pytest.param({"Authorization": "Bearer another-key-of-somebody"}, (KEY,), id="unknown key"),
        pytest.param({"Authorization": f"Basic {KEY}"}, (KEY,), id="another scheme"),
        pytest.param({}, (), id="no key is set"),
    ],
)
async def test_who_bears_no_key_is_not_heard(headers: dict[str, str], keys: tuple[str, ...]) -> None:
    async with door(AssertionError("nobody is to be asked"), keys) as client:
        answer = await client.post("/v1/deliveries/D-1/cancel", json={"by": "Kim"}, headers=headers)

        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_while_temporal_is_away_the_caller_is_asked_to_come_again() -> None:
    async with door(UnreachableError("no answer")) as client:
        answer = await client.post("/v1/deliveries/D-1/cancel", json={"by": "Kim"})

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param({"content": b"[]"}, 422, id="no object"),
        pytest.param({"content": b"{"}, 422, id="no JSON"),
        pytest.param({"content": b"{}", "headers": {"Idempotency-Key": "ä".encode("latin-1")}}, 422, id="no key"),
        pytest.param({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, id="another type"),
    ],
)
async def test_what_cannot_be_read_is_refused(sent: dict[str, Any], status: int) -> None:
    headers = {"Content-Type": "application/json", **sent.get("headers", {})}
    async with door(AssertionError("nobody is to be asked")) as client:
        answer = await client.post("/v1/deliveries/D-1/cancel", content=sent["content"], headers=headers)

        assert answer.status_code == status


def test_a_key_that_could_be_guessed_is_refused_without_being_quoted() -> None:
    settings = read_settings({"DOORSTEP_API_KEYS": f"{KEY},short"})

    with pytest.raises(SettingsError, match="fewer than 16 characters") as refused:
        keys_of(settings)

    assert "short" not in str(refused.value).split(";")[0].split()


async def test_text_that_is_no_text_is_refused() -> None:
    async with door(UnreachableError("nobody is asked")) as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/v1/deliveries/D-1/amend", content=b'{"by": "\\ud800"}', headers=headers)

    assert answer.status_code == 422, "half of a pair of surrogates cannot be passed on: it failed the call"
