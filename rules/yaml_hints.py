"""What is most likely wrong with a file that is no YAML, in the words of its author: a table of the common slips.

The parser says where it gave up. That is often lines behind the slip, so each pattern looks for the place where something has
to be written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rules.yaml_scan import scan

LONGEST_LINE = 2_000
"""Characters. Patterns are looked for in lines that people write."""

STRAIGHT = 'use straight quotation marks: "..."'
QUOTED = "put the text in quotes"

_KEY_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +)*)(?P<rest>\S.*)?")
_WITHOUT_SPACE = re.compile(r"[ -]*(?P<key>[\w.-]+)(?P<colon>:?)(?P<gap>[^\S ]*)(?P<rest>.*)")
_CURLY = re.compile(r"(?:^|[:\-\[{,]) *(?P<mark>[\u201c-\u201f\u2018-\u201b\u00ab\u00bb])")
_LIQUID = re.compile(r".*(?:[:\-\[{,]) +(?P<text>[^\"'\s:\[{,][^\"',]*\{[{%]|\{[{%])")
_HOLE = re.compile(r"\buse: +(?P<use>[^\s\"'{\[].*\})|[\[,] *(?P<text>[^\s\"'{\[,:][^\"',\[\]{}:]*\{\w+\})")
_TWO_COLONS = re.compile(r".*: +(?P<text>[^\s\"'\[{,][^,\[\]{}]*)$")
_IN_QUOTES = re.compile(r"(?<=[:\[{,\-] )(?:\"[^\"]*\"|'[^']*')")
_ODD_SPACE = re.compile(r"[^\S \n\r\t]")


@dataclass(frozen=True, slots=True)
class Gave:
    """Where and why the parser gave up. `since` is the beginning of what it was reading, if it says so."""

    text: str
    at: int
    said: str
    since: int | None

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line(self, at: int) -> str:
        """The line of a place; what stands in quotes is masked. A line that nobody wrote by hand counts as empty."""
        start, end = self.line_start(at), self.text.find("\n", at)
        line = self.text[start : len(self.text) if end < 0 else end].rstrip("\r")
        return _IN_QUOTES.sub(lambda quoted: "_" * len(quoted[0]), line) if len(line) <= LONGEST_LINE else ""


@dataclass(frozen=True, slots=True)
class Advice:
    """Where to write something, what is wrong there, and what to write."""

    at: int
    length: int
    message: str
    hint: str


Pattern = Callable[[Gave], Advice | None]


def advice(gave: Gave) -> Advice | None:
    """The first of the common slips that fits."""
    return next((found for pattern in PATTERNS if (found := pattern(gave))), None)


def _tab(gave: Gave) -> Advice | None:
    line, start = gave.line(gave.at), gave.line_start(gave.at)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return Advice(start + line.index("\t"), 1, "a tab stands in the indentation", "indent with spaces, not with tabs")
    if gave.text[gave.at : gave.at + 1] == "\t":
        return Advice(gave.at, 1, "a tab stands here", "write a space instead of the tab")
    return None


def _odd_space(gave: Gave) -> Advice | None:
    """A space that was copied from a web page or a word processor."""
    for at in (gave.since, gave.at):
        found = _ODD_SPACE.search(gave.line(at)) if at is not None else None
        if found and at is not None:
            behind_colon = gave.line(at)[: found.start()].endswith(":")
            hint = "add a space after the colon, instead of this character" if behind_colon else "write ordinary spaces instead"
            return Advice(gave.line_start(at) + found.start(), 1, f"this is no ordinary space (U+{ord(found[0]):04X})", hint)
    return None


def _curly_quotes(gave: Gave) -> Advice | None:
    found = _CURLY.search(gave.line(gave.at))
    if found is None:
        return None
    return Advice(gave.line_start(gave.at) + found.start("mark"), 1, f"{found['mark']} does not quote a text here", STRAIGHT)


def _quotes(gave: Gave) -> Advice | None:
    slip = scan(gave.text, gave.at)
    if slip is None:
        return None
    message, hint = _SLIPS[slip.kind]
    mark = gave.text[slip.at]
    return Advice(slip.at, 1, message.format(mark), hint.format({"[": "]", "{": "}"}.get(mark, mark)))


_SLIPS: dict[str, tuple[str, str]] = {
    "quote": ("the quotation mark that opens here is not closed", "add another {} where the text ends"),
    "behind": ("the text goes on behind its closing quotation mark", "put the whole text in quotes, or remove these"),
    "bracket": ("the {} that opens here is not closed", "add {} where it ends"),
}


def _liquid(gave: Gave) -> Advice | None:
    line, start = gave.line(gave.at), gave.line_start(gave.at)
    found = _LIQUID.match(line)
    if found is None:
        return None
    end = max(line.rfind("}}"), line.rfind("%}")) + 2
    length = max(2, end - found.start("text"))
    return Advice(start + found.start("text"), length, "a text with {{ }} or {% %} needs quotes", QUOTED)


def _hole(gave: Gave) -> Advice | None:
    """`use: late with {halt: 2h}` and `[stopped for {halt}]`."""
    found = _HOLE.search(gave.line(gave.at))
    if found is None:
        return None
    start, end = found.span("use" if found["use"] else "text")
    return Advice(gave.line_start(gave.at) + start, end - start, "a text with { } needs quotes here", QUOTED)


def _colon_in_text(gave: Gave) -> Advice | None:
    """`title: Wrong address: ...`: the parser gives up at the second colon."""
    start = gave.line_start(gave.at)
    found = _TWO_COLONS.match(gave.line(gave.at)[: gave.at - start])
    if found is None or gave.text[gave.at : gave.at + 1] != ":":
        return None
    at = start + found.start("text")
    return Advice(at, gave.at + 1 - at, 'a text that holds ": " needs quotes', QUOTED)


def _no_colon(gave: Gave) -> Advice | None:
    """`hold 2m` and `hold:2m`: the parser looks for the colon until the next line."""
    if "expected ':'" not in gave.said or gave.since is None:
        return None
    start, found = gave.line_start(gave.since), _WITHOUT_SPACE.match(gave.line(gave.since))
    if found is None or not found["key"]:
        return None
    key, value = found["key"], found["rest"].strip()
    if found["colon"]:
        return Advice(
            start + found.end("colon"), 1, "a key and its value run together", f"add a space after the colon: {key}: {value}"
        )
    hint = f"add a colon and a space: {key}: {value}; or indent it more, if it belongs to the line above"
    hint = hint if value else "add a colon; or indent it more, if it belongs to the line above"
    return Advice(start + found.start("key"), len(found["key"]), "a key without a colon", hint)


def _odd_character(gave: Gave) -> Advice | None:
    if "cannot start any token" not in gave.said:
        return None
    return Advice(gave.at, 1, f"a text cannot begin with {gave.text[gave.at : gave.at + 1]}", QUOTED)


def _indentation(gave: Gave) -> Advice | None:
    line = gave.line(gave.at)
    if not line.strip() or not any(
        word in gave.said for word in ("not allowed in this context", "'-' indicator", "expected key")
    ):
        return None
    column, is_item = len(line) - len(line.lstrip()), line.lstrip().startswith("- ")
    like = _sibling(gave, column, is_item)
    if like is None:
        return None
    hint = f"indent like line {like}" if like else "begin it at the left margin"
    return Advice(gave.line_start(gave.at) + column, len(line.strip()), "the indentation fits none of the lines above", hint)


def _sibling(gave: Gave, column: int, is_item: bool) -> int | None:
    """The line above whose key (or dash) begins nearest to a column; of two as near the one further to the left, then the later."""
    found = [
        (abs(place - column), place, -number)
        for number, line in enumerate(gave.text[: gave.line_start(gave.at)].split("\n"), 1)
        for place in _columns(line, is_item)
    ]
    return -min(found)[2] if found else None


def _columns(line: str, is_item: bool) -> list[int]:
    """Where the dash of a line stands, or its key."""
    match = _KEY_LINE.fullmatch(line.rstrip("\r"))
    if match is None or not match["rest"] or match["rest"].startswith("#") or (is_item and not match["dashes"]):
        return []
    return [match.end("indent") if is_item else match.start("rest")]


PATTERNS: tuple[Pattern, ...] = (
    _tab,
    _odd_space,
    _curly_quotes,
    _liquid,
    _hole,
    _quotes,
    _colon_in_text,
    _no_colon,
    _odd_character,
    _indentation,
)
"""In the order in which they are tried. To add one: a row here, one function, a file in tests/rules/bad."""
