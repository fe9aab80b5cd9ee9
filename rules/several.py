"""A test of several deliveries, taken apart: what of its timeline and expectations is about one of them.

`A:` before a line or a rule (`A: 09:00 eta 16:10`, `open: [A: late]`, `{A:late: high}`) makes it about A alone; what has no
such name before it is about each of them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from rules.scalars import word_offsets
from rules.source import Items, Node, Pairs, Source, Text

OF_RULES = ("severity", "step", "message")
"""Keys of an expectation that check only what they name: for a delivery that they do not name they say nothing."""

TIMES = ("at", "until", "forecast_at")


@dataclass(frozen=True, slots=True)
class Several:
    """The names of a test's deliveries, and how its parts are read for one of them."""

    source: Source
    names: Collection[str]

    def told_of(self, test: Pairs, name: str) -> Pairs:
        """The test as it is for one delivery: the lines that it is told, and what is expected of it."""
        parts = {"timeline": self._list, "expect": self._expect}
        return replace(test, pairs=tuple((key, parts.get(key.value, _whole)(value, name)) for key, value in test.pairs))

    def _expect(self, node: Node, name: str) -> Node:
        if not isinstance(node, Items):
            return self._expectation(node, name)
        return replace(node, items=tuple(self._expectation(item, name) for item in node.items))

    def _expectation(self, node: Node, name: str) -> Node:
        if not isinstance(node, Pairs):
            return node
        found = [(key, value if key.value in TIMES else self._value(key.value, value, name)) for key, value in node.pairs]
        return replace(node, pairs=tuple((key, value) for key, value in found if value is not None))

    def _value(self, key: str, node: Node, name: str) -> Node | None:
        """What a key says of one delivery; None if it says nothing."""
        mine = self._of(node, name) if isinstance(node, Pairs) else self._list(node, name)
        is_silent = mine is None or (mine != node and isinstance(mine, Items | Pairs) and not _parts(mine))
        nothing = Pairs((), node.start, node.end) if key in OF_RULES and isinstance(node, Pairs) else None
        return (nothing if key in OF_RULES else Items((), node.start, node.end)) if is_silent else mine

    def _list(self, node: Node, name: str) -> Node:
        items = node.items if isinstance(node, Items) else (node,)
        found = [mine for item in items if (mine := self._of(item, name)) is not None]
        if not isinstance(node, Items) and found and not isinstance(found[0], Items):
            return found[0]
        flat = [part for one in found for part in (one.items if isinstance(one, Items) else (one,))]
        return Items(tuple(flat), node.start, node.end)

    def _of(self, node: Node, name: str) -> Node | None:
        """The node without the delivery's name; None if it is about others."""
        if isinstance(node, Text):
            return self._text(node, name)
        if isinstance(node, Items):
            return node
        if node.pairs and all(key.value in self.names for key, _ in node.pairs):
            return node.get(name)
        pairs = [(self._text(key, name), value) for key, value in node.pairs]
        return replace(node, pairs=tuple((key, value) for key, value in pairs if key is not None))

    def _text(self, node: Text, name: str) -> Text | None:
        before, colon, rest = node.value.partition(":")
        if not colon or before.strip() not in self.names:
            return node
        if before.strip() != name:
            return None
        start = len(node.value) - len(rest.lstrip())
        return replace(node, value=rest.strip(), start=word_offsets(self.source.text, node)[start])


def _whole(node: Node, name: str) -> Node:
    return node


def _parts(node: Items | Pairs) -> tuple[object, ...]:
    return node.items if isinstance(node, Items) else node.pairs
