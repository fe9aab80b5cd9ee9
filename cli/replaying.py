"""`doorstep replay`: would this program go on with what another version began? Tried before it is deployed."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from temporalio.converter import DefaultFailureConverter

from cli.command import FINDINGS, FINE
from cli.connection import client_of
from settings import Settings
from store.database import Database
from store.library import Library
from store.rulebooks import Rulebooks
from workflows.replay import Replayed, lay_out, read, recordings, replayed, running
from workflows.rulebooks import SHELF, nowhere


@dataclass
class Tally:
    """What was replayed, and what differs: where it is from, and the replay."""

    replayed: int = 0
    events: int = 0
    differing: list[tuple[str, Replayed]] = field(default_factory=list)

    def note(self, source: str, one: Replayed) -> None:
        self.replayed += 1
        self.events += one.events
        if one.differs is not None:
            self.differing.append((source, one))


async def replay_recordings(paths: Sequence[Path], settings: Settings, format: str) -> int:
    """Replays recorded histories; 1 if this program would do something else than one of them says."""
    tally = _quietly()
    SHELF.fetch_from(nowhere, settings.matcher)
    for path in paths:
        for file in recordings(path):
            recording = read(file)
            lay_out(recording.rulebooks)
            async for one in replayed(recording.histories):
                tally.note(str(file), one)
    return _told(tally, format)


async def replay_running(settings: Settings, at_most: int | None, format: str) -> int:
    """Replays what runs on a Temporal server right now; 1 if this program could not go on with one of them."""
    tally = _quietly()
    client = await client_of(settings)
    # What a replay says is for us, and is not sealed.
    converter = replace(client.data_converter, failure_converter_class=DefaultFailureConverter)
    async with books_of(settings):
        async for one in replayed(running(client, at_most), converter):
            tally.note(client.namespace, one)
    return _told(tally, format)


@asynccontextmanager
async def books_of(settings: Settings) -> AsyncIterator[None]:
    """Rulebooks come from the store, as in a worker that starts cold."""
    async with Database(settings.database_url) as database:
        SHELF.fetch_from(Library(Rulebooks(database), settings.home / "rulebooks", settings.database_url).fetch, settings.matcher)
        try:
            yield
        finally:
            SHELF.fetch_from(nowhere, settings.matcher)


def _quietly() -> Tally:
    """The SDK logs each failure with its stack; what differs is told at the end."""
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    return Tally()


def _told(tally: Tally, format: str) -> int:
    if format == "json":
        print(json.dumps(_as_json(tally), indent=2))
    else:
        print("\n".join([*(_said(source, one) for source, one in tally.differing), _summary(tally)]))
    return FINDINGS if tally.differing else FINE


def _said(source: str, one: Replayed) -> str:
    return f"{one.workflow_type} {one.workflow_id} (run {one.run_id}, {one.events} events, {source}):\n  {one.differs}"


def _summary(tally: Tally) -> str:
    said = f"replayed {tally.replayed} histories with {tally.events} events; differing: {len(tally.differing)}"
    again = "; see docs/changing-workflows.md: do not deploy this version" if tally.differing else ""
    return said + again


def _as_json(tally: Tally) -> dict[str, object]:
    differing = [
        {
            "workflow_type": one.workflow_type,
            "workflow_id": one.workflow_id,
            "run_id": one.run_id,
            "events": one.events,
            "from": source,
            "differs": one.differs,
        }
        for source, one in tally.differing
    ]
    return {"replayed": tally.replayed, "events": tally.events, "differing": differing}
