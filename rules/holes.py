"""Holes, `{halt}`, in the texts of a rule, and the filling of them: from a row of a table, or by the user of a blueprint."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from rules.source import Items, Node, Pairs, Text

HOLE = re.compile(r"(?<!\{)\{([a-z][a-z0-9_]{0,63})\}(?!\})")
"""`{halt}`; `{{ eta }}` is Liquid and none."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def holes_of(node: Node) -> Iterator[str]:
    """The names of the holes in a tree."""
    if isinstance(node, Text):
        yield from HOLE.findall(node.value)
    elif isinstance(node, Items):
        for item in node.items:
            yield from holes_of(item)
    elif (lone := _lone_hole(node)) is not None:
        yield lone
    else:
        for _, value in node.pairs:
            yield from holes_of(value)


def filled(node: Node, values: Mapping[str, str]) -> Node:
    """The tree with the holes that have a value filled; places stay where they are."""
    if isinstance(node, Text):
        value = HOLE.sub(lambda match: values.get(match[1], match[0]), node.value)
        return node if value == node.value else replace(node, value=value)
    if isinstance(node, Items):
        return replace(node, items=tuple(filled(item, values) for item in node.items))
    lone = _lone_hole(node)
    if lone is not None and lone in values:
        return Text(values[lone], node.start, node.end, plain=False)
    return replace(node, pairs=tuple((key, filled(value, values)) for key, value in node.pairs))


def moved_to(node: Node, place: Node) -> Node:
    """The tree as if all of it stood at another place: that of what it was made for."""
    start, end = place.start, place.end
    if isinstance(node, Text):
        return replace(node, start=start, end=end, plain=node.is_empty, in_flow=False)
    if isinstance(node, Items):
        return Items(tuple(moved_to(item, place) for item in node.items), start, end)
    pairs = ((replace(key, start=start, end=end, plain=False), moved_to(value, place)) for key, value in node.pairs)
    return Pairs(tuple(pairs), start, end)


def words_of(node: Node) -> Iterator[str]:
    """Every text of a tree but for the keys of its mappings."""
    if isinstance(node, Text):
        yield node.value
        return
    for child in node.items if isinstance(node, Items) else (value for _, value in node.pairs):
        yield from words_of(child)


def merged(under: Pairs, over: Pairs, without: Collection[str] = ()) -> Pairs:
    """A mapping with another laid over it; keys of `without` are in neither."""
    kept = [pair for pair in under.pairs if over.get(pair[0].value) is None]
    pairs = tuple(pair for pair in (*kept, *over.pairs) if pair[0].value not in without)
    return Pairs(pairs, over.start, over.end)


def _lone_hole(node: Pairs) -> str | None:
    """YAML reads an unquoted {halt} as a mapping of one key that has no value."""
    if len(node.pairs) != 1:
        return None
    key, value = node.pairs[0]
    is_hole = isinstance(value, Text) and value.is_empty and value.start >= value.end and NAME.fullmatch(key.value)
    return key.value if is_hole else None
