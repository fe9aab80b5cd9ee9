"""What the tests of a rulebook have shown of each rule: which sentence was true, false and unknown, which steps and paths ran.

It is read off a test that was played out: nothing is added to the evaluator.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.event import Event
from domain.incident import Incident, Resolution
from domain.instant import NEVER, Instant
from rules.book import Rule
from rules.compile import CompiledBook, CompiledRule
from rules.doubtful import ground_of, may_be_unknown
from rules.evidence import text_of
from rules.looking import may_open
from rules.machine import Cell, Phase, opens_at
from rules.scene import Scene
from rules.scene import Step as Evaluate
from rules.simulate import FIRST, Moment, peeks
from rules.steps import step_of
from rules.tree import Condition, Group, Sentence, Truth
from rules.watch import Watch
from rules.ways import COOLED, CURED, KEPT_BACK, LAPSED, OPENED, TRUE_AGAIN, paths_of, ways

RAN = "ran"
WORDS: Mapping[Truth, str] = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that tests should show of a rule: what it is part of, its name there, its words, what there is to be seen of it."""

    part: str
    key: str
    text: str
    wanted: tuple[str, ...]


@dataclass
class RuleCoverage:
    """The rows of a rule, each with what was seen."""

    rule: str
    rows: tuple[Row, ...]
    seen: list[set[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = [set() for _ in self.rows]

    @property
    def of(self) -> int:
        return sum(len(row.wanted) for row in self.rows)

    @property
    def found(self) -> int:
        return sum(len(seen & set(row.wanted)) for row, seen in zip(self.rows, self.seen, strict=True))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A compiled rule, and the rows that it is about: those of its sentences by the key that they stand under."""

    rule: CompiledRule
    told: RuleCoverage
    sentences: Mapping[str, tuple[tuple[int, Evaluate], ...]]
    rows: Mapping[str, int]

    def see(self, key: str) -> None:
        """Notes that something ran."""
        if key in self.rows:
            self.told.seen[self.rows[key]].add(RAN)


class BookCoverage:
    """Gathers what the tests of one book show. Rows of a table that one rule was made for count together."""

    def __init__(self, book: CompiledBook) -> None:
        self._book = book
        self._rules: dict[str, RuleCoverage] = {}
        self._asked = tuple(self._ask(rule) for rule in book.rules)

    @property
    def rules(self) -> tuple[RuleCoverage, ...]:
        """In the order of the book."""
        order = [written_rule(rule) for rule in self._book.rulebook.rules]
        return tuple(self._rules[name] for name in dict.fromkeys(order) if name in self._rules)

    @property
    def found(self) -> int:
        return sum(rule.found for rule in self._rules.values())

    @property
    def of(self) -> int:
        return sum(rule.of for rule in self._rules.values())

    def add(self, moments: Sequence[Moment], end: Instant) -> None:
        """What one test showed of one delivery, up to its end inclusive, as long as this was its book."""
        before: Watch | None = None
        for moment, until in zip(moments, [*(one.at - 1 for one in moments[1:]), end], strict=True):
            if moment.watch.book != FIRST:
                return
            self._see_incidents(moment.watch)
            for watch, last in _states(moment, until):
                events = _learnt(before, watch) if watch is moment.watch else ()
                for asked in self._asked:
                    _see(asked, self._book, before, watch, events, last)
                before = watch

    def _ask(self, rule: CompiledRule) -> _Asked:
        name, rows = written_rule(rule.rule), tuple(_rows(rule))
        told = self._rules.setdefault(name, RuleCoverage(name, rows))
        number = len([row for row in rows if row.part not in CONDITIONS])
        sentences: dict[str, tuple[tuple[int, Evaluate], ...]] = {}
        for part, condition in _conditions(rule.rule):
            steps = [step_of(sentence, rule.frame) for sentence in sentences_of(condition)]
            sentences[part] = tuple(enumerate(steps, start=number))
            number += len(steps)
        places = {row.key: place for place, row in enumerate(rows) if row.part not in CONDITIONS}
        return _Asked(rule, told, sentences, places)

    def _see_incidents(self, watch: Watch) -> None:
        asked_of = {asked.rule.id: asked for asked in self._asked}
        for incident in watch.incidents:
            asked = asked_of[incident.rule]
            asked.see(OPENED)
            if incident.resolution is Resolution.CURED:
                asked.see(CURED)
            for path in (*incident.acts, *(f"stage.{number}" for number in incident.stages)):
                asked.see(path)
            for way in _kept_back(incident):
                asked.see(way)


def _kept_back(incident: Incident) -> Iterator[str]:
    yield from (KEPT_BACK[act.outcome] for act in incident.acts.values() if act.outcome in KEPT_BACK)
    if incident.lapsed_at is not None:
        yield LAPSED


CONDITIONS = ("when", "only_when", "clears_when")


def written_rule(rule: Rule) -> str:
    """What rules that were made of one written rule have in common: its name; a layer is a rule of its own."""
    return rule.id if rule.overrides is not None else rule.name


def sentences_of(node: Condition) -> Iterator[Sentence]:
    """The sentences of a condition, in the order written."""
    if not isinstance(node, Group):
        yield node
        return
    for child in node.children:
        yield from sentences_of(child)


def _conditions(rule: Rule) -> Iterator[tuple[str, Condition]]:
    for part in CONDITIONS:
        condition = getattr(rule, part)
        if condition is not None:
            yield part, condition


def _rows(compiled: CompiledRule) -> Iterator[Row]:
    rule, ground = compiled.rule, ground_of(compiled.rule, compiled.frame)
    yield from (Row("incident", key, key, (RAN,)) for key in ways(compiled))
    yield from (Row("incident", f"stage.{n}", f"stage {n + 1} is reached", (RAN,)) for n in range(len(rule.stages)))
    yield from (Row("step", path, text, (RAN,)) for path, text in paths_of(rule))
    for part, condition in _conditions(rule):
        for number, sentence in enumerate(sentences_of(condition)):
            doubt = ("unknown",) if may_be_unknown(sentence, ground) else ()
            yield Row(part, f"{part}.{number}", text_of(sentence), ("true", "false", *doubt))


# What is seen


def _states(moment: Moment, end: Instant) -> Iterator[tuple[Watch, Instant]]:
    """How things stand from a moment on, each state with its last instant."""
    watch = moment.watch
    for later in peeks(moment, end):
        if later.looked_at > watch.looked_at:
            yield watch, later.looked_at - 1
            watch = later
    yield watch, max(end, watch.looked_at)


def _learnt(before: Watch | None, now: Watch) -> tuple[Event, ...]:
    known = {event.event_id for event in before.delivery.events} if before else set()
    return tuple(event for event in now.delivery.events if event.event_id not in known)


def _see(asked: _Asked, book: CompiledBook, before: Watch | None, watch: Watch, events: tuple[Event, ...], last: Instant) -> None:
    """One rule, while one state of things lasts."""
    was = before.cells.get(asked.rule.id, Cell()) if before else Cell()
    cell = watch.cells.get(asked.rule.id, Cell())
    _see_paths(asked, was, cell, last)
    if not (was.is_open or cell.is_open or may_open(asked.rule, watch.delivery, book.in_scope(watch.delivery))):
        return
    scene, at = Scene(watch.delivery, events, watch.looked_at), watch.looked_at
    while at <= last:
        at = _see_sentences(asked, scene, at, was, cell)
        was = cell


def _see_paths(asked: _Asked, was: Cell, cell: Cell, last: Instant) -> None:
    if was.phase is Phase.CLEARING and cell.phase is Phase.OPEN and was.episode == cell.episode:
        asked.see(TRUE_AGAIN)
    cooled = 0 if cell.ended_at is None else cell.ended_at + asked.rule.timing.cooldown
    held = cell.since + asked.rule.timing.hold
    if cell.phase is Phase.PENDING and held <= last and held < cooled and opens_at(asked.rule.timing, cell) == cooled:
        asked.see(COOLED)


def _see_sentences(asked: _Asked, scene: Scene, at: Instant, was: Cell, cell: Cell) -> Instant:
    """Notes the truth of every sentence that counts at an instant; the next one at which one of them may change."""
    until = _see_part(asked, "when", scene, at)
    when, _ = asked.rule.when.step(scene, at)
    if when is Truth.TRUE and not was.is_open:
        until = min(until, _see_part(asked, "only_when", scene, at))
    if was.is_open or cell.is_open:
        opened_at = cell.opened_at or was.opened_at or 0
        until = min(until, _see_part(asked, "clears_when", scene.received_since(opened_at), at))
    return until


def _see_part(asked: _Asked, part: str, scene: Scene, at: Instant) -> Instant:
    until = NEVER
    for number, step in asked.sentences.get(part, ()):
        truth, changes = step(scene, at)
        asked.told.seen[number].add(WORDS[truth])
        until = min(until, changes)
    return until
