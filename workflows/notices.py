"""What the Disruption workflow is sent, and what one run of it hands to the next."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from temporalio.common import RawValue

from domain.disruption import Affected, Notice
from domain.instant import Instant, instant, iso
from workflows.contract import By, disruption_workflow_id, invalid_input, problem, read_payload
from workflows.guard import TooManyArguments
from workflows.scalars import Text, When, Wire
from workflows.starts import one_argument, refuse_other_id

OPENED, CLOSED = "opened", "closed"
"""The signals."""

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""As far as the store counts: one that it cannot hold would be tried for ever."""

Place = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class DisruptionNotice(Wire):
    """What starts a Disruption, and what its signal `opened` carries. Without `opened_at` it is open from now on; without a
    `disruption_id` the workflow gives it one."""

    scope: Place
    key: Place
    declared_by: By
    kind: Text | None = None
    opened_at: When | None = None
    closes_at: When | None = None
    note: Text | None = None
    disruption_id: Number | None = None
    rule: Text | None = None
    acted_on: bool = False

    def notice(self, now: Instant) -> Notice:
        said = self.model_dump(exclude={"opened_at", "closes_at"})
        opened_at = now if self.opened_at is None else instant(self.opened_at)
        return Notice(**said, opened_at=opened_at, closes_at=None if self.closes_at is None else instant(self.closes_at))


class DisruptionOver(Wire):
    """`closed {disruption_id, at?}`."""

    disruption_id: Number
    at: When | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """Word that a disruption has ended, at an instant."""

    disruption_id: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Open:
    """A disruption that is under way; `timezone` is that of its place."""

    notice: Notice
    affected: Affected
    timezone: str = "UTC"

    @property
    def number(self) -> int:
        return self.notice.disruption_id or 0


Item: TypeAlias = Notice | Over

CARRIED = "doorstep_open"
_OPEN: TypeAdapter[tuple[Open, ...]] = TypeAdapter(tuple[Open, ...])
_CARRIED: TypeAdapter[dict[str, tuple[Open, ...]]] = TypeAdapter(dict[str, tuple[Open, ...]])


def wire_notice(notice: Notice) -> dict[str, Any]:
    """A notice as it is sent."""
    return {**asdict(notice), "opened_at": iso(notice.opened_at), "closes_at": iso(notice.closes_at)}


def read_start(sent: RawValue | TooManyArguments | None, workflow_id: str, now: Instant) -> Notice:
    """The notice that starts a Disruption; raises ApplicationError "InvalidInput"."""
    notice = read_payload(DisruptionNotice, one_argument(sent, "DisruptionNotice")).notice(now)
    refuse_other_id(workflow_id, disruption_workflow_id(notice.scope, notice.key), "key")
    return notice


def read_signal(name: str, args: Sequence[RawValue], now: Instant) -> Item:
    """What a signal says; raises ApplicationError "InvalidInput"."""
    if name not in (OPENED, CLOSED):
        raise invalid_input([problem("", f"unknown signal; there are {OPENED} and {CLOSED}", "unknown_signal")])
    if len(args) != 1:
        raise invalid_input([problem("", f"{name} takes one argument, {len(args)} were sent", "arguments")])
    if name == OPENED:
        return read_payload(DisruptionNotice, args[0]).notice(now)
    over = read_payload(DisruptionOver, args[0])
    return Over(over.disruption_id, now if over.at is None else instant(over.at))


def packed(under_way: Iterable[Open]) -> dict[str, Any]:
    """What one run hands to the next."""
    return {CARRIED: _OPEN.dump_python(tuple(under_way), mode="json")}


def unpacked(data: bytes) -> tuple[Open, ...] | None:
    """What an earlier run packed; None if this is something else."""
    try:
        return _CARRIED.validate_json(data).get(CARRIED)
    except ValidationError:
        return None
