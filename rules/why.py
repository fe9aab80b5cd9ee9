"""Why a rule stands where it stands: each sentence with its truth, value and source, what is missing, what is to come."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from domain.delivery import Delivery, Source
from domain.incident import Incident
from domain.instant import NEVER, Instant, iso
from rules.batch import NO_ENDS, Ends
from rules.book import public_name
from rules.compile import CompiledBook, CompiledRule
from rules.contests import holding_back
from rules.evaluate import ChangeKind, evaluate
from rules.evidence import differing_currencies, distance, in_words, source_of, text_of, value_of
from rules.looking import looks_ahead, may_open, with_wake
from rules.machine import Cell, Phase, opens_at
from rules.openings import evaluated
from rules.outlook import outlook_of
from rules.readings import value_at
from rules.scene import Scene
from rules.scope import left_out
from rules.steps import step_of
from rules.tree import AnyOf, Compare, Condition, Group, NoneOf, Sentence, Together, Truth

MOST_LOOKS = 10_000
"""How many looks ahead a forecast takes for one rule."""

WORDS: Mapping[Truth, str] = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "unknown"}


def why(
    book: CompiledBook,
    delivery: Delivery,
    cells: Mapping[str, Cell],
    at: Instant,
    rule: str | None = None,
    incidents: Iterable[Incident] = (),
    ends: Ends = NO_ENDS,
) -> list[dict[str, Any]]:
    """Each rule (or one), as plain data: phase, sentences, near misses, cooldown, and what opens if nothing changes. Of the
    `incidents` also how their escalation goes on, and what waits. `ends` say until when rules go on after a final status."""
    settled = evaluate(book, delivery, delivery, cells, (), 0, at, ends=ends).cells
    scene, scope = Scene(delivery), book.in_scope(delivery)
    wanted = [found for found in book.rules if rule is None or rule in (found.id, found.rule.name)]
    known = tuple(incidents)
    return [
        _explained(found, settled, scene, at, scope, ends.get(found.id, NEVER))
        | outlook_of(known, found, settled, book, scene, at, ends.get(found.id, NEVER))
        for found in wanted
    ]


def forecast(
    book: CompiledBook,
    delivery: Delivery,
    cells: Mapping[str, Cell],
    last: Instant,
    at: Instant,
    until: Instant,
    ends: Ends = NO_ENDS,
) -> list[tuple[Instant, str]]:
    """All openings after `at`, up to `until`, if nothing new is learnt; by time, then priority."""
    if book.contested or book.opened:
        return list(_played_out(book, delivery, cells, last, at, until, ends))
    settled = evaluate(book, delivery, delivery, cells, (), last, at, ends=ends).cells
    scene, scope = Scene(delivery), book.in_scope(delivery)
    known = [(rule, settled[rule.id]) for rule in book.rules if rule.id in settled]
    found = [
        (when, rule.rule.name)
        for rule, cell in known
        for when in _openings(rule, cell, scene, may_open(rule, delivery, scope), min(until, ends.get(rule.id, NEVER)))
    ]  # fmt: skip
    return sorted(found, key=lambda opening: opening[0])


def _played_out(
    book: CompiledBook, delivery: Delivery, cells: Mapping[str, Cell], last: Instant, at: Instant, until: Instant, ends: Ends
) -> Iterator[tuple[Instant, str]]:
    """The same for rules that hold one another back or speak of one another's opening: each wake-up in turn."""
    delivery, verdict = evaluated(book, delivery, delivery, cells, (), last, at, ends=ends)
    for _ in range(MOST_LOOKS):
        if verdict.wake is None or verdict.wake.at > until:
            return
        at, last = verdict.wake.at, at
        delivery, verdict = evaluated(book, delivery, delivery, verdict.cells, (), last, at, ends=ends)
        yield from ((change.at, public_name(change.rule)) for change in verdict.changes if change.kind is ChangeKind.OPENED)


def _openings(rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool, until: Instant) -> Iterator[Instant]:
    for looks, (at, what, _) in enumerate(looks_ahead(rule, cell, scene, in_play)):
        if at > until or looks >= MOST_LOOKS:
            return
        if what == "opens":
            yield at


def _explained(
    rule: CompiledRule, cells: Mapping[str, Cell], scene: Scene, at: Instant, scope: frozenset[str], end: Instant
) -> dict[str, Any]:
    cell = cells.get(rule.id, Cell())
    rivals = () if cell.is_open else holding_back(rule.rivals, cells)
    cool = None if cell.ended_at is None else cell.ended_at + rule.timing.cooldown
    return {
        "rule": rule.rule.name,
        "says": rule.rule.says,
        "mode": rule.rule.mode.value,
        "applies": rule.id in scope,
        "left_out": None if rule.id in scope else left_out(rule.rule, scene.delivery),
        "phase": cell.phase.value,
        "since": None if cell.phase is Phase.IDLE else iso(cell.since),
        "episode": cell.episode,
        "opened_at": iso(cell.opened_at),
        "truth": WORDS[rule.when.step(scene, at)[0]],
        "sentences": [_told(rule, part, node, wanted, scene, at) for part, node, wanted in _sentences(rule)],
        "held_back_by": [public_name(rival.rule) for rival in rivals],
        "near_miss": [f"held back by the open incident of {public_name(rival.rule)}" for rival in rivals]
        + list(_near_misses(rule, cell, scene, at)),
        "cooldown_until": iso(cool) if cool is not None and cool > at else None,
        "forecast": _outlook(_foreseen(rule, cells, scene, scope, end)),
    }


