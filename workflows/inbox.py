"""What a delivery has to take note of, in the order in which it came. `came_by`: the trace by which it came, if it is traced."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from temporalio.common import RawValue

from domain.actions import ActionResult
from rules.deeds import Deed
from workflows.commands import Ask
from workflows.tracing import Carrier


@dataclass(frozen=True, slots=True)
class Reported:
    """A signal as it came."""

    name: str
    args: Sequence[RawValue]
    came_by: Carrier | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An update that waits for its answer."""

    ask: Ask
    answer: "asyncio.Future[None]"
    came_by: Carrier | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a deed."""

    deed: Deed
    result: ActionResult
    came_by: Carrier | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody says that something outside has changed: look again."""


Item: TypeAlias = Reported | Asked | Done | Called
Inbox: TypeAlias = deque[Item]
