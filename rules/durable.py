"""durable_rules as matcher, in the one way that was measured to be safe with memory.

Only its engine module; AND-only rules over a type tag and renamed fields with values 0 and 1; one constant sid and id;
assert, drain, retract, all under one lock; never `delete_state` (it frees uninitialised memory).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from rules.matcher import Atoms, FactPart

SHARD = 48
"""Fact parts in one ruleset: 65 thresholds on one field fail."""

NO_MATCH = 1

_LOCK = Lock()
"""The engine keeps process-wide state, and worker threads share it."""

_HANDLES: dict[str, int] = {}
"""Rulesets by the hash of their text. A used one takes about 1 MB and cannot be freed, so books share them."""


class DurableMatcherError(RuntimeError):
    """The engine answered with a code that it should never give for these rules."""


class DurableMatcher:
    """Asks durable_rules; raises ImportError where the extension cannot be loaded."""

    def __init__(self, parts: Sequence[FactPart]) -> None:
        self._engine = _engine()
        self._always = frozenset(number for number, part in enumerate(parts) if not part)
        asked = [number for number, part in enumerate(parts) if part]
        self._shards = tuple(_Shard(self._engine, asked[i : i + SHARD], parts) for i in range(0, len(asked), SHARD))

    def __call__(self, atoms: Atoms) -> frozenset[int]:
        with _LOCK:
            return self._always.union(*(shard.matches(atoms) for shard in self._shards))


class _Shard:
    """Up to SHARD fact parts in one ruleset, which is made when it is first asked."""

    def __init__(self, engine: Any, numbers: Sequence[int], parts: Sequence[FactPart]) -> None:
        self._engine = engine
        self._numbers = tuple(numbers)
        self._atoms = tuple(sorted({atom for number in numbers for atom, _ in parts[number]}))
        self._text = _ruleset([parts[number] for number in numbers], self._atoms)
        self._name = hashlib.sha256(self._text.encode()).hexdigest()

    def matches(self, atoms: Atoms) -> list[int]:
        known = {f"f{field}": atoms[atom] for field, atom in enumerate(self._atoms) if atoms[atom] is not None}
        fact = json.dumps({"t": 1, "sid": "s", "id": "1", **known})
        return [self._numbers[index] for index in _assert_drain_retract(self._engine, self._handle(), fact)]

    def _handle(self) -> int:
        handle = _HANDLES.get(self._name)
        if handle is None:
            handle = _HANDLES[self._name] = int(self._engine.create_ruleset(self._name, self._text))
        return handle


def _engine() -> Any:
    import durable_rules_engine  # not at the top: it is a C extension that may be missing

    return durable_rules_engine


def _ruleset(parts: Sequence[FactPart], atoms: tuple[int, ...]) -> str:
    """The parts as rules r0, r1, ... over fields f0, f1, ... numbered within the shard, so that equal shards have equal texts."""
    field = {atom: f"f{index}" for index, atom in enumerate(atoms)}
    return json.dumps({f"r{index}": {"all": [{"m": {"$and": _terms(part, field)}}]} for index, part in enumerate(parts)})


def _terms(part: FactPart, field: dict[int, str]) -> list[dict[str, int]]:
    return [{"t": 1}, *({field[atom]: int(wanted)} for atom, wanted in part)]


def _assert_drain_retract(engine: Any, handle: int, fact: str) -> list[int]:
    code, state = engine.assert_fact(handle, fact)
    if code == NO_MATCH:
        return []
    if code != 0:
        raise DurableMatcherError(f"durable_rules answered {code} to assert_fact; 0 (match) and 1 (no match) are expected")
    try:
        return list(_drained(engine, handle, state))
    finally:
        engine.retract_fact(handle, fact)


def _drained(engine: Any, handle: int, state: Any) -> Iterator[int]:
    started = engine.start_action_for_state(handle, state)
    action = started[1] if started else None
    while action:
        yield int(next(iter(json.loads(action)))[1:])
        action = engine.complete_and_start_action(handle, state)
