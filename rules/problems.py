"""What is wrong with a file, where, and what to do about it: for people as text with a caret, for programs as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Level = Literal["error", "warning"]

SHOWN_WIDTH = 160
"""Longer source lines are cut around the caret."""

LONGEST_MESSAGE = 400

PICTURES = {**{code: 0x2400 + code for code in range(0x20)}, 0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}
"""Control characters -> what is shown instead; of those from U+0080 on there are no pictures."""

LISTED = 12
"""How many allowed words a hint lists when nothing is close."""

CODES: dict[str, str] = {
    "R001": "the file is not readable as YAML",
    "R002": "a YAML feature that rulebooks do not use",
    "R003": "too large or too deep",
    "R004": "not UTF-8 text",
    "R005": "a key stands twice",
    "R006": "a file is missing or cannot be read",
    "R010": "unknown key",
    "R011": "missing key",
    "R012": "a value of the wrong shape",
    "R013": "nothing is written here",
    "R014": "not supported yet",
    "R015": "a name stands twice",
    "R016": "not a good name",
    "R020": "not a whole number, or outside its limits",
    "R021": "not a duration",
    "R022": "not one of the allowed words",
    "R023": "unknown carrier, zone, hub, queue, person or calendar",
    "R024": "unknown action",
    "R025": "not a time of day, time zone, amount or address",
    "R100": "the sentence is not understood",
    "R101": "the sentence goes on after its end",
    "R103": "unknown fact",
    "R104": "unknown event",
    "R105": "a value that the fact cannot have",
    "R106": "a number or unit that the fact cannot have",
    "R107": "a duration in a sentence is wrong",
    "R108": "a clock time or weekday in a sentence is wrong",
    "R109": "a fact of the wrong type",
    "R110": "a named condition that refers to itself",
    "R111": "unknown time",
    "R112": "business time where elapsed time is meant",
    "R113": "a rule that speaks of another which does not exist",
    "R114": "a value that nothing gives",
    "R115": "a table of params or a blueprint that does not fit",
    "R201": "unknown template",
    "R202": "a template speaks of a variable that does not exist",
    "R203": "a template that cannot be read",
    "R301": "never true",
    "R302": "always true",
    "R303": "a cooldown that does nothing or too much",
    "R304": "a rule without a test",
    "R305": "a named condition that no rule uses",
    "R306": "a pattern that matches nothing",
    "R307": "an incident that nothing clears",
    "R308": "a rule that does not say what it means",
    "R309": "an escalation step that is never reached, or a cooldown longer than the escalation",
    "R310": "two rules that can both be true and do the same thing at one priority",
    "R311": "a key that changes nothing",
    "R312": "deliveries that a rule leaves out",
    "R313": "a calendar that is described nowhere",
    "R314": "a rule that is over before it can do anything",
}
"""Every code and what it stands for. R0: the file and its keys; R1: sentences; R2: templates; R3: warnings about meaning."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` and `col` count from 1 (0: the file as a whole); `source` is the line that it stands in."""

    file: str
    code: str
    line: int
    col: int
    length: int
    message: str
    hint: str = ""
    level: Level = "error"
    source: str = ""

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def render(self) -> str:
        """`file:line:col  CODE message`, and below it the source line with a caret under the mistake."""
        word = "" if self.is_error else "warning: "
        place = f"{self.file}:{self.line}:{self.col}" if self.line else self.file
        return "\n".join(map(visible, [f"{place}  {self.code} {word}{self.message}", *self._excerpt()]))

    def as_json(self) -> dict[str, Any]:
        """The problem for programs; keys are stable."""
        keys = ("file", "line", "col", "length", "code", "level", "message", "hint")
        return {key: getattr(self, key) for key in keys}

    def _excerpt(self) -> list[str]:
        if not self.line or not self.source.strip():
            return [f"      {self.hint}"] if self.hint else []
        shown, at = _around(self.source.replace("\t", " "), self.col - 1)
        carets = "^" * max(1, min(self.length, len(shown) - at))
        return [f"{self.line:>5} | {shown}", f"      | {' ' * at}{carets} {self.hint}".rstrip()]


def visible(text: str) -> str:
    """Control characters as pictures of themselves, one for one: a file that is wrong must not steer the terminal that shows it."""
    return text.translate(PICTURES)


def _around(line: str, at: int) -> tuple[str, int]:
    """The part of a long line around a column, and where the column is in it."""
    line = line.rstrip()
    if len(line) <= SHOWN_WIDTH:
        return line, at
    start = max(0, min(at - SHOWN_WIDTH // 2, len(line) - SHOWN_WIDTH))
    return line[start : start + SHOWN_WIDTH], at - start


def shorten(text: str) -> str:
    """A message that quotes a very long value, cut."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 3]}..."


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """`did you mean "x"?` when a word is close, else what is allowed, else nothing."""
    words = {name.casefold(): name for name in allowed}
    near = get_close_matches(word.casefold(), words, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{words[near[0]]}"?'
    listed = ", ".join(list(words.values())[:LISTED])
    return f"allowed: {listed}{', ...' if len(words) > LISTED else ''}" if listed else ""


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in reading order."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line, problem.col, problem.code)))
