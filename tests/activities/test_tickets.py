"""Tickets on the real store: one per incident, whatever is retried."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.open_ticket import Ticketing
from domain.actions import Outcome
from domain.instant import MINUTE, Instant
from domain.ticket import TicketDraft, TicketNote
from integrations.messaging.templates import Templates
from integrations.tickets.zendesk import Zendesk
from store.database import Database
from store.ledger import Ledger
from store.tickets import Desk
from store.words import TicketStatus
from tests.activities.fleet import EIGHT, request
from tests.zendesk import EMAIL, TOKEN, zendesk_account

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


async def test_the_ticket_of_an_incident_is_told_the_news_and_becomes_more_urgent_but_never_less(
    database: Database, tmp_path: Path
) -> None:
    desk = ticketing(database, tmp_path)
    await desk.open_ticket(request("D1", QUEUE, key="K1"))

    for number, severity in enumerate(("critical", "medium", None)):
        news = {"lines": ["Severity is critical now.", "reroute: could not help"], "severity": severity}
        result = await desk.update_ticket(request("D1", news, key=f"K2/{number}"))
    again = await desk.update_ticket(request("D1", news, key="K2/2"))

    (ticket,) = await Desk(database).tickets()
    assert (result.outcome, result.note) == (Outcome.DONE, f"ticket {ticket.ticket_id} in hub-ops updated")
    assert again == result
    assert (ticket.priority, ticket.status) == ("urgent", TicketStatus.OPEN)
    comments = await Desk(database).comments(ticket.ticket_id)
    assert [comment.body for comment in comments[1:]] == ["Severity is critical now.\nreroute: could not help"] * 3


async def test_news_do_not_reopen_a_ticket_that_was_solved(database: Database) -> None:
    desk = Desk(database)
    await desk.open(_draft_like("T"), key="K1", now=EIGHT)
    await desk.solve("I1", "", key="K2", now=EIGHT)

    await desk.update(TicketNote("I1", "Acknowledged by Ann."), key="K3", now=EIGHT)

    (ticket,) = await desk.tickets()
    assert ticket.status is TicketStatus.SOLVED


async def test_a_new_episode_reopens_the_ticket_of_the_last_one_and_has_it_from_then_on(
    database: Database, tmp_path: Path
) -> None:
    desk = ticketing(database, tmp_path)
    await desk.open_ticket(request("D1", QUEUE, key="K1"))
    await desk.solve_ticket(request("D1", {"note": "incident cured"}, key="K2"))

    third = replace(request("D1", QUEUE, key="K3"), incident_id="D1:1:late:3")
    result = await desk.open_ticket(third)
    again = await desk.open_ticket(replace(third, key="K4"))

    (ticket,) = await Desk(database).tickets()
    assert (ticket.external_id, ticket.status) == ("D1:1:late:3", TicketStatus.REOPENED)
    assert [result.note, again.note] == [f"ticket {ticket.ticket_id} in hub-ops {news}" for news in ("reopened", "updated")]


async def test_another_rule_has_a_ticket_of_its_own(sqlite_database: Database, tmp_path: Path) -> None:
    desk = ticketing(sqlite_database, tmp_path)
    await desk.open_ticket(request("D1", QUEUE, key="K1"))

    await desk.open_ticket(replace(request("D1", QUEUE, key="K2"), incident_id="D1:1:lost:2"))

    assert len(await Desk(sqlite_database).tickets()) == 2


async def test_a_worker_that_died_with_the_ticket_open_at_zendesk_leaves_one_ticket(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Killed after the desk had opened it and before the ledger knew: the next worker finds it by the incident."""
    asked = request("D1", QUEUE)
    async with zendesk_account() as account:
        desk = Zendesk(account.url, EMAIL, TOKEN, lambda: EIGHT)
        dying = Ticketing(desk, Templates(tmp_path), Dying(sqlite_database), lambda: EIGHT)
        with pytest.raises(Killed):
            await dying.open_ticket(asked)

        next_one = Ticketing(desk, Templates(tmp_path), Ledger(sqlite_database), lambda: EIGHT + MINUTE)
        result = await next_one.open_ticket(asked)

        await desk.close()
    assert (result.outcome, result.note) == (Outcome.DONE, "ticket 1 in hub-ops opened")
    assert (len(account.tickets), len(account.comments[1])) == (1, 1)


@pytest.mark.parametrize(
    ("status", "again"),
    [pytest.param(503, True, id="trouble"), pytest.param(401, True, id="credentials"), pytest.param(422, False, id="refused")],
)
async def test_a_desk_that_fails_is_tried_again_only_where_that_can_help(
    sqlite_database: Database, tmp_path: Path, status: int, again: bool
) -> None:
    async with zendesk_account() as account:
        account.failures.append((status, {}))
        desk = Zendesk(account.url, EMAIL, TOKEN, lambda: EIGHT)
        ticketing = Ticketing(desk, Templates(tmp_path), Ledger(sqlite_database), lambda: EIGHT)

        if again:
            with pytest.raises(ApplicationError, match=str(status)) as raised:
                await ticketing.open_ticket(request("D1", QUEUE))
            assert not raised.value.non_retryable
        else:
            result = await ticketing.open_ticket(request("D1", QUEUE))
            assert (result.outcome, result.note) == (Outcome.FAILED, "Zendesk refused it for good (422)")

        await desk.close()


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


class Killed(BaseException):
    """The process is gone."""


class Dying(Ledger):
    """Never gets to write how an effect ended."""

    async def close(self, *args: Any, **more: Any) -> None:
        raise Killed


def _draft_like(title: str) -> TicketDraft:
    return TicketDraft("I1", "D1", "hub-ops", "normal", title, "body")
