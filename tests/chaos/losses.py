"""Counts what was lost, column by column; each loss with what and where."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.actions import Outcome
from domain.instant import SECOND
from rules.compile import CompiledBook
from store.words import EffectState
from tests.chaos.book import EFFECTS, GRACE_S
from tests.chaos.evidence import Evidence, Watched
from tests.chaos.garbage import Thrown
from tests.chaos.senders import Record
from tests.chaos.truth import known_events, lost_events, noticed, wrong_copy, wrong_openings, wrong_state
from workflows.contract import delivery_workflow_id

GIVEN_UP = "given up: the incident had ended"

LOSSES = (
    "faults missed",
    "false incidents",
    "wrong openings",
    "effects missed",
    "effects doubled",
    "effects unasked",
    "events lost",
    "requests lost or doubled",
    "wrong states",
    "wrong copies",
    "failing tasks",
    "cannot be replayed",
    "left waiting",
    "garbage not refused",
    "garbage miscounted",
    "stuck workflows",
)
"""The columns that have to be zero."""


@dataclass
class Count:
    """What there was (`seen`), and what of it was lost, each with a line that says what."""

    seen: Counter[str] = field(default_factory=Counter)
    lost: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in LOSSES})

    def lose(self, column: str, line: str) -> None:
        self.lost[column].append(line)

    @property
    def losses(self) -> int:
        return sum(map(len, self.lost.values()))


def counted(book: CompiledBook, evidence: Evidence, thrown: Thrown, stuck: Sequence[str]) -> Count:
    """All columns."""
    count = Count()
    for watched in evidence.watched:
        _faults(watched, count)
        _states(book, watched, count)
        _requests(watched, count)
    _effects(evidence, count)
    _workflows(evidence, count)
    _replay(evidence, count)
    _garbage(evidence, thrown, stuck, count)
    return count


def _faults(watched: Watched, count: Count) -> None:
    """Each fault is noticed by its rule, and nothing else is."""
    life, found = watched.record.life, noticed(watched)
    count.seen["deliveries"] += 1
    if life.rule is not None:
        count.seen["faults injected"] += 1
        seen = {rule: over for (rule, _), over in found.items()}
        if not life.in_the_calm and learnt_at_once(watched):
            seen.setdefault(life.rule, True)
        if life.rule not in seen or (seen[life.rule] and life.in_the_calm):
            count.lose("faults missed", f"{life.delivery_id} ({life.fault}): {life.rule} did not open")
        else:
            count.seen["faults over before anybody looked" if seen[life.rule] else "faults noticed"] += 1
    for rule, at in found:
        if rule == life.rule:
            continue
        if was_held_up(watched.record, at):
            count.seen["opened since news was held up"] += 1
        elif found[(rule, at)] and life.skew_s > 0 and was_away(watched, at):
            count.seen["missed by a clock that is ahead"] += 1
        else:
            count.lose("false incidents", f"{life.delivery_id} ({life.fault or 'healthy'}, {life.quirks}): {rule} opened")


def was_away(watched: Watched, at: int) -> bool:
    """Whether news was taken before an instant, and the delivery learnt of it only after: no worker was there. What comes from a clock
    that is ahead counts as having happened when it was learnt, and what has opened and ended by then is noted and does nothing."""
    known = known_events(watched)
    return any(
        taken.taken_at <= at < known[event_id].recorded_at
        for event_id, taken in watched.record.taken.items()
        if event_id in known
    )


def learnt_at_once(watched: Watched) -> bool:
    """Whether the delivery learnt of its end together with the news before it: then nobody could look in between."""
    known, life = known_events(watched), watched.record.life
    ends = {told.event_id(life.delivery_id) for told in life.end.told}
    learnt = {event_id: event.recorded_at for event_id, event in known.items() if event_id in watched.record.taken}
    return max((at for event_id, at in learnt.items() if event_id not in ends), default=0) == max(learnt.values(), default=0)


def was_held_up(record: Record, at: int) -> bool:
    """Whether news was to be sent before an instant and was taken only after it: then a rule is right to open."""
    return any(taken.due_at <= at < taken.taken_at for taken in record.taken.values())


def _states(book: CompiledBook, watched: Watched, count: Count) -> None:
    delivery_id = watched.record.life.delivery_id
    count.seen["signals"] += watched.record.sent
    count.seen["events taken"] += len(watched.record.taken)
    for event_id in lost_events(watched):
        count.lose("events lost", f"{event_id} was taken and is not known")
    for event_id, at in watched.record.refused.items():
        ended = watched.record.ended_at
        if event_id in watched.record.taken:
            count.seen["second copies refused after the end"] += 1
        elif ended is not None and at >= ended + GRACE_S * SECOND:
            count.seen["stragglers refused after the end"] += 1
        else:
            count.lose("events lost", f"{event_id} was refused while its delivery was to be open")
    if wrong := wrong_state(watched):
        count.lose("wrong states", f"{delivery_id}: {wrong}")
    if wrong := wrong_copy(watched):
        count.lose("wrong copies", f"{delivery_id}: {wrong}")
    for line in wrong_openings(book, watched):
        count.lose("wrong openings", f"{delivery_id}: {line}")


def _requests(watched: Watched, count: Count) -> None:
    """What was taken over HTTP is known to the delivery, or kept beside it."""
    known, beside = _said(watched.history["events"]), _said(watched.after_close)
    ids = [{str(event["event_id"]) for event in events} for events in (watched.history["events"], watched.after_close)]
    count.seen["known and kept beside, under one id"] += len(ids[0] & ids[1])
    for what, texts in (("notes taken", watched.record.notes), ("replies taken", watched.record.replies)):
        count.seen[what] += len(texts)
        for text in texts:
            if not is_once(known.get(text, []), beside.get(text, [])):
                said = f"known as {known.get(text, [])}, kept beside as {beside.get(text, [])}"
                count.lose("requests lost or doubled", f"{watched.record.life.delivery_id} {text!r}: {said}")


def _said(events: Iterable[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    """The words of notes and replies -> the event ids under which they came."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event["kind"] in ("note", "customer_reply"):
            found.setdefault(str(event["detail"].get("text")), []).append(str(event["event_id"]))
    return found


