"""The status page and `doorstep doctor`: what failed is seen without searching."""

import pytest
from httpx import ASGITransport, AsyncClient

from cli.looks.stored import judged
from domain.actions import Outcome
from domain.instant import DAY, MINUTE, Instant
from integrations.messaging.silent import NO_MAIL
from store.copies import Effect
from store.database import Database
from store.ledger import Ledger
from store.words import EffectState
from web.app import Gateway, gateway_app
from web.status import Lately, status_of

NOW: Instant = 1_795_521_600_000


async def act(database: Database, number: int, outcome: Outcome, at: Instant, note: str = "") -> None:
    """One action in the ledger, claimed and closed."""
    ledger, key = Ledger(database), f"D-{number}/1/late/1/do.0/0/email"
    claim = await ledger.claim(
        key, action="notify.email", delivery_id=f"D-{number}", incident_id="", deadline=at + MINUTE, now=at
    )
    await ledger.close(key, claim.attempt, outcome, now=at + 1, note=note)


async def test_failed_actions_of_the_last_day_are_counted_and_listed(sqlite_database: Database) -> None:
    """They stood somewhere among all that was done."""
    await act(sqlite_database, 1, Outcome.FAILED, NOW - DAY - 1, "long ago")
    await act(sqlite_database, 2, Outcome.FAILED, NOW - 2 * MINUTE, "mailbox unknown")
    await act(sqlite_database, 3, Outcome.DONE, NOW - MINUTE)

    status = await status_of(sqlite_database, NOW)

    assert status.lately.actions == 2
    assert [effect.note for effect in status.lately.failed] == ["mailbox unknown"]
    assert len(status.effects) == 3


@pytest.mark.parametrize("fails", [pytest.param(True, id="one failed"), pytest.param(False, id="none failed")])
async def test_the_page_has_a_section_of_failures_when_there_are_any(sqlite_database: Database, fails: bool) -> None:
    await act(sqlite_database, 1, Outcome.FAILED if fails else Outcome.DONE, NOW - MINUTE, "mailbox <unknown>")
    app = gateway_app(Gateway(sqlite_database, "http://127.0.0.1:8233", lambda: NOW))

    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        page = (await client.get("/")).text

    assert ("What failed in the last 24 hours" in page) is fails
    assert f'<b class="{"failed" if fails else ""}">{int(fails)}</b>failed actions in 24 h' in page
    assert "mailbox &lt;unknown&gt;" in page


def an_effect(delivery_id: str, note: str | None) -> Effect:
    return Effect(
        "key", "notify.email", delivery_id, "", EffectState.CLOSED, 1, NOW, NOW, NOW, Outcome.FAILED, note, None, None, None
    )


def test_the_doctor_tells_of_few_failures_and_worries_about_many() -> None:
    few, many = Lately(100, (an_effect("D-1", "mailbox unknown"),)), Lately(5, (an_effect("D-1", None),))

    assert judged(Lately(7, ())).said == "none of 7 failed in 24 hours"
    assert (judged(few).well, judged(few).said) == (
        True,
        "1 of 100 failed in 24 hours; the last: notify.email of D-1: mailbox unknown",
    )
    assert not judged(many).well


def test_notices_by_a_channel_that_nobody_set_up_are_told_and_are_no_fault() -> None:
    """A new installation has neither mail nor SMS, and looked ill."""
    unset = [an_effect(f"D-{number}", NO_MAIL) for number in range(8)]

    new, faulty = judged(Lately(10, tuple(unset))), judged(Lately(10, (*unset, an_effect("D-9", "mailbox unknown"))))

    assert new.well
    assert new.said == "none of 2 failed in 24 hours; 8 notices found their channel not set up, see mail, SMS and WhatsApp below"
    assert not faulty.well
    assert faulty.said.startswith("1 of 2 failed in 24 hours; 8 notices found their channel not set up")
