"""How an effect ended, as a value that can be written in the same transaction as what the effect changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.actions import Outcome
from domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Ending:
    """`attempt` is the number of the claim under which it was done; `detail` is what a later reader needs to tell it again."""

    key: str
    attempt: int
    at: Instant
    outcome: Outcome
    note: str = ""
    reference: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
