"""`doorstep fleet import`: who drives and carries, and the day's routes, from a planning system."""

import json
from dataclasses import asdict
from pathlib import Path

from cli.command import FINE
from cli.fleet_file import read_fleet
from cli.given_files import read
from domain.fleet import TakenOver
from settings import Settings
from store.database import Database
from store.fleets import Fleets


async def take_over(settings: Settings, file: Path, format: str) -> int:
    """Takes over what a file holds, all or nothing. Raises InputError, StoreError."""
    fleet = read_fleet(read(file), str(file))
    async with Database(settings.database_url) as database:
        taken = await Fleets(database).take_over(fleet)
    print(json.dumps(asdict(taken)) if format == "json" else _said(taken))
    return FINE


def _said(taken: TakenOver) -> str:
    lines = [f"drivers: {taken.drivers}", f"carriers: {taken.carriers}"]
    for word, routes in (("new", taken.new), ("with a next plan", taken.changed), ("known already", taken.known)):
        lines += [f"routes {word}: {', '.join(routes)}"] if routes else []
    return "\n".join(lines)
