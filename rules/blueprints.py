"""Blueprints: a rule with holes in a file of its own, `NAME.blueprint.yaml` beside the books, and the rules made of it by `use`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rules import fields
from rules.beside import BLUEPRINT_ENDING
from rules.holes import NAME, filled, holes_of, merged, moved_to
from rules.problems import suggestion
from rules.source import Node, Pairs, Source, Text, compose, source_of

_USED = re.compile(r"\s*(\S+)(?:\s+with\s*(\{.*\}))?\s*", re.DOTALL | re.IGNORECASE)
HINT = 'write use: "NAME with {halt: 2h}", in quotes, or use: {blueprint: NAME, with: {halt: 2h}}'

Fetch = Callable[[str], "str | None"]
"""The text of a file beside the book; None if there is none."""


@dataclass
class Blueprints:
    """The blueprints of a folder, read when they are first used."""

    source: Source
    fetch: Fetch
    _read: dict[str, Pairs | None] = field(default_factory=dict)

    def rule(self, node: Pairs, use: Node) -> Pairs | None:
        """The rule that `use` makes, with the keys of its user laid over it; None, with its mistakes noted, if there is one."""
        asked = self._asked(use)
        if asked is None:
            return None
        name, given = asked
        given = {**given, **self._given(node.get("with"))}
        blueprint = self._blueprint(name)
        if blueprint is None:
            return None
        self._compare(name, blueprint, given)
        made = filled(moved_to(blueprint, use), {hole.value: text for hole, text in given.items()})
        return merged(made, node, without=("use", "with")) if isinstance(made, Pairs) else None

    def _asked(self, use: Node) -> tuple[Text, Mapping[Text, str]] | None:
        """The blueprint's name and what its holes are filled with."""
        if isinstance(use, Pairs):
            fields.check_keys(self.source, use, "use", ("blueprint", "with"))
            name, given = use.get("blueprint"), use.get("with")
            if isinstance(name, Text) and not name.is_empty:
                return name, self._given(given)
        match = _USED.fullmatch(use.value) if isinstance(use, Text) else None
        if match is None or not isinstance(use, Text):
            self.source.at_node("R012", use, "use does not name a blueprint", HINT)
            return None
        return Text(match[1], use.start, use.end, plain=False), self._in_text(use, match[2])

    def _in_text(self, use: Text, written: str | None) -> Mapping[Text, str]:
        within = compose(source_of(written, self.source.name)) if written else None
        if written and not isinstance(within, Pairs):
            self.source.at_node("R012", use, "what follows with is no mapping", HINT)
        return self._given(moved_to(within, use) if within is not None else None)

    def _given(self, node: Node | None) -> Mapping[Text, str]:
        mapping = fields.pairs(self.source, node, "with") if node is not None else None
        read = [(key, fields.text(self.source, value, key.value)) for key, value in (mapping.pairs if mapping else ())]
        return {key: text for key, text in read if text is not None}

    def _blueprint(self, name: Text) -> Pairs | None:
        if name.value not in self._read:
            self._read[name.value] = self._load(name)
        elif self._read[name.value] is None:
            self.source.at_node("R115", name, f'the blueprint "{name.value}" can not be used', "see the first mistake about it")
        return self._read[name.value]

    def _load(self, name: Text) -> Pairs | None:
        text = self.fetch(f"{name.value}{BLUEPRINT_ENDING}") if re.fullmatch(r"[A-Za-z0-9._-]+", name.value) else None
        if text is None:
            self.source.at_node(
                "R006", name, f'there is no blueprint "{name.value}"', f"put it into {name.value}{BLUEPRINT_ENDING}"
            )
            return None
        inner = source_of(text, f"{name.value}{BLUEPRINT_ENDING}")
        node = compose(inner)
        self.source.problems.extend(inner.problems)
        if not isinstance(node, Pairs):
            self.source.at_node("R115", name, f"{inner.name} is no rule", "write the keys of a rule, with holes such as {halt}")
            return None
        return node

    def _compare(self, name: Text, blueprint: Pairs, given: Mapping[Text, str]) -> None:
        holes = dict.fromkeys(holes_of(blueprint))
        for key in given:
            if key.value not in holes or not NAME.fullmatch(key.value):
                said = f'the blueprint "{name.value}" has no hole {{{key.value}}}'
                self.source.at_node("R115", key, said, suggestion(key.value, holes))
