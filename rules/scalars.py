"""One scalar of a YAML file, and where each character of its value is written, whatever its quotes, escapes or folding."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK_HEADER = re.compile(r"[|>][0-9+-]*[ \t]*(?:#[^\r\n]*)?")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.|\s))", re.DOTALL)
_SPACE_ESCAPES = frozenset("tnvfr \t\r\nNLP_")
_OTHER_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written. `plain` tells unquoted; `in_flow` that it stands within [ ] or { };
    `refused` that it is already known to be a mistake."""

    value: str
    start: int
    end: int
    plain: bool = True
    in_flow: bool = False
    refused: bool = False

    @property
    def is_empty(self) -> bool:
        return self.plain and not self.refused and self.value in ("", "~", "null", "Null", "NULL")


def word_offsets(text: str, node: Text) -> list[int]:
    """For each character of a scalar's value, and for its end, where it stands in the file; exact whatever its quotes or folding."""
    raw = list(_raw_characters(text, node))
    at = iter(raw)
    offsets, last = [], node.start
    for character in node.value:
        if not character.isspace():
            written, offset = next(at, ("", -1))
            if written != character:
                return [node.start] * (len(node.value) + 1)
            last = offset
        offsets.append(last)
        last += 1
    return [*offsets, last]


def _raw_characters(text: str, node: Text) -> Iterator[tuple[str, int]]:
    """The characters that are not white space, as their value has them, with their places."""
    offset, end, quote = node.start, node.end, text[node.start : node.start + 1]
    if node.plain or quote not in "\"'|>":
        quote = ""
    if quote in ("|", ">") and quote:
        header = _BLOCK_HEADER.match(text, offset)
        offset, quote = (header.end() if header else offset), ""
    elif quote:
        offset, end = offset + 1, end - 1
    while offset < end:
        character, length = _unquoted(text, offset, quote)
        if character and not character.isspace():
            yield character, offset
        offset += length


def _unquoted(text: str, offset: int, quote: str) -> tuple[str, int]:
    """The character that is written at an offset ("" for white space), and how long its writing is."""
    if quote == "'" and text.startswith("''", offset):
        return "'", 2
    match = _ESCAPE.match(text, offset) if quote == '"' else None
    if match is None:
        return text[offset], 1
    number = match[1] or match[2] or match[3]
    if number:
        return chr(int(number, 16)), len(match[0])
    letter = match[4]
    return ("" if letter[0] in _SPACE_ESCAPES else _OTHER_ESCAPES.get(letter, letter)), len(match[0])
