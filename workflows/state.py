"""Everything that a delivery's workflow must remember, in one value that goes through continue-as-new whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from domain.instant import Instant
from domain.quick import quick_dataclass
from rules.watch import Watch

KEPT_REJECTIONS = 20


@dataclass(frozen=True, slots=True)
class Rejections:
    """What could not be used of what was sent: how often, and the latest reasons."""

    count: int = 0
    last: tuple[str, ...] = ()

    def and_one(self, reason: str) -> "Rejections":
        return Rejections(self.count + 1, (*self.last, reason[:500])[-KEPT_REJECTIONS:])


@quick_dataclass(frozen=True, slots=True)
class State:
    """One delivery's life so far. `order` is the order as it was sent (and amended), `written` what the store and the search attributes say. `edition` comes from what the history says, never
    from the code: a worker of a later version that replays must decide as was decided."""

    order: Mapping[str, Any]
    order_sha256: str
    watch: Watch
    rulebook: str
    first_run_id: str
    started_at: Instant
    edition: int = 1
    rejections: Rejections = field(default_factory=Rejections)
    revision: int = 0
    amendments: int = 0
    written: str = ""
    ended_at: Instant | None = None
    events_seen: int = 0
    adoptions: int = 0


_STATE: TypeAdapter[State] = TypeAdapter(State)


STATE_KEY = "doorstep_state"
"""Tells what we carry over from an order that a retry or a schedule hands to a later run."""


def packed(state: State, edition: int = 1) -> dict[str, Any]:
    """The state as JSON for the next run, which is judged by an edition of the evaluator that is no older than the given one."""
    return {STATE_KEY: _STATE.dump_python(replace(state, edition=max(state.edition, edition)), mode="json")}


def unpacked(data: bytes) -> State | None:
    """The state of the run before; None for anything else."""
    if not data.startswith(f'{{"{STATE_KEY}":'.encode()):
        return None
    carried = json.loads(data)[STATE_KEY]
    # Earlier versions kept it beside the watch.
    carried["watch"].setdefault("final_since", carried.get("final_since"))
    return _STATE.validate_json(json.dumps(carried))
