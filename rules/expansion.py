"""From what is written under `rules` to rules that stand alone: blueprints are filled in, layers laid over the rule that they
override, and rules with holes made once for each row of the table of params.

Of the rules that come of one written rule, at most one is for a delivery (see docs/decisions/0006).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rules.blueprints import Blueprints
from rules.book import Patterns, Rule
from rules.conditions_reader import ConditionReader
from rules.hand import Reader
from rules.holes import HOLE, filled, holes_of, merged, words_of
from rules.params import Table, unknown_hole
from rules.problems import suggestion
from rules.rule_reader import STAGED, rule
from rules.scope_reader import scope
from rules.source import Items, Node, Pairs, Source, Text

RANKS: Mapping[str, int] = {"shipper": 2, "job": 3, "stop_type": 3, "customer_tier": 3, "tags": 3}
"""Scope key -> how close to the single delivery a layer is that names it; all others (carrier, lane, zone, ...) have rank 1."""


@dataclass(frozen=True, slots=True)
class Written:
    """One rule as it is to be read: its mapping, and what narrows it further."""

    node: Node
    layer: str | None = None
    base: str | None = None
    narrowed_to: tuple[Patterns, ...] = ()
    left_to_others: tuple[Patterns, ...] = ()


@dataclass
class Expansion:
    """Reads the rules of one book."""

    reader: Reader
    defaults: Mapping[str, Any]
    define: Pairs | None
    table: Table | None
    blueprints: Blueprints
    _filled: dict[int, Reader] = field(default_factory=dict)

    @property
    def _source(self) -> Source:
        return self.reader.source

    def rules(self, items: Sequence[Node]) -> tuple[Rule, ...]:
        """Every rule, with its layers and rows, in the order written."""
        made = [made for item in items if (made := self._from_blueprint(item)) is not None]
        return tuple(found for written in self._layered(made) for found in self._rows(written))

    def unused(self) -> list[Text]:
        """The named conditions that no rule uses, whatever row it is made for."""
        used = set().union(self.reader.conditions.used, *(reader.conditions.used for reader in self._filled.values()))
        self.reader.conditions.used |= used
        return list(self.reader.conditions.unused())

    def _from_blueprint(self, item: Node) -> Node | None:
        use = item.get("use") if isinstance(item, Pairs) else None
        return self.blueprints.rule(item, use) if isinstance(item, Pairs) and use is not None else item

    # ---- layers ----

    def _layered(self, items: Sequence[Node]) -> Iterator[Written]:
        bases = {_id(item): item for item in items if isinstance(item, Pairs) and item.get("overrides") is None}
        layers: dict[str, list[Written]] = {}
        for item in items:
            if isinstance(item, Pairs) and item.get("overrides") is not None:
                layer = self._layer(item, bases, layers)
                if layer is not None:
                    layers.setdefault(layer.base or "", []).append(layer)
        for item in items:
            if not isinstance(item, Pairs):
                yield Written(item)
            elif item.get("overrides") is None:
                found = layers.get(_id(item), [])
                yield Written(item, left_to_others=tuple(layer.narrowed_to[0] for layer in found))
                yield from _ranked(found)

    def _layer(self, item: Pairs, bases: Mapping[str, Node], layers: Mapping[str, list[Written]]) -> Written | None:
        """The rule that is overridden with the layer's keys laid over it."""
        named, narrower = item.get("overrides"), item.get("applies_to")
        name = named.value if isinstance(named, Text) else ""
        base = bases.get(name) if name else None
        if not isinstance(base, Pairs) or not name:
            near = suggestion(name, [known for known in bases if known])
            self._source.at_node("R113", named or item, f'there is no rule "{name}" to override', near)
            return None
        if narrower is None:
            said = 'a rule that overrides another needs "applies_to"'
            self._source.problem(
                "R011", item.start, 1, said, "say for which deliveries it is, for example applies_to: {carrier: acme}"
            )
            return None
        patterns = scope(self._source, narrower, self.reader.directory)
        wider = base.get("applies_to")
        also = scope(self._source, wider, self.reader.directory) if wider is not None else None
        if not patterns:
            return None
        laid = merged(_without_other_form(base, item), item, without=("overrides", "id", "applies_to"))
        named_id = base.get("id")
        node = replace(laid, pairs=(*(((_key("id", item), named_id),) if named_id else ()), *laid.pairs))
        layer = _id(item) or f"layer-{len(layers.get(name, ())) + 1}"
        return Written(node, layer, name, (patterns, *((also,) if also else ())))

    # ---- rows ----

    def _rows(self, written: Written) -> Iterator[Rule]:
        holes = self._holes(written.node)
        if not holes:
            yield from self._read(self.reader, written, written.node, None)
            return
        missing = [hole for hole in holes if self.table is None or hole not in self.table.columns]
        if missing or self.table is None:
            said, hint = unknown_hole(missing[0], self.table)
            self._source.at_node("R114", _place_of(missing[0], written.node), said, hint)
            return
        rows = self.table.rows_with(holes)
        if not rows:
            said = f"no row of {self.table.file} has a value for {', '.join(holes)}"
            self._source.at_node("R114", _place_of(holes[0], written.node), said, "fill one in")
        elif all(row.scope for row in rows):
            said = f"deliveries that fit no row of {self.table.file} are not watched by this rule"
            hint = "add a row with empty cells for the rest"
            self._source.at_node("R312", _place_of(holes[0], written.node), said, hint, level="warning")
        noted: dict[int, slice] = {}
        for number, row in enumerate(rows):
            narrowed = replace(
                written,
                narrowed_to=(*written.narrowed_to, *((row.scope,) if row.scope else ())),
                left_to_others=(*written.left_to_others, *(earlier.scope for earlier in rows[:number])),
            )
            start = len(self._source.problems)
            yield from self._read(self._reader_for(row.line, row.values), narrowed, filled(written.node, row.values), row.name)
            noted[row.line] = slice(start, len(self._source.problems))
        self._say_rows(noted, self.table.file)

    def _say_rows(self, noted: Mapping[int, slice], file: str) -> None:
        """Mistakes of a row say which, and `in_order` keeps them apart; one that all have, where no value stands, is none of theirs."""
        problems = self._source.problems
        all_have = set.intersection(*(set(problems[place]) for place in noted.values())) if noted else set()
        everywhere = {problem for problem in all_have if not HOLE.search(problem.source)}
        for line, place in noted.items():
            problems[place] = [
                problem if problem in everywhere else replace(problem, message=f"{problem.message} (line {line} of {file})")
                for problem in problems[place]
            ]

    def _read(self, reader: Reader, written: Written, node: Node, row: str | None) -> Iterator[Rule]:
        read = rule(reader, node, self.defaults)
        if read is None:
            return
        suffix = ".".join(part for part in (written.layer, row) if part)
        yield replace(
            read,
            id=f"{read.id}@{suffix}" if suffix else read.id,
            says=read.says,
            overrides=written.base,
            narrowed_to=written.narrowed_to,
            left_to_others=written.left_to_others,
        )

    def _holes(self, node: Node) -> list[str]:
        """The holes of a rule and of the named conditions that it uses."""
        defined = {_plain(key.value): definition for key, definition in (self.define.pairs if self.define else ())}
        found: dict[str, None] = {}
        waiting, seen = [node], set[str]()
        while waiting:
            looked_at = waiting.pop()
            found |= dict.fromkeys(holes_of(looked_at))
            names = {_plain(text) for text in words_of(looked_at)} & defined.keys() - seen if defined else set()
            seen |= names
            waiting += [defined[name] for name in names]
        self.reader.conditions.used |= seen
        return list(found)

    def _reader_for(self, line: int, values: Mapping[str, str]) -> Reader:
        """A reader whose named conditions have the values of a row."""
        if line not in self._filled:
            define = filled(self.define, values) if self.define is not None else None
            conditions = ConditionReader(self._source, self.reader.directory, define if isinstance(define, Pairs) else None)
            self._filled[line] = replace(self.reader, conditions=conditions)
        return self._filled[line]