def _sentences(rule: CompiledRule) -> Iterator[tuple[str, Sentence, bool]]:
    """The sentences of a rule, with the key that they stand under, and whether they have to be true (or false)."""
    parts = {"when": rule.rule.when, "only_when": rule.rule.only_when, "clears_when": rule.rule.clears_when}
    for part, condition in parts.items():
        if condition is not None:
            yield from ((part, node, wanted) for node, wanted in _leaves(condition, True))
    if rule.together is not None:
        yield "group", cast(Sentence, rule.together), True


def _leaves(node: Condition, wanted: bool) -> Iterator[tuple[Sentence, bool]]:
    if not isinstance(node, Group):
        yield node, wanted
        return
    for child in node.children:
        yield from _leaves(child, wanted is not isinstance(node, NoneOf))


def _told(rule: CompiledRule, part: str, node: Sentence, wanted: bool, scene: Scene, at: Instant) -> dict[str, Any]:
    truth, until = step_of(node, rule.frame)(scene, at)
    source = source_of(node, scene)
    return {
        "in": part,
        "text": text_of(node),
        "truth": WORDS[truth],
        "wanted": wanted,
        "value": value_of(node, scene, at, rule.frame),
        "source": None if source is None else _evidence(source, scene),
        "until": iso(until) if until < NEVER else None,
    }


def _evidence(source: Source, scene: Scene) -> dict[str, Any]:
    """What happened, where and when; its kind and place are None for an event that is no longer kept."""
    event = next((event for event in reversed(scene.delivery.events) if event.event_id == source.event_id), None)
    kind, place = (None, None) if event is None else (str((event.status or event.kind).value), event.place)
    return {"event_id": source.event_id, "kind": kind, "place": place, "at": iso(source.at)}


def _near_misses(rule: CompiledRule, cell: Cell, scene: Scene, at: Instant) -> Iterator[str]:
    """What is missing for the rule to open, in words; nothing for one that is open."""
    if cell.is_open:
        return
    if cell.phase is Phase.PENDING and opens_at(rule.timing, cell) > at:
        yield f"true, and needs to stay so for {in_words(opens_at(rule.timing, cell) - at)} more"
    if not cell.armed:
        yield "has to be false once before it may open again"
    for condition in (rule.rule.when, rule.rule.only_when, cast("Sentence | None", rule.together)):
        for node, wanted in _lacking(rule, condition, True, scene, at) if condition is not None else ():
            missing = _missing(rule, node, wanted, scene, at)
            if missing is not None:
                yield missing


def _lacking(rule: CompiledRule, node: Condition, wanted: bool, scene: Scene, at: Instant) -> Iterator[tuple[Sentence, bool]]:
    """The sentences that keep a condition from being as wanted. Of branches of which one is enough, only those that come to be so
    by themselves, if there are any: an unknown one beside them decides nothing."""
    if not isinstance(node, Group):
        yield node, wanted
        return
    right = Truth.TRUE if wanted else Truth.FALSE
    if step_of(node, rule.frame)(scene, at)[0] is right:
        return
    nodes: tuple[Condition, ...] = node.children
    if isinstance(node, AnyOf) and wanted:
        nodes = tuple(child for child in nodes if _comes_to_be(rule, child, right, scene, at)) or nodes
    for child in nodes:
        yield from _lacking(rule, child, wanted is not isinstance(node, NoneOf), scene, at)


def _comes_to_be(rule: CompiledRule, node: Condition, right: Truth, scene: Scene, at: Instant) -> bool:
    """Whether it turns as wanted by the clock alone, at its next turn."""
    step = step_of(node, rule.frame)
    until = step(scene, at)[1]
    return until < NEVER and step(scene, until)[0] is right


def _missing(rule: CompiledRule, node: Sentence, wanted: bool, scene: Scene, at: Instant) -> str | None:
    step, right = step_of(node, rule.frame), Truth.TRUE if wanted else Truth.FALSE
    truth, until = step(scene, at)
    if truth is right:
        return None
    if until < NEVER and step(scene, until)[0] is right:
        return f'"{text_of(node)}" needs {in_words(until - at)} more'
    if isinstance(node, Compare) and wanted and truth is Truth.FALSE:
        found = int(value_at(node.fact)(scene, at)[0])
        return f'"{text_of(node)}" is {distance(node, found, scene)} away'
    because = differing_currencies(node, scene, at) if truth is Truth.UNKNOWN else None
    because = value_of(node, scene, at, rule.frame) if isinstance(node, Together) else because
    return f'"{text_of(node)}" is {WORDS[truth]}{f": {because}" if because else ""}'


def _foreseen(rule: CompiledRule, cells: Mapping[str, Cell], scene: Scene, scope: frozenset[str], end: Instant) -> Cell:
    """The rule's cell with what it does next, which evaluation seeks only for the earliest. At its end what is open ends."""
    cell = cells.get(rule.id, Cell())
    if rule.id not in scope and not cell.is_open:
        return cell
    cell = with_wake(rule, cell, scene, may_open(rule, scene.delivery, scope), bool(holding_back(rule.rivals, cells)))
    if cell.wake_at <= end:
        return cell
    return cell.waking(end, "resolves") if cell.is_open else cell.waking(NEVER, "")


def _outlook(cell: Cell) -> dict[str, Any] | None:
    """What the rule does next if nothing changes; None for nothing."""
    if cell.wake_for not in ("opens", "resolves"):
        return None
    return {"at": iso(cell.wake_at), "says": f"{cell.wake_for} at {iso(cell.wake_at)} if nothing changes"}
