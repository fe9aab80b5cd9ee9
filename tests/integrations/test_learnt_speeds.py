"""Travel times from what was driven: speeds by zone and hour, from the store, with their error."""

import pytest
from sqlalchemy import update

from domain.instant import HOUR, MINUTE
from domain.speeds import ENOUGH, Driven, Speed, Speeds, hour_of, learnt
from domain.status import Status
from integrations.routing.learnt import LearntSpeeds
from integrations.routing.travel import GreatCircle
from store.database import Database
from store.drives import Drives
from store.tables import deliveries
from tests.activities.fleet import EIGHT, has_route, is_known, km, stop

AT_EIGHT = hour_of(EIGHT)


def leg(zone: str | None = "north", kmh: int = 20, hours: int = 0) -> Driven:
    """Two kilometres."""
    return Driven(zone, EIGHT + hours * HOUR, 2_000, 2_000 * HOUR // (kmh * 1_000))


def test_the_median_of_enough_legs_counts_and_its_error_is_told() -> None:
    legs = [leg(kmh=20)] * 15 + [leg(kmh=40)] * 6

    found = learnt(legs)

    assert found["north", AT_EIGHT] == Speed(20_000, 21, 0)
    assert learnt(legs[: ENOUGH - 1]) == {}
    assert learnt([leg(kmh=20)] * 10 + [leg(kmh=40)] * 10)[None, None].error_percent == 33


def test_what_is_no_drive_teaches_nothing() -> None:
    legs = [Driven("north", EIGHT, 50, MINUTE), Driven("north", EIGHT, 5_000, 1_000), Driven("north", EIGHT, 5_000, 3 * HOUR)]

    assert learnt(legs * ENOUGH) == {}


@pytest.mark.parametrize(
    ("zone", "hours", "kmh"),
    [
        pytest.param("north", 0, 20, id="zone and hour"),
        pytest.param("south", 0, 20, id="the hour, where nobody drove to that zone"),
        pytest.param("north", 5, 30, id="all, at an hour at which nobody drove"),
    ],
)
def test_the_nearest_that_is_known_counts(zone: str, hours: int, kmh: int) -> None:
    known = learnt([leg(kmh=20)] * ENOUGH + [leg(kmh=30, hours=1)] * (ENOUGH + 5))
    speeds = Speeds(known, {km(1): zone})

    found = speeds.to(km(1), EIGHT + hours * HOUR)

    assert found is not None
    assert found.metres_per_hour // 1_000 == kmh


async def has_driven(database: Database, number: int) -> None:
    """A route along which a kilometre takes three minutes, and every stop one."""
    rows = [{**stop(f"D{place}", km(place)), "service_ms": MINUTE} for place in range(number)]
    await has_route(database, "R1", "V1", *rows)
    for place in range(number):
        await is_known(database, f"D{place}", Status.DELIVERED)
        done = update(deliveries).where(deliveries.c.delivery_id == f"D{place}")
        async with database.writing() as connection:
            await connection.execute(done.values(finished_at=EIGHT + place * 4 * MINUTE, zone="north"))


async def test_what_was_driven_is_how_long_the_next_drive_takes(database: Database) -> None:
    await has_driven(database, 60)
    estimate = GreatCircle(metres_per_hour=60_000, detour_percent=100)

    now = EIGHT + 5 * MINUTE
    legs = await LearntSpeeds(estimate, Drives(database), lambda: now).legs((km(3), km(5)))
    untaught = await LearntSpeeds(estimate, Drives(database), lambda: EIGHT + 40 * 24 * HOUR).legs((km(3), km(5)))

    assert round(legs.time(km(3), km(5)) / MINUTE) == 6
    assert legs.distance(km(3), km(5)) == estimate.metres(km(3), km(5))
    assert round(untaught.time(km(3), km(5)) / MINUTE) == 2