def _ranked(layers: Sequence[Written]) -> Iterator[Written]:
    """Each layer, left to those that are closer to the delivery, and among equals to those that were written earlier."""
    ordered = sorted(layers, key=lambda layer: -_rank(layer.narrowed_to[0]))
    for number, layer in enumerate(ordered):
        yield replace(layer, left_to_others=tuple(closer.narrowed_to[0] for closer in ordered[:number]))


def _rank(patterns: Patterns) -> int:
    return max((RANKS.get(key, 1) for key in patterns), default=1)


def _without_other_form(base: Pairs, item: Pairs) -> Pairs:
    """The base without `stages` where the layer has a plain `when`, and the other way round."""
    gone = STAGED if item.get("stages") is not None else ("stages",) if item.get("when") is not None else ()
    return replace(base, pairs=tuple(pair for pair in base.pairs if pair[0].value not in gone))


def _plain(text: str) -> str:
    """A name without regard to case and spaces."""
    return " ".join(text.casefold().split())


def _id(item: Node) -> str:
    named = item.get("id") if isinstance(item, Pairs) else None
    return named.value if isinstance(named, Text) else ""


def _key(name: str, at: Node) -> Text:
    return Text(name, at.start, at.start)


def _place_of(hole: str, node: Node) -> Node:
    """The text that a hole stands in, or all of the rule."""
    if isinstance(node, Text):
        return node
    children = node.items if isinstance(node, Items) else tuple(value for _, value in node.pairs)
    found = next((child for child in children if hole in holes_of(child)), None)
    return node if found is None else _place_of(hole, found)
