"""What became of incidents between two looks at them: for counting, measuring and logging. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.actions import Outcome
from domain.incident import Act, Incident


class Step(StrEnum):
    """What became of an incident."""

    OPENED = "opened"
    ENDED = "ended"
    """One of its actions has ended."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of an incident. Of an action: the act, and whether it is the first of its incident that was done."""

    step: Step
    incident: Incident
    act: Act | None = None
    is_first: bool = False


def progress(before: Sequence[Incident], after: Sequence[Incident]) -> Iterator[Progress]:
    """Every step, in the order of the incidents. What has not changed costs a comparison of identities."""
    known = {incident.incident_id: incident for incident in before}
    for incident in after:
        earlier = known.get(incident.incident_id)
        if earlier is incident:
            continue
        if earlier is None:
            yield Progress(Step.OPENED, incident)
        yield from _ended(earlier, incident)
        if not incident.is_open and (earlier is None or earlier.is_open):
            yield Progress(Step.RESOLVED, incident)


def _ended(earlier: Incident | None, incident: Incident) -> Iterator[Progress]:
    known = earlier.acts if earlier is not None else {}
    has_done = any(act.outcome is Outcome.DONE for act in known.values())
    for path, act in incident.acts.items():
        was = known.get(path)
        if was == act or not act.outcome.ended or (was is not None and was.outcome is act.outcome):
            continue
        is_first = act.outcome is Outcome.DONE and not has_done
        has_done = has_done or is_first
        yield Progress(Step.ENDED, incident, act, is_first)
