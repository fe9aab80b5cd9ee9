"""What came of deeds, as a delivery under watch keeps it: of those that were done, and of those that another workflow was asked for. Pure."""

from dataclasses import replace

from domain.actions import ActionResult, Outcome
from domain.incident import Act, Incident
from domain.instant import Instant
from rules.deeds import Deed
from rules.limits import uncounted
from rules.questions import with_question
from rules.requests import LATE, asked_for, is_answered, requested
from rules.watch import Watch


def with_outcome(watch: Watch, deed: Deed, result: ActionResult, now: Instant) -> Watch:
    """Keeps what came of a deed. Its events belong into the next look."""
    incident = watch.incident(deed.request.incident_id)
    if incident is None:
        return watch
    if is_answered(incident, deed.path, result):
        return watch
    watch, incident = _with_result(watch, incident, deed.path, (deed.name, deed.request.asked_at), result, now)
    return watch.with_incident(with_question(incident, deed.path, deed.request.args, result.events, now))


def with_answer(watch: Watch, incident_id: str, key: str, result: ActionResult, now: Instant) -> Watch | None:
    """Keeps what came of what another workflow was asked to do; None if nothing of that name was asked. See rules.requests."""
    incident = watch.incident(incident_id)
    found = asked_for(incident, key)
    if incident is None or found is None:
        return None
    path, act = found
    if act.outcome is Outcome.UNANSWERED and result.outcome is not Outcome.UNANSWERED:
        return watch.remarked(now, LATE.format(action=act.action, note=result.note))
    if act.outcome.ended:
        return watch
    watch, incident = _with_result(watch, incident, path, (act.action, act.asked_at), result, now)
    return watch.with_incident(incident)


def _with_result(
    watch: Watch, incident: Incident, path: str, asked: tuple[str, Instant], result: ActionResult, now: Instant
) -> tuple[Watch, Incident]:
    """What came of an act that was asked for by a name at an instant. What did not help does not count against its limit."""
    if result.outcome.calls_for_otherwise or result.outcome is Outcome.WITHHELD:
        watch = replace(watch, effects=uncounted(watch.effects, *asked))
    incident = incident.with_act(path, Act(*asked, result.outcome, now, result.note or None))
    return watch, requested(incident, path, result, now)
