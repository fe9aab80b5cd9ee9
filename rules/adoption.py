"""A running delivery goes on with another version of its rulebook: what each rule keeps of its state, and which rules stay for now.

State belongs to a rule's name and its condition with its hold. An open episode finishes under the book that opened it, and a
changed condition counts only for new deliveries where its rule says `in_flight: keep`; such a rule is one of another version
than the delivery's book, and the two are evaluated as one mixed book. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from domain.delivery import Delivery
from rules.book import public_name
from rules.compile import CompiledBook, CompiledRule, compile_book
from rules.machine import DUE_NOW, Cell
from rules.parts import parts_of
from rules.tree import Counted, Daytime, InCalendar, Weekdays

Versions: TypeAlias = Callable[[str], CompiledBook]
"""Version -> compiled book; raises LookupError."""

BY_THE_CLOCK = (Daytime, Weekdays, InCalendar, Counted)
"""Parts of a condition that are read on the rule's own clock."""

REMEMBERED_MIXTURES = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the rules of a delivery stand, and which of them are not of its book: rule id -> their version."""

    cells: Mapping[str, Cell]
    kept: Mapping[str, str]


def only_one(version: str) -> CompiledBook:
    """Versions, for a delivery that has only ever had one book."""
    raise LookupError(f"rulebook version {version[:12]} is needed, and only the present one is at hand")


def in_force(book: CompiledBook, kept: Mapping[str, str], versions: Versions) -> CompiledBook:
    """The book with the rules that stay for now in place of those of the same name."""
    if not kept:
        return book
    olds = {rule: versions(version) for rule, version in kept.items()}
    key = tuple(sorted((rule, id(old)) for rule, old in olds.items()))
    found = book.mixtures.get(key)
    if found is None:
        if len(book.mixtures) >= REMEMBERED_MIXTURES:
            book.mixtures.clear()
        # The old books are kept beside it, so that their identity in the key stays theirs.
        found = book.mixtures[key] = (_mixed(book, olds), tuple(olds.values()))
    return found[0]


def _mixed(book: CompiledBook, olds: Mapping[str, CompiledBook]) -> CompiledBook:
    """Compiled for the reference matcher: rulesets of the other are never freed, and mixtures come and go."""
    staying = [rule for rule_id, old in olds.items() if (rule := old.rule(rule_id)) is not None]
    names = {rule.name for rule in staying}
    rules = (*(rule for rule in book.rulebook.rules if rule.name not in names), *staying)
    directories = {rule_id: old.rulebook.directory for rule_id, old in olds.items()}
    return compile_book(replace(book.rulebook, rules=rules), "reference", directories)


def adopted(standing: Standing, version: str, old: CompiledBook, new: CompiledBook, delivery: Delivery) -> Standing:
    """The standing under a new book, where the old one (in force until now) was, but for what was kept, of `version`."""
    change = _Change(old, new, delivery, dict(standing.cells), {})
    for name in dict.fromkeys((*_names(old), *_names(new))):
        change.take_over(name, standing.kept, version)
    return change.outcome()


def handed_over(standing: Standing, old: CompiledBook, new: CompiledBook, delivery: Delivery) -> Standing:
    """The standing after episodes under earlier books have ended: their rules are those of the delivery's book from now on."""
    change = _Change(old, new, delivery, dict(standing.cells), dict(standing.kept))
    for rule, version in standing.kept.items():
        if not standing.cells.get(rule, Cell()).is_open:
            del change.kept[rule]
            change.go_on(public_name(rule), {rule: version}, version, after_episode=True)
    return change.outcome()


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of books under way."""

    old: CompiledBook
    new: CompiledBook
    delivery: Delivery
    cells: dict[str, Cell]
    kept: dict[str, str]

    def take_over(self, name: str, kept: Mapping[str, str], version: str) -> None:
        """What becomes of the rules of one name, of which at most one is for the delivery."""
        busy = next((rule for rule in _named(self.old, name) if self.cells.get(rule.id, Cell()).is_open), None)
        if busy is None:
            self.go_on(name, kept, version, after_episode=False)
        elif not any(_is_identical(busy, rule) for rule in _named(self.new, name)):
            self.kept[busy.id] = kept.get(busy.id, version)

    def go_on(self, name: str, kept: Mapping[str, str], version: str, *, after_episode: bool) -> None:
        """What becomes of a rule without an open episode."""
        mine = _for_delivery(self.old, name, self.delivery)
        theirs = _for_delivery(self.new, name, self.delivery)
        if theirs is None:
            return
        if mine is None:
            self.cells[theirs.id] = _anew(self.cells.get(theirs.id, Cell()))
        elif is_same_condition(mine, theirs):
            self._carry(mine, theirs)
        elif theirs.rule.in_flight == "keep":
            self.kept[mine.id] = kept.get(mine.id, version)
        else:
            self.cells[theirs.id] = self._restarted(mine, theirs, after_episode)

    def _carry(self, mine: CompiledRule, theirs: CompiledRule) -> None:
        """The state goes on; it is looked at anew if anything in the rule may say something else."""
        cell = self.cells.get(mine.id)
        if cell is None or _is_identical(mine, theirs):
            return
        if mine.id != theirs.id:
            self.cells[mine.id] = _anew(cell)
        episode = max(cell.episode, self.cells.get(theirs.id, Cell()).episode)
        self.cells[theirs.id] = replace(cell, episode=episode, look_at=DUE_NOW)

    def _restarted(self, mine: CompiledRule, theirs: CompiledRule, after_episode: bool) -> Cell:
        """From the beginning; only the end of an episode that the change of books waited for still counts."""
        cell = self.cells.get(mine.id, Cell())
        fresh = _anew(self.cells.get(theirs.id, Cell()))
        return replace(fresh, ended_at=cell.ended_at, armed=cell.armed) if after_episode else fresh

    def outcome(self) -> Standing:
        """The standing; of rules that are not watched any more only their count stays."""
        names = {public_name(rule) for rule in self.kept}
        scope = {rule for rule in self.new.in_scope(self.delivery) if public_name(rule) not in names}
        watched = {rule for rule, cell in self.cells.items() if rule in scope or rule in self.kept or cell.is_open}
        counted = {rule: _anew(cell) for rule, cell in self.cells.items() if rule not in watched and cell.episode}
        return Standing({rule: cell for rule, cell in self.cells.items() if rule in watched} | counted, self.kept)


def is_same_condition(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether two rules have the same condition and hold, so that the state of the one is that of the other."""
    if one.rule.when != other.rule.when or one.rule.hold != other.rule.hold:
        return False
    reads_clock = any(isinstance(part, BY_THE_CLOCK) for part in parts_of(one.rule.when))
    return one.rule.clock is other.rule.clock or not reads_clock


def _is_identical(one: CompiledRule, other: CompiledRule) -> bool:
    return one.rule == other.rule and one.frame == other.frame


def _anew(cell: Cell) -> Cell:
    """Nothing is left of a state but its count of episodes, which names incidents."""
    return Cell(episode=cell.episode)


def _names(book: CompiledBook) -> Iterator[str]:
    return (rule.rule.name for rule in book.rules)


def _named(book: CompiledBook, name: str) -> Iterator[CompiledRule]:
    return (rule for rule in book.rules if rule.rule.name == name)


def _for_delivery(book: CompiledBook, name: str, delivery: Delivery) -> CompiledRule | None:
    scope = book.in_scope(delivery)
    return next((rule for rule in _named(book, name) if rule.id in scope), None)
