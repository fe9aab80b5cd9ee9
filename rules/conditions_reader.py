"""Reads `when`, `only_when`, `clears_when` and `define`: sentences, lists of them, and the groups all, any and none."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from rules.directory import Directory
from rules.problems import suggestion
from rules.sentences import SentenceError, parse
from rules.source import Items, Node, Pairs, Source, Text
from rules.tree import All, AnyOf, Condition, NoneOf

GROUPS = ("all", "any", "none")

MOST_SENTENCES = 500
"""In one condition, with the named conditions that it uses written out."""

DEEPEST_NAMES = 20
"""How far named conditions may use one another."""

_COUNTED = re.compile(r"at (least|most) \d+ of", re.IGNORECASE)


class ConditionReader:
    """Reads the conditions of one file. Named conditions are written out where they are used."""

    def __init__(self, source: Source, directory: Directory, define: Pairs | None) -> None:
        self._source, self._directory = source, directory
        self._defined = {_plain(key.value): (key, node) for key, node in (define.pairs if define else ())}
        self._read: dict[str, Condition | None] = {}
        self._reading: list[str] = []
        self._sizes: dict[int, tuple[int, Condition]] = {}
        self._parsed: dict[str, Condition] = {}
        self.used: set[str] = set()

    def read_definitions(self) -> None:
        """Reads every named condition, also those that no rule uses, so that their mistakes are seen."""
        for name, (key, _) in self._defined.items():
            if self._is_sentence(name):
                self._source.at_node("R016", key, f'"{key.value}" is a sentence already', "choose another name for the condition")
            self._named(name, key)

    def unused(self) -> Iterator[Text]:
        """The names that nothing uses."""
        return (key for name, (key, _) in self._defined.items() if name not in self.used)

    def read(self, node: Node, what: str) -> Condition | None:
        """The condition; None, with its mistakes noted, if there is one in it."""
        if isinstance(node, Pairs):
            return self._group(node, what)
        if isinstance(node, Items):
            return self._joined("all", node, node.items, what)
        if node.refused:
            return None
        if node.is_empty or not node.value.strip():
            self._source.at_node("R013", node, f"{what} is empty", "write a sentence, for example: status is out_for_delivery")
            return None
        name = _plain(node.value)
        return self._use(name, node) if name in self._defined else self._sentence(node)

    def _group(self, node: Pairs, what: str) -> Condition | None:
        for key, value in node.pairs:
            if len(node.pairs) == 1 and key.value.casefold() in GROUPS:
                members = value.items if isinstance(value, Items) else (value,)
                return self._joined(key.value.casefold(), value, members, key.value)
            self._refuse_key(key, what)
            return None
        self._source.at_node("R013", node, f"{what} is empty", "write a sentence")
        return None

    def _refuse_key(self, key: Text, what: str) -> None:
        if key.value.casefold() in GROUPS:
            self._source.at_node(
                "R012", key, "one of all, any and none at a time", "make a list of groups: - all: [...] and - none: [...]"
            )
        elif _COUNTED.fullmatch(key.value):
            self._source.at_node("R014", key, f'"{key.value}" is not supported yet', "use any, or name the pairs")
        elif key.value == "form":
            self._source.at_node("R014", key, "the structured form of a sentence is not supported yet", "write the sentence")
        elif " " in key.value:
            self._source.at_node("R012", key, "this is a mapping, not a sentence", 'a sentence that holds ": " needs quotes')
        else:
            self._source.at_node("R010", key, f'{what} has no key "{key.value}"', suggestion(key.value, GROUPS))

    def _joined(self, group: str, node: Node, members: Sequence[Node], what: str) -> Condition | None:
        if not members:
            self._source.at_node("R013", node, f"{what} is empty", "write at least one sentence")
            return None
        found = [self._member(members, place, what) for place in range(len(members))]
        children = tuple(child for child in found if child is not None)
        if len(children) < len(found):
            return None
        if len(children) == 1 and group != "none":
            return children[0]
        grouped = {"all": All, "any": AnyOf, "none": NoneOf}[group](children)
        return self._bounded(grouped, node)

    def _member(self, members: Sequence[Node], place: int, what: str) -> Condition | None:
        """One member; if a comma within [ ] has cut a sentence in two, the hint says so."""
        node, before = members[place], members[place - 1] if place else None
        noted = len(self._source.problems)
        found = self.read(node, what)
        if found is None and before is not None and _is_cut(before) and _is_cut(node, anything=True):
            del self._source.problems[noted:]
            self._source.at_node(
                "R100", node, "a comma within [ ] ends a sentence", 'put the whole sentence in quotes: ["... one of A, B"]'
            )
        return found

    def _bounded(self, condition: All | AnyOf | NoneOf, node: Node) -> Condition | None:
        size = sum(self._sizes.get(id(child), (1, child))[0] for child in condition.children)
        if size > MOST_SENTENCES:
            self._source.at_node("R003", node, f"more than {MOST_SENTENCES} sentences in one condition", "split the rule")
            return None
        self._sizes[id(condition)] = (size, condition)
        return condition

    def _use(self, name: str, node: Text) -> Condition | None:
        self.used.add(name)
        return self._named(name, node)

    def _named(self, name: str, node: Text) -> Condition | None:
        if name in self._read:
            return self._read[name]
        if name in self._reading or len(self._reading) >= DEEPEST_NAMES:
            way = " -> ".join([*self._reading, name][-4:])
            self._source.at_node(
                "R110", node, f"a named condition refers to itself, or too many to one another: {way}", "write it out"
            )
            return None
        self._reading.append(name)
        key, definition = self._defined[name]
        self._read[name] = self.read(definition, f'"{key.value}"')
        self._reading.pop()
        return self._read[name]

    def _sentence(self, node: Text) -> Condition | None:
        parsed = self._parsed.get(node.value)
        if parsed is not None:
            return parsed
        try:
            self._parsed[node.value] = parse(node.value, self._directory)
        except SentenceError as error:
            self._source.at_word(error.code, node, error.at, error.length, error.message, self._hint(node, error))
            return None
        return self._parsed[node.value]

    def _hint(self, node: Text, error: SentenceError) -> str:
        near = get_close_matches(_plain(node.value), self._defined, n=1, cutoff=0.8)
        return f'did you mean "{near[0]}"?' if near else error.hint

    def _is_sentence(self, text: str) -> bool:
        try:
            parse(text, self._directory)
        except SentenceError:
            return False
        return True


def _plain(text: str) -> str:
    """A name without regard to case and spaces."""
    return " ".join(text.casefold().split())


def _is_cut(node: Node, *, anything: bool = False) -> bool:
    is_bare = isinstance(node, Text) and node.plain and node.in_flow
    return (
        is_bare
        and isinstance(node, Text)
        and (anything or " one of " in node.value.casefold() or node.value.casefold().startswith("on "))
    )
