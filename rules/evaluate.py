"""One batch: which rules open, which incidents resolve, and when to look again if nothing new is learnt. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Resolution
from domain.instant import NEVER, Instant
from domain.quick import quick_dataclass
from domain.status import Status
from rules.batch import NEW, NO_ENDS, Batch, Ends
from rules.compile import CompiledBook, CompiledRule
from rules.contests import holding_back
from rules.lookback import stayed, was
from rules.looking import look, with_wake
from rules.machine import DUE_NOW, Cell, Phase, turn
from rules.scene import Scene
from rules.tree import Truth

EDITION = 1
"""The newest edition of evaluation. A change that decides differently gets a new one and leaves the older in place."""


class ChangeKind(StrEnum):
    """What became of a rule on a delivery."""

    OPENED = "opened"
    REACHED = "reached"
    RESOLVED = "resolved"
    MISSED = "missed"
    RETRACTED_PENDING = "retracted_pending"


@dataclass(frozen=True, slots=True)
class Change:
    """What changed and when. For a hold that late knowledge cancelled, `episode` is the one it would have become. `stages` are
    the numbers of those that were reached."""

    kind: ChangeKind
    rule: str
    episode: int
    at: Instant
    resolution: Resolution | None = None
    stages: tuple[int, ...] = ()


@quick_dataclass(frozen=True, slots=True)
class Wake:
    """When to look again, and why in words."""

    at: Instant
    because: str


@quick_dataclass(frozen=True, slots=True)
class Verdict:
    """Where each rule stands now, what changed (by time, then priority), and the next wake-up; None: no timer."""

    cells: Mapping[str, Cell]
    changes: tuple[Change, ...] = ()
    wake: Wake | None = None


def evaluate(
    book: CompiledBook,
    before: Delivery,
    after: Delivery,
    cells: Mapping[str, Cell],
    learnt: tuple[Event, ...],
    last: Instant,
    now: Instant,
    edition: int = EDITION,
    ends: Ends = NO_ENDS,
) -> Verdict:
    """Runs every rule's machine from `last` to `now` on what was known before the batch, then looks at what is known now. `ends`
    say until when rules may still open after a final status.

    Raises ValueError for an edition that this version does not know.
    """
    if not 1 <= edition <= EDITION:
        raise ValueError(f"there is no edition {edition} of evaluation; this version knows 1 to {EDITION}")
    batch = Batch(book, before, after, cells, learnt, last, now, ends)
    looked = batch.put_off()
    changes: list[Change] = []
    for rule in batch.to_look_at():
        cell = cells.get(rule.id, NEW)
        moved = batch.still_idle(rule, cell) or _run(rule, cell, batch, *_held_back(rule, cells, looked), changes)
        if moved is not cell:
            looked[rule.id] = moved
    found = batch.standing(looked)
    if book.contested and _has_any_moved(cells, looked):
        changes = _contend(batch, cells, found, changes)
    found.found = batch.outcome(looked, found)
    wake = _wake(batch, found, found.found.timed or ())
    return Verdict(found, tuple(sorted(changes, key=lambda change: change.at)) if changes else (), wake)


def _has_any_moved(cells: Mapping[str, Cell], looked: Mapping[str, Cell]) -> bool:
    """Whether an incident may have begun or ended, or a rule have begun to wait for its own."""
    pairs = ((cells.get(rule, NEW), cell) for rule, cell in looked.items())
    return any(old.look_at == DUE_NOW or old.phase is not new.phase or old.episode != new.episode for old, new in pairs)


def release(cells: Mapping[str, Cell], rule: str, at: Instant) -> Mapping[str, Cell]:
    """The cells after a person resolved a rule's incident: it arms again only once its condition was false. Evaluate anew."""
    cell = cells.get(rule)
    if cell is None or not cell.is_open:
        return cells
    return {**cells, rule: replace(cell.ended(at, armed=False), look_at=DUE_NOW, wake_at=NEVER, wake_for="")}


def _at_rest(cell: Cell, at: Instant) -> Cell:
    """Nothing open, nothing awaited; what is true if the delivery comes back to life may open anew."""
    cell = cell.ended(at, armed=True) if cell.is_open else cell
    if cell.phase is not Phase.IDLE:
        cell = cell.into(Phase.IDLE, cell.since)
    return cell.looked(NEVER)


def _held_back(rule: CompiledRule, cells: Mapping[str, Cell], found: Mapping[str, Cell]) -> tuple[bool, bool]:
    """Whether a rival holds the rule back, or did until now; what a person has resolved (it is due at once) did."""
    if not rule.rivals:
        return False, False
    now = any((found.get(rival.rule) or cells.get(rival.rule, NEW)).is_open for rival in rule.rivals)
    was_resolved = any(cells.get(rival.rule, NEW).look_at == DUE_NOW for rival in rule.rivals if rival.rule in cells)
    return now, now or was_resolved or bool(holding_back(rule.rivals, cells))


