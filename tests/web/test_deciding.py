"""Links for our own people: what is proposed is decided, incidents are acknowledged, by a button and by nothing else."""

import re

import pytest
from httpx import Response
from temporalio.testing import WorkflowEnvironment

from domain.incident import Mode
from domain.instant import DAY, SECOND, Instant
from domain.links import Links
from store.database import Database
from tests.gateway import PUBLIC, SECRET, Gateway, port_of, serving
from tests.workflows.books import FAILED, TELL, a_book, a_rule
from tests.workflows.stage import Stage, an_event, stage
from workflows.clock import wall_clock

ASKING = a_rule("asking", FAILED, mode=Mode.PROPOSE, do=(TELL,))
HURRIED = a_rule("asking", FAILED, mode=Mode.PROPOSE, propose_for=SECOND, unanswered="drop", do=(TELL,))
OPEN = a_rule("attempt", FAILED, do=(TELL,))


def path(link: str | None) -> str:
    assert link is not None
    return link.removeprefix(PUBLIC)


def deciding(proposal_id: str, at: Instant | None = None) -> str:
    return path(Links(PUBLIC, SECRET).deciding(proposal_id, "ops@example.test", wall_clock() if at is None else at, None))


async def proposed(on: Stage) -> tuple[str, str]:
    """A delivery, and what a rule proposes about it."""
    delivery_id = await on.start()
    await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
    snapshot = await on.until(delivery_id, lambda snapshot: bool(snapshot["proposals"]))
    return delivery_id, str(snapshot["proposals"][0]["proposal_id"])


async def sent(gateway: Gateway, where: str, page: Response, do: str) -> Response:
    form = re.search('name="form" value="([^"]+)"', page.text)
    assert form is not None
    return await gateway.client.post(where, data={"form": form[1], "do": do}, follow_redirects=True)


async def test_the_owner_of_the_rulebook_is_told_once_of_what_is_proposed(temporal: WorkflowEnvironment) -> None:
    async with stage(temporal.client, a_book(ASKING, owner="ops@example.test")) as on:
        delivery_id, proposal = await proposed(on)
        await on.until(delivery_id, lambda snapshot: [act["outcome"] for act in snapshot["actions"]] == ["done"])
        await on.deliveries.report(delivery_id, [an_event("note")])

        (asked,) = on.recorder.requests
        assert asked.key == f"{delivery_id}/1/asking/1/approver.all/0"
        assert asked.args == {
            "to": "ops@example.test",
            "proposal_id": proposal,
            "actions": ["notify.customer"],
            "cost": None,
            "due_at": None,
        }


async def test_to_look_decides_nothing_and_a_button_decides_once(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id, proposal = await proposed(on)
        where = deciding(proposal)

        pages = [await gateway.client.get(where) for _ in range(3)]
        await gateway.client.head(where)
        before = (await on.snapshot(delivery_id))["proposals"][0]["answer"]
        approved = await sent(gateway, where, pages[0], "approve")
        again = await sent(gateway, where, pages[1], "reject")
        after = (await on.snapshot(delivery_id))["proposals"][0]

        assert "notify.customer" in pages[0].text
        assert before is None
        assert "It was approved by ops@example.test." in approved.text
        assert "Approve</button>" not in approved.text
        assert "the proposal has been approved already by ops@example.test" in again.text
        assert (after["answer"], after["by"]) == ("approved", "ops@example.test")


async def test_after_the_deadline_the_page_says_what_became_of_it(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(HURRIED)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id, proposal = await proposed(on)
        page = await gateway.client.get(deciding(proposal))
        await on.until(delivery_id, lambda snapshot: snapshot["proposals"][0]["answer"] == "dropped")

        late = await sent(gateway, deciding(proposal), page, "approve")

        assert "the time for a decision was over at" in late.text
        assert "it was dropped" in late.text


async def test_an_incident_is_acknowledged_and_taken_in_hand_by_its_link(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(OPEN)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id = await on.start()
        await on.deliveries.report(delivery_id, [an_event("attempt_failed")])
        snapshot = await on.until(delivery_id, lambda snapshot: bool(snapshot["open_incidents"]))
        incident = snapshot["open_incidents"][0]["incident_id"]
        where = path(Links(PUBLIC, SECRET).acknowledging(incident, "shift-lead", wall_clock()))

        seen = await sent(gateway, where, await gateway.client.get(where), "acknowledge")
        taken = await sent(gateway, where, seen, "claim")
        (after,) = (await on.snapshot(delivery_id))["open_incidents"]

        assert "I have seen it" not in seen.text
        assert "shift-lead" in taken.text
        assert (after["acknowledged"], after["owner"]) == (True, "shift-lead")


async def test_a_link_is_good_for_what_it_was_made_for_and_for_its_time(
    temporal: WorkflowEnvironment, sqlite_database: Database
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        _, proposal = await proposed(on)
        track = path(Links(PUBLIC, SECRET).tracking("D-1", wall_clock()))
        paths = {
            "another kind": track.replace("/track/", "/decide/"),
            "changed": deciding(proposal)[:-2],
            "expired": deciding(proposal, wall_clock() - 8 * DAY),
            "of another delivery": deciding("D-none:1:asking:1"),
        }

        answers = {name: (await gateway.client.get(where)).status_code for name, where in paths.items()}

        assert answers == {"another kind": 404, "changed": 404, "expired": 410, "of another delivery": 410}


@pytest.mark.parametrize("do", ["approve", "nonsense"])
async def test_what_the_page_did_not_give_out_decides_nothing(
    temporal: WorkflowEnvironment, sqlite_database: Database, do: str
) -> None:
    async with stage(temporal.client, a_book(ASKING)) as on, serving(sqlite_database, port_of(temporal)) as gateway:
        delivery_id, proposal = await proposed(on)

        answer = await gateway.client.post(deciding(proposal), data={"do": do})

        assert "open for too long" in answer.text
        assert (await on.snapshot(delivery_id))["proposals"][0]["answer"] is None
