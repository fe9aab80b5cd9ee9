"""Which rules of a book its tests speak of. Only doubts: a rule without a test may be used."""

from collections.abc import Iterator
from pathlib import Path

from domain.incident import Mode, Severity
from rules import fields
from rules.beside import tests_beside
from rules.source import Items, Node, Pairs, Source, Text, compose, decoded, source_of

SPEAKING = ("timeline", "expect", "outcomes")
"""Keys of a test that name rules; its name, and what a message contains, may be any words."""


def note_untested(source: Source, node: Pairs, path: Path) -> None:
    """A rule is tested when a line or an expectation of a test file beside the book names it.

    A shadow is tested when some expectation says what would be done, which names no rule.
    """
    beside = tests_beside(path)
    tests = beside[0]
    if not tests.exists():
        source.at_node("R304", node.get("rulebook") or node, "the rulebook has no tests", f"add {tests.name}", level="warning")
        return
    read = [compose(source_of(decoded(file.read_bytes(), str(file))[0], str(file))) for file in beside]
    spoken, anywhere, keys = (set[str]().union(*map(found, read)) for found in (_spoken, _words, _keys))
    for rule_id, rule in written_rules(node):
        if _mode(rule) == Mode.SHADOW and "would" in keys:
            continue
        if rule_id not in (anywhere if _is_notice(rule) else spoken) and rule.get("overrides") is None:
            where, hint = (
                rule.get("id") or rule,
                f"add one to {tests.name} that expects something of it: {_expected(rule, rule_id)}",
            )
            source.at_node("R304", where, f"no test speaks of the rule {rule_id}", hint, level="warning")


def _expected(rule: Pairs, rule_id: str) -> str:
    """What a test may say of a rule; `open` names none that proposes or is a shadow."""
    if _mode(rule) == Mode.PROPOSE:
        return f"a line 12:00 decide {rule_id} approve, and did: [...]"
    return "would: [...]" if _mode(rule) == Mode.SHADOW else f"open: [{rule_id}]"


def _mode(rule: Pairs) -> str:
    """As it is written, even if there is no such mode."""
    mode = rule.get("mode")
    return mode.value if isinstance(mode, Text) else Mode.LIVE


def written_rules(node: Pairs) -> Iterator[tuple[str, Pairs]]:
    """The rules of a book as they are written, by id."""
    listed = node.get("rules")
    for item in listed.items if isinstance(listed, Items) else ():
        named = item.get("id") if isinstance(item, Pairs) else None
        if isinstance(item, Pairs) and isinstance(named, Text):
            yield named.value, item


def _is_notice(rule: Pairs) -> bool:
    """Expectations of what is open leave notices out: they show by what they do to others, so that any mention counts."""
    severity = rule.get("severity")
    return isinstance(severity, Text) and severity.value == Severity.INFO


def _spoken(tests: Node | None) -> set[str]:
    listed = tests.get("tests") if isinstance(tests, Pairs) else None
    cases = [case for case in fields.items(listed) if isinstance(case, Pairs)] if listed is not None else []
    return set().union(*(_words(case.get(key)) for case in cases for key in SPEAKING))


def _words(node: Node | None) -> set[str]:
    if isinstance(node, Text):
        return {node.value, *node.value.replace(".", " ").split()}
    if isinstance(node, Items):
        return set().union(*(_words(item) for item in node.items))
    pairs = [pair for pair in node.pairs if pair[0].value != "message"] if node is not None else []
    return set().union(*(_words(part) for pair in pairs for part in pair))


def _keys(node: Node | None) -> set[str]:
    """Every key, however deep."""
    if isinstance(node, Items):
        return set().union(*map(_keys, node.items))
    pairs = node.pairs if isinstance(node, Pairs) else []
    return set().union(*({key.value, *_keys(value)} for key, value in pairs))