def _run(rule: CompiledRule, cell: Cell, batch: Batch, held_back: bool, was_held_back: bool, changes: list[Change]) -> Cell:
    """A rule's machine through one batch: on old knowledge up to now, then on new. What it changed is written down."""
    told: list[Change] = []
    cell = _caught_up(rule, cell, batch, was_held_back, told)
    cell = _reconsidered(rule, cell, batch, told)
    if batch.has_ended(rule):
        how = Resolution.EXPIRED if batch.after.facts.status is Status.EXPIRED else Resolution.FINAL
        cell = _finished(rule, cell, batch.now, how, told)
    else:
        cell = _looked_now(rule, cell, batch, held_back, told)
    if told:
        changes += _as_noticed(told)
    return cell


def _looked_now(rule: CompiledRule, cell: Cell, batch: Batch, held_back: bool, changes: list[Change]) -> Cell:
    in_play = batch.may_open(rule) if batch.is_over else rule.id in batch.scope
    cell = _looked(rule, cell, batch.new, batch.now, in_play, held_back, changes)
    if cell.phase is Phase.CLEARING and _opened_in(changes, cell.episode) not in (None, batch.now):
        changes.append(Change(ChangeKind.RESOLVED, rule.id, cell.episode, batch.now, Resolution.CURED))
        cell = look(rule, cell.ended(batch.now, armed=cell.armed), batch.new, batch.now, in_play, held_back)
    return cell


def _caught_up(rule: CompiledRule, cell: Cell, batch: Batch, held_back: bool, changes: list[Change]) -> Cell:
    """The cell after all that was due before now; usually nothing was."""
    if not DUE_NOW < cell.look_at < batch.now:
        return cell
    while DUE_NOW < cell.look_at < batch.now:
        t = max(cell.look_at, batch.last)
        cell = _looked(rule, cell, batch.old, t, batch.might_open(rule, t), held_back, changes)
    return cell


def _looked(
    rule: CompiledRule, cell: Cell, scene: Scene, t: Instant, in_play: bool, held_back: bool, changes: list[Change]
) -> Cell:
    """One look, with what it changed written down."""
    after = look(rule, cell, scene, t, in_play, held_back)
    what = turn(cell, after)
    if what == "opens":
        changes.append(Change(ChangeKind.OPENED, rule.id, after.episode, t, stages=after.reached))
    elif what == "reaches":
        more = tuple(number for number in after.reached if number not in cell.reached)
        changes.append(Change(ChangeKind.REACHED, rule.id, after.episode, t, stages=more))
    elif what == "resolves":
        changes.append(Change(ChangeKind.RESOLVED, rule.id, cell.episode, t, Resolution.CURED))
    return after


def _reconsidered(rule: CompiledRule, cell: Cell, batch: Batch, changes: list[Change]) -> Cell:
    """The cell in the light of late knowledge: what it proves to have been false all along is taken back."""
    if batch.late is None or cell.phase is Phase.IDLE or rule.timing.lasting:
        return cell
    now = batch.now
    if cell.phase is Phase.PENDING:
        if _is_disproved(rule, cell.since, batch):
            changes.append(Change(ChangeKind.RETRACTED_PENDING, rule.id, cell.episode + 1, now))
            return replace(cell, phase=Phase.IDLE, since=now, reached=())
        return replace(cell, phase=Phase.IDLE, since=now, reached=()) if _is_broken(rule, cell, Truth.TRUE, batch) else cell
    if cell.opened_at is not None and _is_disproved(rule, cell.opened_at, batch):
        changes.append(Change(ChangeKind.RESOLVED, rule.id, cell.episode, now, Resolution.RETRACTED))
        return cell.ended(now, armed=True)
    if cell.phase is Phase.CLEARING and rule.clears_when is None and _is_broken(rule, cell, Truth.FALSE, batch):
        return replace(cell, phase=Phase.OPEN, since=now)
    return cell


def _is_disproved(rule: CompiledRule, at: Instant, batch: Batch) -> bool:
    """Whether the condition counted as true at an instant, and the batch says that it was not."""
    if batch.late is None or batch.late > at:
        return False
    return was(rule.when, batch.after, at) is not Truth.TRUE and was(rule.when, batch.before, at) is Truth.TRUE


def _is_broken(rule: CompiledRule, cell: Cell, wanted: Truth, batch: Batch) -> bool:
    """Whether the batch says that the condition was something else for a time since the phase began."""
    start, now = max(cell.since, batch.late or 0), batch.now
    if start >= now:
        return False
    return not stayed(rule.when, wanted, batch.after, start, now) and stayed(rule.when, wanted, batch.before, start, now)


