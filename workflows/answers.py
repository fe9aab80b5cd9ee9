"""The signal `answer`: what another workflow says that came of what a delivery asked it for. See rules.requests."""

from collections.abc import Sequence
from dataclasses import replace

from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.event import Event
from domain.instant import Instant, iso
from rules.results import with_answer
from workflows.contract import ANSWER, refusal
from workflows.reports import AnswerIn, read_answer
from workflows.state import State


def answered(state: State, args: Sequence[RawValue], at: Instant) -> tuple[State, tuple[Event, ...]]:
    """The state with the answer, and the events to fold; what cannot be used is counted as rejected."""
    try:
        answer = read_answer(args)
        return _with_answer(state, answer, at)
    except ApplicationError as error:
        reason = f"{iso(at)} {ANSWER}: {error.message}"
        return replace(state, rejections=state.rejections.and_one(reason)), ()


def _with_answer(state: State, answer: AnswerIn, at: Instant) -> tuple[State, tuple[Event, ...]]:
    result = answer.result(at)
    watch = with_answer(state.watch, answer.incident_id, answer.key, result, at)
    if watch is None:
        raise refusal("NotFound", f"nothing of incident {answer.incident_id} was asked for by the key {answer.key}")
    return replace(state, watch=watch), result.events
