"""One rule's state machine on one delivery: idle, pending (hold runs), open, clearing (stay_clear runs), idle.

A cell is as its last look left it; `look_at` is when the next look is due if nothing new is learnt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from domain.instant import NEVER, Instant, Span
from domain.quick import quick_dataclass
from rules.tree import Truth

DUE_NOW: Instant = 0
"""`look_at` of a cell that has to be looked at whatever was touched."""


class Phase(StrEnum):
    """Where a rule stands on a delivery."""

    IDLE = "idle"
    PENDING = "pending"
    OPEN = "open"
    CLEARING = "clearing"


Turn: TypeAlias = Literal["", "opens", "reaches", "resolves", "looks"]
"""What a machine does at its wake-up that somebody could see."""


@quick_dataclass(frozen=True, slots=True)
class Cell:
    """`since` is when the phase began; `armed` says that the condition was false since the last episode, `clear` that
    clears_when was true at the last look. `reached` are the numbers of the stages reached in the episode. `wake_at` is the next instant at which it opens or resolves by time alone;
    with `wake_for` empty that has not been sought yet, as it is only if no other cell's can be earlier, and is not before `wake_at`."""

    phase: Phase = Phase.IDLE
    since: Instant = 0
    episode: int = 0
    opened_at: Instant | None = None
    ended_at: Instant | None = None
    armed: bool = True
    clear: bool = False
    look_at: Instant = DUE_NOW
    wake_at: Instant = NEVER
    wake_for: Turn = ""
    reached: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is an incident."""
        return self.phase in (Phase.OPEN, Phase.CLEARING)

    @property
    def is_busy(self) -> bool:
        """Whether anything else than a true condition can change it: it is not idle, or not armed."""
        return self.phase is not Phase.IDLE or not self.armed

    # Those that many looks need name each field: dataclasses.replace takes four times as long.
    def into(self, phase: Phase, since: Instant) -> "Cell":
        """The cell in another phase."""
        return Cell(
            phase,
            since,
            self.episode,
            self.opened_at,
            self.ended_at,
            self.armed,
            self.clear,
            self.look_at,
            self.wake_at,
            self.wake_for,
            self.reached,
        )

    def looked(self, look_at: Instant) -> "Cell":
        """The cell with its next look; what it does next has to be sought anew, and cannot be earlier."""
        if self.look_at == look_at == self.wake_at and not self.wake_for:
            return self
        return Cell(
            self.phase,
            self.since,
            self.episode,
            self.opened_at,
            self.ended_at,
            self.armed,
            self.clear,
            look_at,
            look_at,
            "",
            self.reached,
        )

    def waking(self, at: Instant, what: Turn) -> "Cell":
        """The cell with what it does next."""
        return Cell(
            self.phase,
            self.since,
            self.episode,
            self.opened_at,
            self.ended_at,
            self.armed,
            self.clear,
            self.look_at,
            at,
            what,
            self.reached,
        )

    def opened(self, at: Instant, clear: bool) -> "Cell":
        """The cell at the beginning of its next episode."""
        return Cell(
            Phase.OPEN,
            at,
            self.episode + 1,
            at,
            self.ended_at,
            self.armed,
            clear,
            self.look_at,
            self.wake_at,
            self.wake_for,
            self.reached,
        )

    def ended(self, at: Instant, armed: bool) -> "Cell":
        """The cell after its episode; cooldown runs from here."""
        return replace(self, phase=Phase.IDLE, since=at, ended_at=at, armed=armed, clear=False, opened_at=None, reached=())


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the machine goes by. `lasting`: opened by something received, it waits for clears_when or a person."""

    hold: Span = 0
    stay_clear: Span = 0
    cooldown: Span = 0
    has_clears_when: bool = False
    lasting: bool = False


class Seen(NamedTuple):
    """What is true at one instant and until when; `in_play` is false for a rule that may open nothing (scope, final)."""

    when: Truth
    when_until: Instant = NEVER
    only: bool = True
    only_until: Instant = NEVER
    clear: bool = False
    clear_until: Instant = NEVER
    in_play: bool = True


def settle(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Cell:
    """The cell after a look at an instant, with its next look. It opens or resolves at most once."""
    while True:
        after = PHASES[cell.phase](timing, cell, t, seen)
        if after is cell:
            return cell.looked(_next_look(timing, cell, t, seen))
        cell = after


def opens_at(timing: Timing, cell: Cell) -> Instant:
    """When a pending cell may open: at the later of hold's and cooldown's end."""
    cooled = cell.since if cell.ended_at is None else cell.ended_at + timing.cooldown
    return max(cell.since + timing.hold, cooled)


def turn(before: Cell, after: Cell) -> Turn:
    """What a look did that somebody could see."""
    if after.episode > before.episode:
        return "opens"
    if not before.is_open:
        return ""
    if not after.is_open:
        return "resolves"
    return "reaches" if len(after.reached) > len(before.reached) else ""


def _idle(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Cell:
    if not cell.armed and seen.when is Truth.FALSE:
        return replace(cell, armed=True)
    if cell.armed and seen.in_play and seen.when is Truth.TRUE:
        return cell.into(Phase.PENDING, t)
    return cell


def _pending(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Cell:
    if seen.when is not Truth.TRUE or not seen.in_play:
        return cell.into(Phase.IDLE, t)
    if t < opens_at(timing, cell) or not seen.only:
        return cell
    return cell.opened(t, seen.clear)


def _open(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Cell:
    if timing.has_clears_when:
        return _open_until_cleared(cell, t, seen)
    if seen.when is Truth.FALSE and not timing.lasting:
        return cell.into(Phase.CLEARING, t)
    return cell


def _open_until_cleared(cell: Cell, t: Instant, seen: Seen) -> Cell:
    if seen.clear is cell.clear:
        return cell
    if seen.clear:
        return replace(cell, phase=Phase.CLEARING, since=t, clear=True, armed=seen.when is Truth.FALSE)
    return replace(cell, clear=False)


def _clearing(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Cell:
    if _is_true_anew(timing, cell, seen):
        return replace(cell, phase=Phase.OPEN, since=t, clear=seen.clear)
    if timing.has_clears_when and seen.when is Truth.FALSE and not cell.armed:
        return replace(cell, armed=True)
    if t < cell.since + timing.stay_clear:
        return cell
    return cell.ended(t, armed=cell.armed or not timing.has_clears_when)


def _is_true_anew(timing: Timing, cell: Cell, seen: Seen) -> bool:
    """Without clears_when, anything but false ends the clearing; with it, only a condition that was false in between."""
    if timing.has_clears_when:
        return cell.armed and seen.when is Truth.TRUE
    return seen.when is not Truth.FALSE


PHASES: Mapping[Phase, Callable[[Timing, Cell, Instant, Seen], Cell]] = {
    Phase.IDLE: _idle,
    Phase.PENDING: _pending,
    Phase.OPEN: _open,
    Phase.CLEARING: _clearing,
}


def _next_look(timing: Timing, cell: Cell, t: Instant, seen: Seen) -> Instant:
    if cell.phase is Phase.IDLE:
        return seen.when_until if seen.in_play or not cell.armed else NEVER
    if cell.phase is Phase.PENDING:
        due = opens_at(timing, cell)
        return min(seen.when_until, due if due > t else seen.only_until)
    if cell.phase is Phase.CLEARING:
        return min(seen.when_until, cell.since + timing.stay_clear)
    if timing.has_clears_when:
        return seen.clear_until
    return NEVER if timing.lasting else seen.when_until
