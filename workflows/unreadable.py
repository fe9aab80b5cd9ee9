"""What comes from outside and cannot be opened is refused like any other bad input, and stays refused.

Whether a payload can be opened depends on the keys of this process, and keys come and go. A delivery must decide on replay
what it decided when the payload came, so each refusal of this kind is marked in the history; what was readable has no mark.
"""

import re
from collections.abc import Iterable
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from domain.instant import iso
    from workflows.codec import MARK, PLAIN_UNTIL, REASON, UNREADABLE
    from workflows.timer import now

LOST = (
    "a payload that was readable when it came cannot be read now: {reason}. DOORSTEP_CODEC_KEYS has to hold every key that an open"
    " delivery was sealed with; this task goes on as soon as it does"
)


class KeyMissingError(RuntimeError):
    """Fails the task, which is tried again: nobody outside is to blame, and nothing is lost once the key is back."""


def taken(values: Iterable[Any]) -> list[Any]:
    """The arguments of a start or a signal, with those that are refused as such. Raises KeyMissingError."""
    return [_taken(value) if isinstance(value, RawValue) else value for value in values]


def asked(values: Iterable[Any]) -> list[Any]:
    """The arguments of an update that is to be checked. Nothing is marked: a refused update is not in the history."""
    return [_unless_plain(value) if isinstance(value, RawValue) else value for value in values]


def ours(values: Iterable[Any]) -> list[Any]:
    """The arguments that we once sent ourselves, or that were accepted once. Raises KeyMissingError."""
    return [_insisted(value) if isinstance(value, RawValue) else value for value in values]


def _taken(value: RawValue) -> RawValue:
    mark = _said(value, MARK, r"[0-9a-f]{8}")
    if mark is None:
        return _unless_plain(value)
    lost = _is_unreadable(value)
    if not lost and not workflow.unsafe.is_replaying():
        return value
    # The length tells the same payload from itself when it is sent again.
    was_refused = workflow.patched(f"unreadable-{mark}-{workflow.info().get_current_history_length()}")
    if lost and not was_refused:
        return _insisted(value)
    return value if not was_refused or lost else _refused("it could not be read when it came")


def _insisted(value: RawValue) -> RawValue:
    if _is_unreadable(value):
        raise KeyMissingError(LOST.format(reason=_said(value, REASON, r".{1,200}")))
    return value


def _unless_plain(value: RawValue) -> RawValue:
    """Refuses what came unsealed after such payloads were taken. The same on replay: workflow time decides."""
    until = _said(value, PLAIN_UNTIL, r"[0-9]{1,14}")
    if until is None or now() < int(until):
        return value
    return _refused(f"it is not sealed, and since {iso(int(until))} only sealed payloads are taken")


def _said(value: RawValue, name: str, form: str) -> str | None:
    """What our codec wrote beside a payload; None if nothing is there, or what a sender wrote there."""
    said = value.payload.metadata.get(name)
    if not said:
        return None
    text = said.decode("utf-8", "replace")
    return text if re.fullmatch(form, text) else None


def _is_unreadable(value: RawValue) -> bool:
    return value.payload.metadata.get("encoding") == UNREADABLE


def _refused(reason: str) -> RawValue:
    return RawValue(Payload(metadata={"encoding": UNREADABLE, REASON: reason.encode()}))
