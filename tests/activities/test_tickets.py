"""Tickets on the real store: one per incident, whatever is retried."""

import asyncio
from pathlib import Path

import pytest

from activities.open_ticket import Ticketing
from domain.actions import Outcome
from domain.instant import MINUTE, Instant
from domain.ticket import TicketDraft
from integrations.messaging.templates import Templates
from store.database import Database
from store.ledger import Ledger
from store.tickets import Desk
from store.words import TicketStatus
from tests.activities.fleet import EIGHT, request

QUEUE = {"queue": "hub-ops"}


def ticketing(database: Database, tmp_path: Path, now: Instant = EIGHT) -> Ticketing:
    return Ticketing(Desk(database), Templates(tmp_path), Ledger(database), lambda: now)


async def test_a_ticket_says_what_the_rule_wrote_and_names_delivery_rule_and_severity(database: Database, tmp_path: Path) -> None:
    texts = {"title": "No scan since {{ last_scan.at | local_time }}", "body": "Call {{ driver }}.", "priority": "high"}

    asked = request("D1", {**QUEUE, **texts}, last_scan={"at": EIGHT - 5 * MINUTE}, driver="V7")
    result = await ticketing(database, tmp_path).open_ticket(asked)

    (ticket,) = await Desk(database).tickets(delivery_id="D1")
    assert (result.outcome, result.note) == (Outcome.DONE, f"ticket {ticket.ticket_id} in hub-ops opened")
    assert (ticket.queue, ticket.priority, ticket.status) == ("hub-ops", "high", TicketStatus.OPEN)
    assert ticket.title == "No scan since 07:55"
    assert ticket.body == "Call V7.\n\nDelivery D1: Behind the promise (rule late, severity high)"
    assert ticket.external_id == "D1:1:late:1"


async def test_without_a_title_it_says_what_the_rule_says(sqlite_database: Database, tmp_path: Path) -> None:
    await ticketing(sqlite_database, tmp_path).open_ticket(request("D1", QUEUE))

    (ticket,) = await Desk(sqlite_database).tickets()
    assert ticket.title == "Behind the promise: D1"


async def test_a_second_ticket_for_the_incident_is_a_comment_on_the_first_and_may_raise_its_priority(
    database: Database, tmp_path: Path
) -> None:
    desk = ticketing(database, tmp_path)
    await desk.open_ticket(request("D1", {**QUEUE, "priority": "high"}, key="K1"))

    result = await desk.open_ticket(request("D1", {**QUEUE, "priority": "urgent", "title": "Still gone"}, key="K2"))
    await desk.open_ticket(request("D1", {**QUEUE, "priority": "low"}, key="K3"))

    (ticket,) = await Desk(database).tickets()
    assert result.note == f"ticket {ticket.ticket_id} in hub-ops updated"
    assert (ticket.queue, ticket.priority) == ("hub-ops", "urgent")
    comments = await Desk(database).comments(ticket.ticket_id)
    assert [comment.body.splitlines()[0] for comment in comments] == ["Opened.", "Still gone", "Behind the promise: D1"]


async def test_a_ticket_that_is_opened_for_another_queue_moves_there_and_says_so(database: Database, tmp_path: Path) -> None:
    """It stayed in the first queue while the act named that queue too: who was escalated to never saw it."""
    desk = ticketing(database, tmp_path)
    await desk.open_ticket(request("D1", QUEUE, key="K1"))

    result = await desk.open_ticket(request("D1", {"queue": "duty-manager", "title": "Still gone"}, key="K2"))

    (ticket,) = await Desk(database).tickets(queue="duty-manager")
    assert result.note == f"ticket {ticket.ticket_id} in duty-manager updated, moved from hub-ops to duty-manager"
    comments = await Desk(database).comments(ticket.ticket_id)
    assert comments[-1].body.startswith("Moved from hub-ops to duty-manager.\n\nStill gone")
    assert await Desk(database).tickets(queue="hub-ops") == []


async def test_the_same_effect_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    first = await ticketing(database, tmp_path).open_ticket(request("D1", QUEUE))

    again = await ticketing(database, tmp_path, now=EIGHT + MINUTE).open_ticket(request("D1", QUEUE))

    (ticket,) = await Desk(database).tickets()
    assert again == first
    assert len(await Desk(database).comments(ticket.ticket_id)) == 1


