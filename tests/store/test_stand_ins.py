"""Who stands in for a carrier: what the store knows, and what directory.yaml names."""

from domain.fleet import Fleet, FleetCarrier
from domain.route import StandIn
from rules.directory_reader import read_directory
from store.database import Database
from store.fleets import Fleets
from store.stand_ins import StandIns
from worker import stand_ins_of

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
