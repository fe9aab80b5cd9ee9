"""`doorstep fleet speeds`: how fast vans have driven, and how far off the estimate is."""

import json
from collections.abc import Mapping

from cli.command import FINE
from domain.speeds import ENOUGH, Key, Speed, learnt
from integrations.routing.learnt import LOOKS_BACK
from settings import Settings
from store.database import Database
from store.drives import Drives
from workflows.clock import wall_clock

TOO_LITTLE = f"too little was driven to learn from: {ENOUGH} legs are needed; DOORSTEP_SPEED_KMH counts"


async def speeds(settings: Settings, format: str) -> int:
    """Prints what was learnt in the last four weeks."""
    async with Database(settings.database_url) as database:
        known = learnt(await Drives(database).since(wall_clock() - LOOKS_BACK))
    rows = [_row(key, known) for key in sorted(known, key=lambda key: (key[0] or "", -1 if key[1] is None else key[1]))]
    print(json.dumps({"speeds": rows}) if format == "json" else "\n".join(map(_said, rows)) or TOO_LITTLE)
    return FINE


def _row(key: Key, known: Mapping[Key, Speed]) -> dict[str, str | int | None]:
    speed = known[key]
    about: dict[str, str | int | None] = {"zone": key[0], "hour_utc": key[1], "legs": speed.legs}
    return {**about, "air_line_m_per_hour": speed.metres_per_hour, "error_percent": speed.error_percent}


def _said(row: Mapping[str, str | int | None]) -> str:
    zone, hour = row["zone"] or "any zone", "any hour" if row["hour_utc"] is None else f"{row['hour_utc']:02}:00 UTC"
    kilometres = f"{int(row['air_line_m_per_hour'] or 0) / 1_000:.1f}"
    return f"{zone}, {hour}: {kilometres} km/h as the crow flies, of {row['legs']} legs; half of them differ by {row['error_percent']} % or more"
