"""Tickets at Zendesk, against an account that refuses what Zendesk's documentation does not know."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.instant import MINUTE, SECOND, Instant
from domain.sending import Unsent
from domain.ticket import Filed, TicketDraft, TicketNews, TicketNote
from integrations.tickets import calls
from integrations.tickets.zendesk import Zendesk
from tests.zendesk import EMAIL, TOKEN, ZendeskStandIn, zendesk_account

NOW: Instant = 1_795_413_600_000
DRAFT = TicketDraft("D-1:1:late:1", "D-1", "hub-ops", "high", "No scan since 07:55", "Call V7.")
SECOND_EPISODE = replace(DRAFT, external_id="D-1:1:late:2", earlier=("D-1:1:late:1",))
KEPT = "; the ticket is kept and tried again"


@pytest.fixture
async def account() -> AsyncIterator[ZendeskStandIn]:
    async with zendesk_account() as account:
        yield account


@pytest.fixture
async def desk(account: ZendeskStandIn) -> AsyncIterator[Zendesk]:
    desk = Zendesk(account.url, EMAIL, TOKEN, lambda: NOW, {"hub-ops": 360001})
    yield desk
    await desk.close()


async def opened(desk: Zendesk, draft: TicketDraft = DRAFT, key: str = "K1", in_doubt: bool = False) -> Filed:
    filed = await desk.open(draft, key=key, now=NOW, in_doubt=in_doubt)
    assert isinstance(filed, Filed)
    return filed


async def test_a_ticket_names_its_incident_its_queue_and_its_priority_and_is_seen_by_agents_only(
    account: ZendeskStandIn, desk: Zendesk
) -> None:
    filed = await opened(desk)

    (ticket,) = account.tickets.values()
    assert filed == Filed("1", "hub-ops", TicketNews.OPENED)
    assert (ticket["external_id"], ticket["subject"], ticket["priority"]) == ("D-1:1:late:1", "No scan since 07:55", "high")
    assert (ticket["group_id"], ticket["tags"]) == (360001, ["doorstep", "doorstep_queue_hub-ops"])
    assert account.comments[1][0]["public"] is False
    assert account.comments[1][0]["body"].startswith("Call V7.\n\n[doorstep ")


async def test_a_second_draft_is_a_comment_moves_the_ticket_and_raises_its_priority_only(
    account: ZendeskStandIn, desk: Zendesk
) -> None:
    await opened(desk)
    account.tickets[1]["tags"].append("vip")

    filed = await opened(desk, replace(DRAFT, queue="duty-manager", priority="low", title="Still gone"), "K2")

    assert filed == Filed("1", "duty-manager", TicketNews.UPDATED, moved_from="hub-ops")
    assert account.tickets[1]["priority"] == "high"
    assert account.tickets[1]["tags"] == ["vip", "doorstep", "doorstep_queue_duty-manager"]
    assert account.comments[1][-1]["body"].startswith("Still gone\n\nCall V7.")


async def test_news_are_comments_that_may_raise_the_priority_and_never_reopen(account: ZendeskStandIn, desk: Zendesk) -> None:
    await opened(desk)
    await desk.solve(DRAFT.external_id, "incident cured", key="K2", now=NOW)

    filed = await desk.update(TicketNote(DRAFT.external_id, "Severity is critical now.", "urgent"), key="K3", now=NOW)

    assert filed == Filed("1", "hub-ops", TicketNews.UPDATED)
    assert (account.tickets[1]["priority"], account.tickets[1]["status"]) == ("urgent", "solved")
    assert account.comments[1][-1]["body"].startswith("Severity is critical now.")


async def test_solving_says_why_and_what_a_person_solved_stays_as_it_is(account: ZendeskStandIn, desk: Zendesk) -> None:
    await opened(desk)

    filed = await desk.solve(DRAFT.external_id, "incident cured", key="K2", now=NOW)
    await desk.solve(DRAFT.external_id, "incident cured", key="K3", now=NOW)

    assert filed == Filed("1", "hub-ops", TicketNews.SOLVED)
    assert account.tickets[1]["status"] == "solved"
    assert [comment["body"].splitlines()[0] for comment in account.comments[1]] == ["Call V7.", "incident cured"]


async def test_the_next_episode_reopens_the_ticket_and_has_it_from_then_on(account: ZendeskStandIn, desk: Zendesk) -> None:
    await opened(desk)
    await desk.solve(DRAFT.external_id, "incident cured", key="K2", now=NOW)

    filed = await opened(desk, SECOND_EPISODE, "K3")

    assert filed == Filed("1", "hub-ops", TicketNews.REOPENED)
    assert (account.tickets[1]["status"], account.tickets[1]["external_id"]) == ("open", "D-1:1:late:2")
    assert len(account.tickets) == 1


async def test_a_closed_ticket_which_zendesk_does_not_reopen_is_followed_up(account: ZendeskStandIn, desk: Zendesk) -> None:
    await opened(desk)
    account.tickets[1]["status"] = "closed"

    filed = await opened(desk, SECOND_EPISODE, "K3")

    assert filed == Filed("2", "hub-ops", TicketNews.OPENED)
    assert account.tickets[2]["via_followup_source_id"] == 1


async def test_what_has_no_ticket_is_neither_told_nor_solved(account: ZendeskStandIn, desk: Zendesk) -> None:
    assert await desk.update(TicketNote("D-9:1:late:1", "news"), key="K", now=NOW) is None
    assert await desk.solve("D-9:1:late:1", "over", key="K", now=NOW) is None
    assert account.writes == []


async def test_a_ticket_whose_answer_never_came_is_found_again_and_not_doubled(
    account: ZendeskStandIn, desk: Zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "ALL_CALLS", 300)
    account.hangs = 1

    first = await desk.open(DRAFT, key="K1", now=NOW)
    again = await opened(desk, in_doubt=True)

    assert first == Unsent(f"Zendesk did not answer in time{KEPT}", retry=True, in_doubt=True)
    assert again == Filed("1", "hub-ops", TicketNews.OPENED)
    assert (len(account.tickets), len(account.comments[1])) == (1, 1)


@pytest.mark.parametrize("what", ["update", "solve", "open"])
async def test_a_comment_whose_answer_never_came_is_found_again_and_not_doubled(
    account: ZendeskStandIn, desk: Zendesk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(desk)
    monkeypatch.setattr(calls, "ALL_CALLS", 300)
    account.hangs = 1

    for in_doubt in (False, True):
        if what == "update":
            await desk.update(TicketNote(DRAFT.external_id, "news"), key="K2", now=NOW, in_doubt=in_doubt)
        elif what == "solve":
            await desk.solve(DRAFT.external_id, "over", key="K2", now=NOW, in_doubt=in_doubt)
        else:
            await desk.open(DRAFT, key="K2", now=NOW, in_doubt=in_doubt)

    assert (len(account.tickets), len(account.comments[1])) == (1, 2)


async def test_a_ticket_that_a_person_reopened_is_not_solved_again_by_an_effect_that_was_in_doubt(
    account: ZendeskStandIn, desk: Zendesk
) -> None:
    await opened(desk)
    await desk.solve(DRAFT.external_id, "over", key="K2", now=NOW)
    account.tickets[1]["status"] = "open"

    await desk.solve(DRAFT.external_id, "over", key="K2", now=NOW, in_doubt=True)

    assert account.tickets[1]["status"] == "open"


async def test_two_who_open_it_at_once_make_one_ticket(account: ZendeskStandIn, desk: Zendesk) -> None:
    other = Zendesk(account.url, EMAIL, TOKEN, lambda: NOW)

    filed = await asyncio.gather(
        desk.open(DRAFT, key="K1", now=NOW), desk.open(DRAFT, key="K2", now=NOW), other.open(DRAFT, key="K3", now=NOW)
    )

    await other.close()
    assert len(account.tickets) == 1
    assert all(isinstance(one, Filed) or (one.retry and one.in_doubt) for one in filed)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        pytest.param(
            429, {"Retry-After": "93"}, Unsent(f"Zendesk asks us to slow down (429){KEPT}", True, 93 * SECOND), id="too fast"
        ),
        pytest.param(500, {}, Unsent(f"Zendesk has trouble (500){KEPT}", True, None, in_doubt=True), id="broken"),
        pytest.param(503, {"Retry-After": "5"}, Unsent(f"Zendesk has trouble (503){KEPT}", True, 5 * SECOND), id="maintenance"),
        pytest.param(
            409, {}, Unsent(f"Zendesk was written to by another at once (409){KEPT}", True, SECOND), id="two at once"
        ),
        pytest.param(422, {}, Unsent("Zendesk refused it for good (422)", False), id="refused"),
        pytest.param(404, {}, Unsent("Zendesk refused it for good (404)", False), id="not there"),
        pytest.param(
            301, {"Location": "/x"},
            Unsent("Zendesk points elsewhere (301), which is not followed; correct DOORSTEP_ZENDESK_URL", False),
            id="elsewhere",
        ),
    ],
)  # fmt: skip
async def test_each_answer_says_whether_trying_again_can_help(
    account: ZendeskStandIn, desk: Zendesk, status: int, headers: dict[str, str], expected: Unsent
) -> None:
    account.failures.append((status, headers))

    assert await desk.open(DRAFT, key="K1", now=NOW) == expected


async def test_wrong_credentials_are_somebodys_to_correct_and_are_not_told(account: ZendeskStandIn) -> None:
    desk = Zendesk(account.url, EMAIL, "wrong-token", lambda: NOW)

    answer = await desk.open(DRAFT, key="K1", now=NOW)
    looked = await desk.looked_at()

    await desk.close()
    said = f"Zendesk does not accept our credentials (401); check DOORSTEP_ZENDESK_EMAIL and DOORSTEP_ZENDESK_TOKEN{KEPT}"
    assert answer == looked == Unsent(said, retry=True, after=MINUTE)


async def test_what_cannot_be_reached_was_certainly_not_done_unless_it_was_in_doubt_before() -> None:
    async with zendesk_account() as gone:
        pass
    desk = Zendesk(gone.url, EMAIL, TOKEN, lambda: NOW)

    answers = [await desk.open(DRAFT, key="K1", now=NOW, in_doubt=in_doubt) for in_doubt in (False, True)]

    await desk.close()
    said = f"Zendesk cannot be reached: connection refused{KEPT}"
    assert answers == [Unsent(said, retry=True), Unsent(said, retry=True, in_doubt=True)]


async def test_the_doctor_is_told_who_we_are(desk: Zendesk) -> None:
    assert await desk.looked_at() == "answers; we are an agent"