def is_once(known: Sequence[str], beside: Sequence[str]) -> bool:
    """Whether a request that is known under these ids, and kept beside under those, is one: here, or there, or once in either place
    under one id, since what is handed on again may meet a delivery that has ended meanwhile."""
    return len(known) <= 1 and len(beside) <= 1 and len({*known, *beside}) == 1


def _effects(evidence: Evidence, count: Count) -> None:
    """What really arrived against what the incidents ask for."""
    wanted: Counter[tuple[str, str]] = Counter()
    spared: set[tuple[str, str]] = set()
    for watched in evidence.watched:
        for kind, is_given_up in _wanted(watched):
            key = (kind, watched.record.life.delivery_id)
            wanted[key] += 1
            spared |= {key} if is_given_up else set()
    arrived = {key: len(ids) for key, ids in evidence.arrived.ids.items()}
    count.seen["effects expected"] = wanted.total()
    count.seen["effects arrived"] = sum(arrived.values())
    count.seen["arrived again under the same id"] = evidence.arrived.again
    for key in sorted({*wanted, *arrived}):
        _compare(key, wanted[key], arrived.get(key, 0), key in spared, count)


def _compare(key: tuple[str, str], wanted: int, arrived: int, is_spared: bool, count: Count) -> None:
    kind, delivery_id = key
    if arrived > wanted:
        column = "effects doubled" if wanted else "effects unasked"
        count.lose(column, f"{delivery_id} {kind}: {arrived} arrived, {wanted} wanted")
    elif arrived < wanted and is_spared:
        count.seen["effects given up since the incident was over"] += wanted - arrived
    elif arrived < wanted:
        count.lose("effects missed", f"{delivery_id} {kind}: {arrived} arrived, {wanted} wanted")


def _wanted(watched: Watched) -> Iterator[tuple[str, bool]]:
    """What each incident asks for; whether it was given up because nobody wants to hear of an incident that is over."""
    notes: Mapping[str, Sequence[str]] = _notes(watched.snapshot["actions"])
    for incident in watched.snapshot["incidents"]:
        given_up = any(GIVEN_UP in note for note in notes.get(incident["incident_id"], ()))
        yield from ((kind, given_up) for kind in EFFECTS[incident["rule"]])


def _notes(actions: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for action in actions:
        found.setdefault(action["incident_id"], []).append(action["note"] or "")
    return found


def _workflows(evidence: Evidence, count: Count) -> None:
    """No task fails, nothing is left waiting."""
    count.seen["workflows"] = evidence.workflows.seen
    for workflow_id, why in evidence.workflows.failing.items():
        count.lose("failing tasks", f"{workflow_id}: {why}")
    for line in (*evidence.workflows.busy, *(f"{one} is open" for one in evidence.workflows.open)):
        count.lose("left waiting", line)
    for effect in evidence.effects:
        if effect.state is not EffectState.CLOSED and effect.outcome is not Outcome.DONE:
            count.lose("left waiting", f"the effect {effect.key} is {effect.state.value}: {effect.last_error or 'no error'}")
    if evidence.pending:
        count.lose("left waiting", f"{evidence.pending} rows of the inbox")


def _replay(evidence: Evidence, count: Count) -> None:
    """The code as it is could go on with every history."""
    replay = evidence.replay
    count.seen["histories replayed"] = replay.histories
    count.seen["events replayed"] = replay.events
    count.seen["seconds of replaying"] = round(replay.seconds)
    for one in replay.differing:
        count.lose("cannot be replayed", f"{one.workflow_id} (run {one.run_id}, {one.events} events): {one.differs}")
    if replay.histories < evidence.workflows.seen:
        count.lose("cannot be replayed", f"{evidence.workflows.seen - replay.histories} workflows, whose histories are not there")


def _garbage(evidence: Evidence, thrown: Thrown, stuck: Sequence[str], count: Count) -> None:
    count.seen["garbage sent"] = thrown.sent.total()
    count.seen["garbage refused"] = thrown.refused
    count.seen["garbage answered"] = thrown.answered
    count.seen["garbage counted"] = thrown.counted.total()
    count.seen["garbage started"] = len(thrown.started)
    count.seen["told to wait by the rate limit"] = thrown.told_to_wait
    for line in thrown.wrong:
        count.lose("garbage not refused", line)
    for line in stuck:
        count.lose("stuck workflows", line)
    snapshots = {delivery_workflow_id(one.record.life.delivery_id): one.snapshot for one in evidence.watched}
    told = {id: int(snapshot["rejected"]["count"]) for id, snapshot in snapshots.items()} | dict(thrown.rejected)
    for workflow_id, rejected in told.items():
        if rejected != thrown.counted[workflow_id]:
            count.lose("garbage miscounted", f"{workflow_id} counted {rejected} of {thrown.counted[workflow_id]}")
    for workflow_id in sorted({*thrown.counted} - {*told}):
        count.lose("garbage miscounted", f"{workflow_id} took {thrown.counted[workflow_id]}, and nobody asked what it counted")
