"""The effect ledger: an effect happens once."""

import asyncio

import pytest

from domain.actions import Outcome
from domain.instant import MINUTE, Instant
from store.database import Database
from store.errors import ClaimLostError
from store.ledger import Claim, Ledger, Standing

NOON: Instant = 1_795_521_600_000
KEY = "D-1/1/late/1/do.0/0/email"


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


async def claim(ledger: Ledger, *, now: Instant = NOON, key: str = KEY) -> Claim:
    return await ledger.claim(key, action="notify", delivery_id="D-1", incident_id="D-1:1:late:1", deadline=now + MINUTE, now=now)


async def test_the_first_claim_is_granted(ledger: Ledger) -> None:
    first = await claim(ledger)

    assert (first.standing, first.attempt, first.deadline, first.may_act) == (Standing.GRANTED, 1, NOON + MINUTE, True)


async def test_of_twenty_claims_at_once_one_is_granted_and_the_others_are_told_to_wait(ledger: Ledger) -> None:
    claims = await asyncio.gather(*(claim(ledger) for _ in range(20)))

    standings = sorted(answer.standing for answer in claims)
    assert standings == [Standing.GRANTED] + [Standing.IN_FLIGHT] * 19


async def test_of_twenty_programs_that_claim_at_once_one_is_granted(database_url: str, database: Database) -> None:
    others = [Database(database_url) for _ in range(19)]

    claims = await asyncio.gather(*(claim(Ledger(each)) for each in [database, *others]))
    for other in others:
        await other.close()

    assert [answer.standing for answer in claims].count(Standing.GRANTED) == 1


async def test_while_a_claim_runs_others_wait_until_its_deadline(ledger: Ledger) -> None:
    await claim(ledger)

    second = await claim(ledger, now=NOON + MINUTE - 1)

    assert (second.standing, second.deadline, second.may_act) == (Standing.IN_FLIGHT, NOON + MINUTE, False)


async def test_a_closed_effect_is_not_done_again(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.close(
        KEY, first.attempt, Outcome.DONE, now=NOON + 5, provider_ref="<m1@doorstep>", note="sent", detail={"to": 1}
    )

    later = await claim(ledger, now=NOON + 60 * MINUTE)

    assert (later.standing, later.outcome, later.note) == (Standing.CLOSED, Outcome.DONE, "sent")
    assert (later.provider_ref, later.detail, later.may_act) == ("<m1@doorstep>", {"to": 1}, False)


async def test_a_claim_whose_deadline_passed_is_in_doubt_and_taken_over(ledger: Ledger) -> None:
    await claim(ledger)

    second = await claim(ledger, now=NOON + MINUTE)

    assert (second.standing, second.attempt, second.since) == (Standing.IN_DOUBT, 2, NOON)
    assert second.deadline == NOON + 2 * MINUTE


async def test_of_twenty_that_take_over_a_claim_in_doubt_one_does(ledger: Ledger) -> None:
    await claim(ledger)

    claims = await asyncio.gather(*(claim(ledger, now=NOON + MINUTE) for _ in range(20)))

    standings = sorted(answer.standing for answer in claims)
    assert standings == [Standing.IN_DOUBT] + [Standing.IN_FLIGHT] * 19
    assert {answer.attempt for answer in claims} == {2}


async def test_doubt_lasts_until_somebody_closes_and_looks_back_to_the_first_claim(ledger: Ledger) -> None:
    await claim(ledger)
    await claim(ledger, now=NOON + MINUTE)

    third = await claim(ledger, now=NOON + 2 * MINUTE)

    assert (third.standing, third.attempt, third.since) == (Standing.IN_DOUBT, 3, NOON)


async def test_a_released_claim_is_granted_again_at_once_and_the_error_is_kept(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.release(KEY, first.attempt, "connection refused")

    second = await claim(ledger, now=NOON + 1)

    assert (second.standing, second.attempt, second.since) == (Standing.GRANTED, 2, NOON + 1)
    assert second.last_error == "connection refused"


async def test_of_twenty_that_claim_a_released_effect_one_is_granted(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.release(KEY, first.attempt, "connection refused")

    claims = await asyncio.gather(*(claim(ledger, now=NOON + 1) for _ in range(20)))

    assert [answer.standing for answer in claims].count(Standing.GRANTED) == 1


async def test_an_effect_that_may_have_been_done_is_in_doubt_before_its_deadline(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.doubt(KEY, first.attempt, "no answer after DATA", now=NOON + 10)

    second = await claim(ledger, now=NOON + 10)

    assert (second.standing, second.last_error) == (Standing.IN_DOUBT, "no answer after DATA")


async def test_closing_twice_is_fine_for_the_same_attempt(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.close(KEY, first.attempt, Outcome.DONE, now=NOON + 5)

    await ledger.close(KEY, first.attempt, Outcome.DONE, now=NOON + 6)

    assert (await claim(ledger)).outcome is Outcome.DONE


async def test_an_attempt_that_was_overtaken_may_not_write_any_more(ledger: Ledger) -> None:
    first = await claim(ledger)
    await claim(ledger, now=NOON + MINUTE)

    with pytest.raises(ClaimLostError, match="attempt 1 may not write, it is claimed by attempt 2"):
        await ledger.close(KEY, first.attempt, Outcome.FAILED, now=NOON + MINUTE + 1)
    with pytest.raises(ClaimLostError, match="attempt 1 may not write"):
        await ledger.release(KEY, first.attempt, "too late")


async def test_a_closed_effect_cannot_be_released(ledger: Ledger) -> None:
    first = await claim(ledger)
    await ledger.close(KEY, first.attempt, Outcome.DONE, now=NOON)

    with pytest.raises(ClaimLostError, match="it is closed by attempt 1"):
        await ledger.release(KEY, first.attempt, "never mind")


async def test_what_was_never_claimed_cannot_be_closed(ledger: Ledger) -> None:
    with pytest.raises(ClaimLostError, match="was never claimed"):
        await ledger.close("nothing", 1, Outcome.DONE, now=NOON)


async def test_effects_with_different_keys_do_not_wait_for_each_other(ledger: Ledger) -> None:
    await claim(ledger)

    other = await claim(ledger, key=KEY.replace("email", "sms"))

    assert other.standing is Standing.GRANTED


async def test_notes_with_bytes_that_no_database_takes_are_kept_readable(ledger: Ledger) -> None:
    first = await claim(ledger)

    await ledger.close(KEY, first.attempt, Outcome.FAILED, now=NOON, note="no\0 way \ud800", detail={"x": "\0\ud800"})

    assert (await claim(ledger)).note == "no� way ?"
