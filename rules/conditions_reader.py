"""Reads `when`, `only_when`, `clears_when` and `define`: sentences or their structured twins, lists of them,
and the groups all, any, none and at least N of."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from rules import fields
from rules.directory import Directory
from rules.holes import holes_of
from rules.problems import suggestion
from rules.sentences import SentenceError, parse
from rules.source import Items, Node, Pairs, Source, Text
from rules.tree import All, AnyOf, AtLeast, Condition, Group, NoneOf
from rules.twins import TWINS, read_twin

GROUPS = ("all", "any", "none")

MOST_SENTENCES = 500
"""In one condition, with the named conditions that it uses written out."""

DEEPEST_NAMES = 20
"""How far named conditions may use one another."""

_COUNTED = re.compile(r"at (least|most) (\d+) of")


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
            if not any(holes_of(self._defined[name][1])):
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
        if not node.pairs:
            self._source.at_node("R013", node, f"{what} is empty", "write a sentence")
            return None
        key, value = node.pairs[0]
        if len(node.pairs) > 1:
            self._refuse_second(node, what)
            return None
        name = key.value.casefold()
        if name in GROUPS:
            return self._joined(name, value, fields.items(value), key.value)
        if name in TWINS:
            return read_twin(self._source, self._directory, key, value)
        counted = _COUNTED.fullmatch(name)
        if counted or name == "at_least":
            return self._at_least(counted, key, value)
        self._refuse_key(key, what)
        return None

    def _refuse_second(self, node: Pairs, what: str) -> None:
        """Several keys where one group or sentence belongs: the first that is neither is the mistake, else the second."""
        unknown = next((key for key, _ in node.pairs if not _is_known_key(key.value)), None)
        if unknown is not None:
            self._refuse_key(unknown, what)
            return
        self._source.at_node(
            "R012", node.pairs[1][0], "one group or sentence at a time", "make a list: - all: [...] and - none: [...]"
        )

    def _at_least(self, counted: re.Match[str] | None, key: Text, value: Node) -> Condition | None:
        """`at least N of: [...]`, or its twin `at_least: {n: N, of: [...]}`."""
        if counted is None:
            return self._at_least_twin(key, value)
        if counted[1] == "most":
            self._source.at_node("R012", key, '"at most N of" is no group', "use none: with at least N + 1 of:")
            return None
        return self._some_of(key, int(counted[2][:9]), value, key.value)

    def _at_least_twin(self, key: Text, value: Node) -> Condition | None:
        mapping = fields.pairs(self._source, value, "at_least")
        if mapping is None:
            return None
        fields.check_keys(self._source, mapping, "at_least", ("n", "of"))
        number, members = mapping.get("n"), mapping.get("of")
        for name, found in (("n", number), ("of", members)):
            if found is None:
                self._source.at_node("R011", key, f'at_least needs "{name}"', "write at_least: {n: 2, of: [...]}")
        if number is None or members is None:
            return None
        count = fields.whole(self._source, number, "n", 1, MOST_SENTENCES)
        return self._some_of(number, count, members, "of") if count is not None else None

    def _some_of(self, key: Node, number: int, value: Node, what: str) -> Condition | None:
        members = fields.items(value)
        if members and not 1 <= number <= len(members):
            said = f"at least {number} of {len(members)} is {'always' if number < 1 else 'never'} true"
            self._source.at_node("R020", key, said, f"a number from 1 to {len(members)}")
            return None
        found = self._children(members, value, what)
        return None if found is None else self._bounded(AtLeast(number, found), value)

    def _refuse_key(self, key: Text, what: str) -> None:
        if " " in key.value:
            self._source.at_node("R012", key, "this is a mapping, not a sentence", 'a sentence that holds ": " needs quotes')
        else:
            self._source.at_node(
                "R010", key, f'{what} has no key "{key.value}"', suggestion(key.value, [*GROUPS, "at_least", *TWINS])
            )

    def _joined(self, group: str, node: Node, members: Sequence[Node], what: str) -> Condition | None:
        children = self._children(members, node, what)
        if children is None:
            return None
        if len(children) == 1 and group != "none":
            return children[0]
        grouped = {"all": All, "any": AnyOf, "none": NoneOf}[group](children)
        return self._bounded(grouped, node)

    def _children(self, members: Sequence[Node], node: Node, what: str) -> tuple[Condition, ...] | None:
        """The members of a group; None if there is none, or a mistake in one."""
        if not members:
            self._source.at_node("R013", node, f"{what} is empty", "write at least one sentence")
            return None
        found = [self._member(members, place, what) for place in range(len(members))]
        children = tuple(child for child in found if child is not None)
        return children if len(children) == len(found) else None

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

    def _bounded(self, condition: Group, node: Node) -> Condition | None:
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


def _is_known_key(key: str) -> bool:
    return key.casefold() in (*GROUPS, *TWINS, "at_least") or _COUNTED.fullmatch(key.casefold()) is not None


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
