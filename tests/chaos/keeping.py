"""Keeps what is known of the deliveries of which something was lost, a file each, to find out why."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.instant import iso
from tests.chaos.evidence import Watched
from tests.chaos.losses import Count
from tests.chaos.senders import Record


def kept(folder: Path, watched: Sequence[Watched], count: Count) -> None:
    """Nothing is written of a clean run."""
    lines = [line for found in count.lost.values() for line in found]
    for one in watched:
        delivery_id = one.record.life.delivery_id
        said = [line for line in lines if delivery_id in line]
        if said:
            folder.mkdir(parents=True, exist_ok=True)
            told = {"losses": said, "sent": _sent(one.record), "snapshot": one.snapshot, "history": one.history}
            (folder / f"{delivery_id}.json").write_text(json.dumps(told, indent=2, default=str) + "\n")


def _sent(record: Record) -> dict[str, Any]:
    taken = {
        event_id: {"due": iso(one.due_at), "tried": iso(one.first_tried_at), "taken": iso(one.taken_at)}
        for event_id, one in record.taken.items()
    }
    return {
        "life": asdict(record.life),
        "ordered": iso(record.ordered_at),
        "started": iso(record.started_at),
        "taken": taken,
        "ended": iso(record.ended_at),
    }
