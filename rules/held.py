"""`for D`: a sentence that has been true without a break for a while, counted from when that began to be so."""

from typing import Any

from domain.instant import Instant
from rules import reach
from rules.readings import Frame
from rules.scene import Scene, Step
from rules.tree import Truth


def held_for(node: Any, frame: Frame, plain: Step) -> Step:
    """True from the node's D after the instant since which the sentence has been true; itself without one."""
    if not node.held:
        return plain
    due = reach.after(node.held, node.counted, frame)

    def at(scene: Scene, t: Instant) -> tuple[Truth, Instant]:
        truth, until = plain(scene, t)
        if truth is not Truth.TRUE:
            return truth, until
        edge = due(scene, _anchor(plain, scene, t, until))
        if edge is None:
            return Truth.UNKNOWN, until
        return (Truth.TRUE, until) if t >= edge else (Truth.FALSE, min(edge, until))

    return at


def _anchor(plain: Step, scene: Scene, t: Instant, until: Instant) -> Instant:
    """Since when a sentence that is true has been so; the same at every instant of a stretch that ends at `until`."""
    stretch = (plain, until)
    since = scene.anchors.get(stretch)
    if since is None:
        since = scene.anchors[stretch] = _true_since(plain, scene, t)
    return since


def _true_since(plain: Step, scene: Scene, t: Instant) -> Instant:
    """What is so only between two reports of one instant, for no time at all, counts for nothing."""
    since: Instant | None = None
    pieces = list(scene.past())
    ends = [start for start, _ in pieces[1:]] + [t + 1]
    for (start, past), end in zip(pieces, ends, strict=True):
        if start == end:
            continue
        at = start
        while True:
            truth, until = plain(past, at)
            since = (at if since is None else since) if truth is Truth.TRUE else None
            if until >= end:
                break
            at = until
    return t if since is None else since