async def test_what_was_filed_by_a_process_that_died_before_it_said_so_is_not_filed_again(
    database: Database, tmp_path: Path
) -> None:
    await ticketing(database, tmp_path).open_ticket(request("D1", QUEUE, key="K1"))
    desk = Desk(database)
    (ticket,) = await desk.tickets()
    await Ledger(database).claim(
        "K2", action="open_ticket", delivery_id="D1", incident_id="D1:1:late:1", deadline=EIGHT - 1, now=EIGHT - MINUTE
    )
    draft = Ticketing(desk, Templates(tmp_path), Ledger(database), lambda: EIGHT)
    await draft.open_ticket(request("D1", QUEUE, key="K2"))

    await desk.open(_draft_like(ticket.title), key="K2", now=EIGHT)

    assert len(await desk.comments(ticket.ticket_id)) == 2


async def test_many_at_once_open_one_ticket(database: Database) -> None:
    desk = Desk(database)

    filed = await asyncio.gather(*(desk.open(_draft_like("T"), key=f"K{n}", now=EIGHT) for n in range(8)))

    assert len({one.ticket_id for one in filed}) == 1
    assert sorted(one.news for one in filed) == ["opened"] + ["updated"] * 7
    (ticket,) = await desk.tickets()
    assert len(await desk.comments(ticket.ticket_id)) == 8


async def test_a_resolved_incident_solves_its_ticket(database: Database, tmp_path: Path) -> None:
    desk = ticketing(database, tmp_path)
    await desk.open_ticket(request("D1", QUEUE, key="K1"))

    result = await desk.solve_ticket(request("D1", {"note": "cured: scanned at STOP7"}, key="K2"))

    (ticket,) = await Desk(database).tickets(status=TicketStatus.SOLVED)
    assert (result.outcome, result.note) == (Outcome.DONE, f"ticket {ticket.ticket_id} in hub-ops solved")
    assert ticket.solved_at == EIGHT
    assert (await Desk(database).comments(ticket.ticket_id))[-1].body == "cured: scanned at STOP7"


async def test_an_incident_without_a_ticket_has_nothing_to_solve(sqlite_database: Database, tmp_path: Path) -> None:
    result = await ticketing(sqlite_database, tmp_path).solve_ticket(request("D1"))

    assert (result.outcome, result.note) == (Outcome.NO_HELP, "the incident has no ticket")


async def test_a_new_comment_reopens_a_solved_ticket(database: Database) -> None:
    desk = Desk(database)
    filed = await desk.open(_draft_like("T"), key="K1", now=EIGHT)
    await desk.solve("I1", "", key="K2", now=EIGHT)

    assert await desk.comment(int(filed.ticket_id), "ann", "the customer called again", EIGHT + MINUTE)

    (ticket,) = await desk.tickets(queue="hub-ops")
    assert (ticket.status, ticket.solved_at, ticket.updated_at) == (TicketStatus.REOPENED, None, EIGHT + MINUTE)


async def test_a_new_draft_reopens_a_solved_ticket_but_solving_again_late_does_not_close_it(database: Database) -> None:
    desk = Desk(database)
    await desk.open(_draft_like("T"), key="K1", now=EIGHT)
    await desk.solve("I1", "", key="K2", now=EIGHT)

    filed = await desk.open(_draft_like("T"), key="K3", now=EIGHT)
    await desk.solve("I1", "", key="K2", now=EIGHT)

    (ticket,) = await desk.tickets()
    assert filed.news == "reopened"
    assert ticket.status is TicketStatus.REOPENED


async def test_a_comment_on_no_ticket_is_refused(sqlite_database: Database) -> None:
    assert not await Desk(sqlite_database).comment(7, "ann", "hello", EIGHT)


@pytest.mark.parametrize("title", [pytest.param("{{ nothing.here }}", id="unknown"), pytest.param("{{ oops", id="broken")])
async def test_a_title_that_cannot_be_filled_in_fails_and_says_so(sqlite_database: Database, tmp_path: Path, title: str) -> None:
    result = await ticketing(sqlite_database, tmp_path).open_ticket(request("D1", {**QUEUE, "title": title}))

    assert result.outcome is Outcome.FAILED
    assert result.note
    assert await Desk(sqlite_database).tickets() == []


def _draft_like(title: str) -> TicketDraft:
    return TicketDraft("I1", "D1", "hub-ops", "normal", title, "body")
