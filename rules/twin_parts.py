"""What a structured twin of a sentence is made of: its keys, what reads each, and what was read before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from rules import fields
from rules.directory import Directory
from rules.source import Node, Source, Text
from rules.words import SentenceError, Words


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a twin, and what was read before it."""

    source: Source
    directory: Directory
    node: Node
    key: str
    before: Mapping[str, Any]

    def said(self, read: Callable[[Words], Any]) -> Any:
        """What a part of a sentence says; None, with the mistake noted at its place, if it is not understood."""
        text = fields.text(self.source, self.node, self.key)
        if text is None:
            return None
        try:
            words = Words(text)
            found = read(words)
            words.end()
        except SentenceError as error:
            self.source.at_word(error.code, cast(Text, self.node), error.at, error.length, error.message, error.hint)
            return None
        return found

    def named(self, known: Mapping[str, Any]) -> Any:
        """What a word of a closed list stands for."""
        word = fields.word(self.source, self.node, self.key, known)
        return known[word] if word else None


Read = Callable[[Part], Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a twin: what reads it, how it is shown, and the fields of the sentence that it gives."""

    read: Read
    show: Callable[[Any], Any]
    gives: tuple[str, ...]
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Twin:
    """A sentence form as a mapping."""

    form: type
    keys: Mapping[str, Key]
