"""An effect happens once, on the real ledger."""

import pytest
from temporalio.exceptions import ApplicationError

from activities.effects import LASTS, Claim, Effects, Ended, NotDoneError
from domain.actions import ActionRequest, Outcome
from domain.instant import SECOND, Instant
from domain.order import Customer, Destination
from store.database import Database
from store.ledger import Ledger

NOON = 1_795_500_000_000

REQUEST = ActionRequest(
    key="D-1/1/late/1/do.0/0",
    incident_id="D-1:1:late:1",
    rule="late",
    says="The promise has passed",
    severity="high",
    delivery_id="D-1",
    generation=1,
    args={},
    customer=Customer(),
    destination=Destination("UTC"),
    carrier="acme",
    asked_at=NOON,
)


class Bell:
    """Rings, unless it is broken; remembers how each claim stood."""

    def __init__(self, *breaks: Exception) -> None:
        self.breaks = list(breaks)
        self.standings: list[str] = []

    async def ring(self, claim: Claim) -> Ended:
        self.standings.append(claim.standing)
        if self.breaks:
            raise self.breaks.pop(0)
        return Ended(Outcome.DONE, "rung", "bell-1", {"times": 1})


def effects_at(database: Database, now: Instant) -> Effects:
    return Effects(Ledger(database), lambda: now)


async def test_an_effect_that_was_done_is_answered_and_not_done_again(database: Database) -> None:
    bell = Bell()

    first = await effects_at(database, NOON).once(REQUEST, "ring", bell.ring)
    second = await effects_at(database, NOON + SECOND).once(REQUEST, "ring", bell.ring)

    assert first == second == Ended(Outcome.DONE, "rung", "bell-1", {"times": 1})
    assert bell.standings == ["granted"]


async def test_an_effect_that_was_certainly_not_done_is_granted_again_at_once(database: Database) -> None:
    bell = Bell(NotDoneError("the bell cannot be reached", after=5 * SECOND))

    with pytest.raises(ApplicationError, match="the bell cannot be reached"):
        await effects_at(database, NOON).once(REQUEST, "ring", bell.ring)
    ended = await effects_at(database, NOON).once(REQUEST, "ring", bell.ring)

    assert ended.outcome is Outcome.DONE
    assert bell.standings == ["granted", "granted"]


@pytest.mark.parametrize(
    "error",
    [pytest.param(NotDoneError("no answer", in_doubt=True), id="no answer"), pytest.param(ZeroDivisionError("a mistake of ours"), id="a mistake")],
)  # fmt: skip
async def test_an_effect_of_which_nobody_knows_the_end_is_in_doubt_at_the_next_try(database: Database, error: Exception) -> None:
    bell = Bell(error)

    with pytest.raises((ApplicationError, ZeroDivisionError), match=r"no answer|a mistake"):
        await effects_at(database, NOON).once(REQUEST, "ring", bell.ring)
    await effects_at(database, NOON).once(REQUEST, "ring", bell.ring)

    assert bell.standings == ["granted", "in_doubt"]


async def test_a_worker_that_died_while_ringing_is_waited_for_and_then_asked_after(database: Database) -> None:
    bell, ledger = Bell(), Ledger(database)
    await ledger.claim(REQUEST.key, action="ring", delivery_id="D-1", incident_id="i", deadline=NOON + LASTS, now=NOON)

    with pytest.raises(ApplicationError, match="may still be under way") as raised:
        await effects_at(database, NOON + 15 * SECOND).once(REQUEST, "ring", bell.ring)
    await effects_at(database, NOON + LASTS).once(REQUEST, "ring", bell.ring)

    delay = raised.value.next_retry_delay
    assert delay is not None
    assert delay.total_seconds() * SECOND == LASTS - 15 * SECOND
    assert bell.standings == ["in_doubt"]
