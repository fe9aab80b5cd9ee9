"""What became of messages after their provider took them."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from domain.actions import Outcome
from store.database import Database
from store.ledger import Ledger
from store.receipts import Receipt, Receipts

KEY = "D-1/1/late/1/do.0/0/sms"


def receipt(status: str, at: int = 1_000, code: int | None = None) -> Receipt:
    return Receipt(KEY, "SM1", status, code, at)


async def test_the_furthest_report_is_kept_in_whatever_order_they_come(database: Database) -> None:
    known = Receipts(database)

    for order in itertools.permutations(["queued", "sent", "delivered", "something new"]):
        for status in order:
            await known.note(receipt(status))

    found = await known.of(KEY)
    assert found is not None
    assert found.status == "delivered"


async def test_a_message_that_did_not_arrive_stays_so(database: Database) -> None:
    known = Receipts(database)

    for one in (receipt("undelivered", 1_000, 30003), receipt("sent", 2_000), receipt("undelivered", 3_000, 30003)):
        await known.note(one)

    assert await known.of(KEY) == receipt("undelivered", 1_000, 30003)


async def test_whose_message_it_is_the_ledger_knows_once_the_effect_is_closed(database: Database) -> None:
    ledger, known = Ledger(database), Receipts(database)
    claim = await ledger.claim(KEY, action="notify.sms", delivery_id="D-1", incident_id="i", deadline=2_000, now=1_000)
    before = await known.key_of("SM1")
    await ledger.close(KEY, claim.attempt, Outcome.DONE, now=1_500, provider_ref="SM1")

    assert before is None
    assert await known.key_of("SM1") == KEY
    assert await known.key_of("SM2") is None


@pytest.mark.parametrize("key", [KEY, "D-1/1/late/1/do.0/0/email"])
async def test_an_effect_is_ours_from_its_claim_on(database: Database, key: str) -> None:
    await Ledger(database).claim(KEY, action="notify.sms", delivery_id="D-1", incident_id="i", deadline=2_000, now=1_000)

    assert await Receipts(database).is_ours(key) == (key == KEY)


async def test_of_reports_at_the_same_moment_the_furthest_is_kept(database: Database) -> None:
    known = Receipts(database)
    statuses = ("queued", "sending", "sent", "delivered", "undelivered")

    for number in range(10):
        await asyncio.gather(*(known.note(replace(receipt(status), key=f"{KEY}/{number}")) for status in statuses))

    kept = [await known.of(f"{KEY}/{number}") for number in range(10)]
    assert {one.status for one in kept if one is not None} == {"undelivered"}
