"""Who stands in for a carrier: what the store knows, and what directory.yaml names."""

from sqlalchemy import insert

from cli.planning import stand_ins_of
from domain.fleet import Fleet, FleetCarrier
from domain.route import StandIn
from domain.status import Condition, Status
from rules.directory_reader import read_directory
from store.database import Database
from store.fleets import Fleets
from store.stand_ins import StandIns
from store.tables import deliveries

DIRECTORY = """
carriers:
  acme: {backup: [zipvan, velo]}
  zipvan: {cost_per_drop: 9.00 EUR}
  velo: {}
"""


def stand_ins(database: Database) -> StandIns:
    return StandIns(database, stand_ins_of(read_directory(DIRECTORY).directory))


async def test_backups_of_the_directory_count_without_a_row_in_the_store(database: Database) -> None:
    """They were checked with the rules and then never asked."""
    backups = await stand_ins(database).backups("acme", "north-2")

    assert backups == [StandIn("zipvan", "zipvan", 900, "EUR"), StandIn("velo", "velo")]


async def test_the_directorys_price_wins_and_the_stores_zones_count(database: Database) -> None:
    zipvan = FleetCarrier("zipvan", "ZipVan", (), ("north-*",), 1_100, "EUR")
    velo = FleetCarrier("velo", "Velo", (), (), 500, "EUR")
    rider = FleetCarrier("rider", "Rider", ("acme",), (), 700, "EUR")
    await Fleets(database).take_over(Fleet(carriers=(zipvan, velo, rider)))

    north = await stand_ins(database).backups("acme", "north-2")
    south = await stand_ins(database).backups("acme", "south-1")

    assert [(backup.name, backup.cost_cents) for backup in north] == [("Velo", 500), ("Rider", 700), ("ZipVan", 900)]
    assert [backup.carrier for backup in south] == ["velo", "rider"]


async def has_ended(database: Database, carrier: str, kept: int, missed: int) -> None:
    """So many deliveries of a carrier have ended, within the promise or not."""
    for number in range(kept + missed):
        about = {"delivery_id": f"{carrier}-{number}", "generation": 1, "status": Status.DELIVERED, "carrier": carrier}
        times = {"promised_end": 1, "first_promised_end": 1, "started_at": 0, "finished_at": number, "attempts": 0, "revision": 1}
        book = {
            "rulebook": "standard",
            "rulebook_version": "x",
            "open_incidents": [],
            "order": {},
            "condition": Condition.ON_TIME,
        }
        outcome = {"last_promise": "kept" if number < kept else "missed"}
        async with database.writing() as connection:
            await connection.execute(insert(deliveries).values({**about, **times, **book, "outcome": outcome}))


async def test_a_carrier_that_keeps_its_promises_comes_before_one_that_is_a_little_cheaper(database: Database) -> None:
    await Fleets(database).take_over(Fleet(carriers=(backup("cheap", 500), backup("good", 600))))
    await has_ended(database, "cheap", kept=12, missed=8)
    await has_ended(database, "good", kept=20, missed=0)

    found = await StandIns(database).backups("acme", None)

    assert [(one.carrier, one.kept) for one in found] == [("good", 1000), ("cheap", 600)]


async def test_too_few_deliveries_say_nothing_of_a_carrier(sqlite_database: Database) -> None:
    await Fleets(sqlite_database).take_over(Fleet(carriers=(backup("cheap", 500), backup("good", 600))))
    await has_ended(sqlite_database, "cheap", kept=0, missed=19)

    found = await StandIns(sqlite_database).backups("acme", None)

    assert [(one.carrier, one.kept) for one in found] == [("cheap", None), ("good", None)]


def backup(carrier: str, cents: int) -> FleetCarrier:
    return FleetCarrier(carrier, carrier, ("acme",), (), cents, "EUR")
