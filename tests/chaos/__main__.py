"""`make chaos`, or python -m tests.chaos --seed 1 --deliveries 1000 --json chaos.json: exit 1 if anything was lost."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from tests.chaos.play import Outcome, Size, play
from tests.chaos.report import as_json, show


def main() -> int:
    """Plays one run and says what came of it."""
    asked = _asked()
    size = Size(asked.deliveries, asked.rate, asked.each, asked.workers, asked.database == "postgresql")
    console = Console(width=None if sys.stdout.isatty() else 140)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"seed {asked.seed}; logs and mails are kept in {folder}", highlight=False)
    outcome = asyncio.run(_played(asked.seed, size, folder, console))
    show(outcome, console)
    if asked.json:
        asked.json.write_text(json.dumps(as_json(outcome), indent=2) + "\n")
    return 1 if outcome.count.losses else 0


async def _played(seed: int, size: Size, folder: Path, console: Console) -> Outcome:
    """What the SDK says of calls that were cut is what the storm is about, not news."""
    logging = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logging)))
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    return await play(seed, size, folder, lambda line: console.print(line, highlight=False, markup=False))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what happens when, and to whom")
    parser.add_argument("--deliveries", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=5.0, help="starts a second")
    parser.add_argument("--each", type=int, help="kills of each part; as many as there is time for if it is not given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the report is written as JSON")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where logs and mails are kept")
    return parser.parse_args()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # programs that used the SDK sometimes abort when the interpreter ends
