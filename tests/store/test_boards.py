"""What boards are shown between two copies never goes back, and leaves what has ended alone."""

from dataclasses import replace

import pytest

from domain.copy import DeliveryCopy
from domain.glimpse import Glimpse
from domain.instant import HOUR
from domain.status import Condition, Status
from store.boards import Boards
from store.database import Database
from store.deliveries import Deliveries
from tests.store.test_deliveries import D1, NOON, another

ON_THE_VAN = Glimpse("D-1", 1, 1, 5, Status.OUT_FOR_DELIVERY, NOON + 3 * HOUR, 1)


@pytest.fixture
def deliveries(database: Database) -> Deliveries:
    return Deliveries(database)


@pytest.fixture
def boards(database: Database) -> Boards:
    return Boards(database)


def shown(copy: DeliveryCopy, glimpse: Glimpse) -> DeliveryCopy:
    seen = {name: getattr(glimpse, name) for name in ("status", "eta", "attempts", "events_seen")}
    return replace(copy, **seen)


async def test_boards_see_status_eta_and_attempts_and_nothing_else_changes(deliveries: Deliveries, boards: Boards) -> None:
    await deliveries.write(D1)
    await deliveries.write(another("D-2"))
    at_the_door = replace(ON_THE_VAN, delivery_id="D-2", status=Status.ARRIVED)

    await boards.show([ON_THE_VAN, at_the_door])

    assert await deliveries.latest("D-1") == shown(D1, ON_THE_VAN)
    assert await deliveries.latest("D-2") == shown(another("D-2"), at_the_door)
    assert (await deliveries.counts()).by_status == {Status.OUT_FOR_DELIVERY: 1, Status.ARRIVED: 1}


async def test_an_older_glimpse_never_replaces_a_newer_one(deliveries: Deliveries, boards: Boards) -> None:
    await deliveries.write(D1)
    await boards.show([ON_THE_VAN])

    await boards.show([replace(ON_THE_VAN, events_seen=4, status=Status.AT_HUB)])
    await boards.show([replace(ON_THE_VAN, status=Status.AT_HUB)])

    assert await deliveries.latest("D-1") == shown(D1, ON_THE_VAN)


async def test_a_glimpse_from_before_a_copy_never_replaces_it(deliveries: Deliveries, boards: Boards) -> None:
    late = replace(D1, revision=2, condition=Condition.LATE, status=Status.ON_HOLD, events_seen=4)
    await deliveries.write(late)

    await boards.show([ON_THE_VAN])

    assert await deliveries.latest("D-1") == late


async def test_the_next_copy_says_everything_again(deliveries: Deliveries, boards: Boards) -> None:
    await deliveries.write(D1)
    await boards.show([ON_THE_VAN])
    corrected = replace(D1, revision=2, status=Status.AT_HUB, events_seen=4)

    await deliveries.write(corrected)

    assert await deliveries.latest("D-1") == corrected


async def test_after_a_copy_glimpses_go_on_from_there(deliveries: Deliveries, boards: Boards) -> None:
    copy = replace(D1, revision=2, condition=Condition.AT_RISK, events_seen=4)
    await deliveries.write(copy)
    on_the_van = replace(ON_THE_VAN, revision=2)

    await boards.show([on_the_van])

    assert await deliveries.latest("D-1") == shown(copy, on_the_van)


async def test_a_delivery_that_has_ended_stays_as_it_ended(deliveries: Deliveries, boards: Boards) -> None:
    delivered = replace(D1, status=Status.DELIVERED, finished_at=NOON, events_seen=2)
    await deliveries.write(delivered)

    await boards.show([ON_THE_VAN])

    assert await deliveries.latest("D-1") == delivered


async def test_a_glimpse_of_one_life_touches_no_other(deliveries: Deliveries, boards: Boards) -> None:
    await deliveries.write(D1)

    await boards.show([replace(ON_THE_VAN, generation=2), replace(ON_THE_VAN, delivery_id="D-404")])
    await boards.show([])

    assert await deliveries.latest("D-1") == D1
