"""What rules say of one another: `suppressed_by`, `opened RULE`. Names that no rule has are mistakes."""

from collections.abc import Iterator, Mapping

from rules.book import Rule
from rules.parts import OPENED, openings_in
from rules.problems import suggestion
from rules.source import Items, Node, Pairs, Source, Text


def note_unknown(source: Source, items: tuple[Node, ...], rules: tuple[Rule, ...]) -> None:
    """Notes every name of a rule that no rule has, and circles of suppression."""
    written = {rule.name for rule in rules} | {_id(item) for item in items}
    for item in items:
        for node in _suppressors(item):
            if node.value not in written:
                near = suggestion(node.value, written)
                source.at_node("R113", node, f'suppressed_by: there is no rule "{node.value}"', near)
    for name in dict.fromkeys(name for rule in rules for name in opened(rule)):
        if name not in written:
            _note_opened(source, items, name, written)
    _note_circles(source, items, rules)


def opened(rule: Rule) -> Iterator[str]:
    """The rules whose openings a rule's conditions speak of."""
    yield from openings_in(rule.when, rule.only_when, rule.clears_when)


def _note_opened(source: Source, items: tuple[Node, ...], name: str, written: set[str]) -> None:
    for item in items:
        for text in _texts(item):
            at = text.value.casefold().find(f"{OPENED}{name}".casefold())
            if at >= 0:
                near = suggestion(name, written)
                source.at_word("R113", text, at + len(OPENED), len(name), f'there is no rule "{name}"', near)
                return
    source.at_node("R113", items[0], f'opened {name}: there is no rule "{name}"', suggestion(name, written))


def _note_circles(source: Source, items: tuple[Node, ...], rules: tuple[Rule, ...]) -> None:
    suppressors: dict[str, set[str]] = {}
    for rule in rules:
        suppressors.setdefault(rule.name, set()).update(rule.suppressed_by)
    for item in items:
        name, nodes = _id(item), list(_suppressors(item))
        if nodes and name in _reached(name, suppressors):
            source.at_node(
                "R110", nodes[0], f'the rule "{name}" is suppressed by itself, or by way of others', "break the circle"
            )


def _reached(name: str, suppressors: Mapping[str, set[str]]) -> set[str]:
    """All that suppresses a rule, directly or by way of others."""
    found: set[str] = set()
    waiting = list(suppressors.get(name, ()))
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += suppressors.get(at, ())
    return found


def _suppressors(item: Node) -> Iterator[Text]:
    node = item.get("suppressed_by") if isinstance(item, Pairs) else None
    for part in node.items if isinstance(node, Items) else (node,):
        if isinstance(part, Text) and not part.is_empty:
            yield part


def _texts(node: Node) -> Iterator[Text]:
    if isinstance(node, Text):
        yield node
        return
    for child in node.items if isinstance(node, Items) else (value for _, value in node.pairs):
        yield from _texts(child)


def _id(item: Node) -> str:
    named = item.get("id") if isinstance(item, Pairs) else None
    return named.value if isinstance(named, Text) else ""