def _contend(batch: Batch, cells: Mapping[str, Cell], found: dict[str, Cell], changes: list[Change]) -> list[Change]:
    """Lets an open rule give way to a rival that has opened, and a pending one open whose rivals have resolved."""
    contested = [rule for rule in batch.book.contested if rule.id in batch.found.watched.place]
    for _ in range(len(contested) + 1):
        before = list(found.values())
        for rule in contested:
            rivals = holding_back(rule.rivals, found)
            if found[rule.id].is_open and any(rival.ends for rival in rivals):
                found[rule.id], changes = _given_way(rule, found[rule.id], batch.now, changes)
            if not found[rule.id].is_open and (found[rule.id].phase is Phase.PENDING or _has_moved(rule, cells, found)):
                found[rule.id] = _looked_again(rule, found[rule.id], batch, bool(rivals), changes)
        if list(found.values()) == before:
            break
    return changes


def _has_moved(rule: CompiledRule, cells: Mapping[str, Cell], found: Mapping[str, Cell]) -> bool:
    """Whether a rival's incident may have begun or ended; one that a person has resolved is due at once."""
    pairs = ((cells.get(rival.rule, NEW), found.get(rival.rule, NEW)) for rival in rule.rivals)
    return any(before.is_open is not after.is_open or before.look_at == DUE_NOW for before, after in pairs)


def _looked_again(rule: CompiledRule, cell: Cell, batch: Batch, held_back: bool, changes: list[Change]) -> Cell:
    in_play = batch.may_open(rule)
    if cell.phase is Phase.PENDING or cell.look_at == DUE_NOW:
        cell = _looked(rule, cell, batch.new, batch.now, in_play, held_back, changes)
    return cell.looked(cell.look_at)  # what it does next may be another thing now


def _given_way(rule: CompiledRule, cell: Cell, now: Instant, changes: list[Change]) -> tuple[Cell, list[Change]]:
    """An incident that is superseded; it never was one if it would have opened at this very instant."""
    opened = next((one for one in changes if (one.kind, one.rule, one.at) == (ChangeKind.OPENED, rule.id, now)), None)
    if opened is not None:
        since = now - rule.timing.hold
        back = replace(cell, phase=Phase.PENDING, since=since, episode=cell.episode - 1, opened_at=None, look_at=DUE_NOW)
        return back, [change for change in changes if change is not opened]
    superseded = Change(ChangeKind.RESOLVED, rule.id, cell.episode, now, Resolution.SUPERSEDED)
    return replace(cell.ended(now, armed=True), look_at=DUE_NOW), [*changes, superseded]


def _finished(rule: CompiledRule, cell: Cell, now: Instant, how: Resolution, changes: list[Change]) -> Cell:
    if cell.is_open:
        changes.append(Change(ChangeKind.RESOLVED, rule.id, cell.episode, now, how))
    return _at_rest(cell, now)


def _opened_in(changes: list[Change], episode: int) -> Instant | None:
    return next((change.at for change in changes if change.kind is ChangeKind.OPENED and change.episode == episode), None)


def _as_noticed(changes: list[Change]) -> list[Change]:
    """What opened and ended before anybody looked was missed; or, if late knowledge took it back, never was."""
    opened = {change.episode: change.at for change in changes if change.kind is ChangeKind.OPENED}
    ended = {change.episode: change for change in changes if change.kind is ChangeKind.RESOLVED and change.episode in opened}
    kept = [change for change in changes if change.episode not in ended or change.kind is ChangeKind.RETRACTED_PENDING]
    return kept + [_unnoticed(change, opened[episode]) for episode, change in ended.items()]


def _unnoticed(end: Change, opened_at: Instant) -> Change:
    if end.resolution is Resolution.RETRACTED:
        return Change(ChangeKind.RETRACTED_PENDING, end.rule, end.episode, end.at)
    return Change(ChangeKind.MISSED, end.rule, end.episode, opened_at)


def _wake(batch: Batch, cells: dict[str, Cell], timed: tuple[str, ...]) -> Wake | None:
    """The earliest thing that a cell does next by time alone; sought only of cells that nothing else can be earlier than. `timed`
    are the rules that have a next look at all."""
    while True:
        at = min([cells[rule].wake_at for rule in timed], default=NEVER)
        if at >= NEVER:
            return None
        first = [rule for rule in timed if cells[rule].wake_at == at]
        for name in [rule for rule in first if not cells[rule].wake_for]:
            rule = batch.found.watched.rule(name)
            in_play = batch.may_open(rule)
            cell = with_wake(rule, cells[name], batch.new, in_play, bool(holding_back(rule.rivals, cells)))
            is_too_late = cell.wake_for == "opens" and cell.wake_at > batch.ends.get(name, NEVER)
            cells[name] = cell.waking(NEVER, "") if is_too_late else cell
        if all(cells[rule].wake_at == at for rule in first):
            first.sort(key=batch.found.watched.place.__getitem__)
            return Wake(at, ", ".join(f"{rule} {cells[rule].wake_for}" for rule in first))
