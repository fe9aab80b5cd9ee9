"""Walks through a text that is no YAML and finds the quotation mark, or the bracket, that nothing closes."""

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["quote", "behind", "bracket"]

_BLOCK = re.compile(r"[|>][-+0-9]* *(?:#.*)?$")
_END = re.compile(r"(?:\s*$|\s*#|\s*[,\]}:])", re.MULTILINE)
_BEFORE_A_VALUE = frozenset(["", ":", ",", "[", "{", "?", "-"])
_PAIRS = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Slip:
    """A quotation mark that is not closed, one behind which the text goes on, or a bracket that is not closed; and where it is."""

    kind: Kind
    at: int


def scan(text: str, until: int) -> Slip | None:
    """The first slip, if it begins at or before a place."""
    slip = _Scan(text).run()
    return slip if slip and slip.at <= until else None


@dataclass
class _Scan:
    """How far the walk has come: where it is, and the brackets that are open there."""

    text: str
    at: int = 0
    brackets: list[int] = field(default_factory=list)

    def run(self) -> Slip | None:
        block = -1
        while self.at < len(self.text):
            line = self.text[self.at : _line_end(self.text, self.at)]
            indent = len(line) - len(line.lstrip())
            if block >= 0 and (not line.strip() or indent > block):
                self.at += len(line) + 1
                continue
            block = indent if not self.brackets and _BLOCK.search(line.rstrip("\r")) else -1
            if slip := self._line():
                return slip
        return Slip("bracket", self.brackets[-1]) if self.brackets else None

    def _line(self) -> Slip | None:
        """Past this line, or past the line in which a text closes that is opened in this one."""
        before = ""
        while self.at < len(self.text) and (character := self.text[self.at]) != "\n":
            if character == "#" and (not before or self.text[self.at - 1].isspace()):
                self.at = _line_end(self.text, self.at)
                break
            slip = self._character(character, begins=before in _BEFORE_A_VALUE)
            if slip:
                return slip
            before = before if character.isspace() else character
            self.at += 1
        self.at += 1
        return None

    def _character(self, character: str, *, begins: bool) -> Slip | None:
        if character in "\"'" and begins:
            return self._quoted()
        if character in "[{" and (begins or self.brackets):
            self.brackets.append(self.at)
        elif character in "]}" and self.brackets:
            opening = self.brackets.pop()
            return None if _PAIRS[self.text[opening]] == character else Slip("bracket", opening)
        return None

    def _quoted(self) -> Slip | None:
        opening, close = self.at, _closing(self.text, self.at)
        if close is None:
            return Slip("quote", opening)
        self.at = close
        if _END.match(self.text, close + 1):
            return None
        return Slip("behind" if close < _line_end(self.text, opening) else "quote", opening)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _closing(text: str, opening: int) -> int | None:
    """Where the text closes that a quotation mark opens."""
    mark, at = text[opening], opening + 1
    while at < len(text):
        if (text[at] == "\\" and mark == '"') or (text[at] == mark and mark == "'" and text[at + 1 : at + 2] == mark):
            at += 1
        elif text[at] == mark:
            return at
        at += 1
    return None
