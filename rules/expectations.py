"""What a test expects: at an instant, at every instant until one, or of the forecast at one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.actions import ACTION_ARGUMENTS
from domain.incident import Resolution, Severity
from domain.instant import Instant
from rules import fields
from rules.book import Rulebook
from rules.clock_times import Calendar, read_time
from rules.messages import Wording, read_messages
from rules.problems import suggestion
from rules.source import Node, Pairs, Source, Text
from rules.words import SentenceError, Words

Scope = Literal["at", "until", "forecast_at"]
SCOPES: tuple[Scope, ...] = ("at", "until", "forecast_at")

NOTHING = "nothing"
MOST_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Expectation:
    """None: not checked. `resolved` maps rules to how (None: however); `says` is what the forecast says opens, and when."""

    scope: Scope
    at: Instant
    line: int
    open: tuple[str, ...] | None = None
    did: tuple[str, ...] | None = None
    would: tuple[str, ...] | None = None
    resolved: Mapping[str, Resolution | None] | None = None
    retracted: tuple[str, ...] | None = None
    pending: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None
    lost: tuple[str, ...] | None = None
    suppressed: tuple[str, ...] | None = None
    severity: Mapping[str, Severity] | None = None
    step: Mapping[str, int] | None = None
    deferred: tuple[str, ...] | None = None
    withheld: tuple[str, ...] | None = None
    says: tuple[tuple[Instant, str], ...] | None = None
    message: tuple[Wording, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExpectationReader:
    """Reads the expectations of one test."""

    source: Source
    book: Rulebook
    calendar: Calendar

    def read(self, node: Node | None) -> tuple[Expectation, ...]:
        """In the order written, in which time must not run backwards."""
        found: list[Expectation] = []
        for item in fields.items(node) if node is not None else ():
            expectation = self._expectation(item)
            if expectation is None:
                continue
            earlier = [one.at for one in found if one.scope != "forecast_at"]
            if expectation.scope != "forecast_at" and earlier and expectation.at < earlier[-1]:
                said = f"this expectation is earlier than the one before, {self.calendar.text(earlier[-1])}"
                self.source.at_node("R108", item, said, "put expectations in the order of their times")
            found.append(expectation)
        return tuple(found)

    def _expectation(self, node: Node) -> Expectation | None:
        mapping = fields.pairs(self.source, node, "an expectation")
        if mapping is None:
            return None
        fields.check_keys(self.source, mapping, "an expectation", [*SCOPES, *READ])
        scopes = [scope for scope in SCOPES if mapping.get(scope) is not None]
        if len(scopes) != 1:
            self.source.problem(
                "R011", mapping.start, 1, f"an expectation needs one of {', '.join(SCOPES)}", 'for example at: "11:45"'
            )
            return None
        if len(mapping.pairs) == 1 and scopes[0] != "forecast_at":
            self.source.at_node("R011", mapping, f"an expectation with {scopes[0]} alone expects nothing", "for example open: []")
        at = self._time(mapping, scopes[0])
        self._note_misplaced(mapping, scopes[0])
        values = {key: READ[key](self, value) for key in READ if (value := mapping.get(key)) is not None}
        line = self.source.position(mapping.start)[0]
        return None if at is None else Expectation(scopes[0], at, line, **values)

    def _time(self, mapping: Pairs, scope: Scope) -> Instant | None:
        node = mapping.get(scope)
        return None if node is None else read_clock(self.source, node, scope, self.calendar)

    def _note_misplaced(self, mapping: Pairs, scope: Scope) -> None:
        """A forecast says; everything else is."""
        forecast = scope == "forecast_at"
        for key, _ in mapping.pairs:
            if key.value in READ and (key.value == "says") is not forecast:
                hint = "a forecast has says: alone" if forecast else "says: stands beside forecast_at:"
                self.source.at_node("R010", key, f'"{key.value}" cannot stand beside {scope}', hint)
        if forecast and mapping.get("says") is None:
            self.source.problem(
                "R011", mapping.start, 1, 'forecast_at needs "says"', 'for example says: "late opens at 16:00:00"'
            )

    def rule(self, node: Node) -> str | None:
        """The id of a rule of the book."""
        found = fields.text(self.source, node, "rule")
        return found if found is not None and self._is_rule(node, found) else None

    def _is_rule(self, node: Node, name: str) -> bool:
        names = self.book.names
        if name in names:
            return True
        said = f'the rulebook {self.book.name} has no rule "{name}"'
        self.source.at_node("R022", node, said, self._as_layer(name) or suggestion(name, names))
        return False

    def _as_layer(self, name: str) -> str:
        """What to write for the id of a layer, whose incidents are named after the rule that it overrides."""
        bases = (rule.overrides for rule in self.book.rules if rule.overrides and name in rule.id.partition("@")[2].split("."))
        base = next(bases, None)
        return f"{name} is a layer of {base}, and goes by its name: write {base}" if base else ""

    def rules(self, node: Node) -> tuple[str, ...]:
        found = [self.rule(item) for item in fields.items(node)]
        return tuple(rule for rule in found if rule)

    def kept_back(self, node: Node) -> tuple[str, ...]:
        """Actions, or the rules that asked for them."""
        names = [fields.text(self.source, item, "action or rule") for item in fields.items(node)]
        found = [(item, name) for item, name in zip(fields.items(node), names, strict=True) if name is not None]
        return tuple(name for item, name in found if name in self.book.names or self._is_action(item, name))

    def actions(self, node: Node) -> tuple[str, ...]:
        found = [self._action(item) for item in fields.items(node)]
        return tuple(action for action in found if action)

    def _action(self, node: Node) -> str | None:
        found = fields.text(self.source, node, "action")
        return found if found is not None and self._is_action(node, found) else None

    def _is_action(self, node: Node, name: str) -> bool:
        action = name.partition(".")[0]
        if action in ACTION_ARGUMENTS:
            return True
        self.source.at_node("R024", node, f'unknown action "{name}"', suggestion(action, ACTION_ARGUMENTS))
        return False

    def resolved(self, node: Node) -> dict[str, Resolution | None]:
        """A list of rules, or a mapping from rules to how they were resolved."""
        if not isinstance(node, Pairs):
            return dict.fromkeys(self.rules(node))
        return {rule: Resolution(how) for rule, how in self._by_rule(node, "resolution", [how.value for how in Resolution])}

    def severities(self, node: Node) -> dict[str, Severity]:
        mapping = fields.pairs(self.source, node, "severity")
        allowed = [severity.value for severity in Severity]
        return {rule: Severity(word) for rule, word in self._by_rule(mapping, "severity", allowed)} if mapping else {}

    def steps(self, node: Node) -> dict[str, int]:
        """A mapping from rules to the number of the step of its escalation that came last; 0 before the first."""
        mapping = fields.pairs(self.source, node, "step")
        pairs = mapping.pairs if mapping else ()
        read = [(self.rule(key), fields.whole(self.source, value, "step", 0, MOST_STEPS)) for key, value in pairs]
        return {rule: number for rule, number in read if rule is not None and number is not None}

    def _by_rule(self, mapping: Pairs, what: str, allowed: list[str]) -> list[tuple[str, str]]:
        words = [(self.rule(key), fields.word(self.source, value, what, allowed)) for key, value in mapping.pairs]
        return [(rule, word) for rule, word in words if rule and word]

    def messages(self, node: Node) -> tuple[Wording, ...]:
        """`{to: customer, contains: "16:40"}`, or a list of them."""
        return read_messages(self.source, node)

    def says(self, node: Node) -> tuple[tuple[Instant, str], ...]:
        """`RULE opens at 11:45:00`, a list of them, or `nothing`."""
        if isinstance(node, Text) and node.value.strip().casefold() == NOTHING:
            return ()
        found = [self._opening(item) for item in fields.items(node)]
        return tuple(sorted(opening for opening in found if opening))

    def _opening(self, node: Node) -> tuple[Instant, str] | None:
        text = fields.text(self.source, node, "says")
        if text is None or not isinstance(node, Text):
            return None
        try:
            words = Words(text)
            rule = words.one_of("R022", "rule", self.book.names)
            words.need("opens", "at", hint="RULE opens at HH:MM:SS, or nothing")
            at, _ = read_time(words, self.calendar)
            words.end()
        except SentenceError as error:
            self.source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
            return None
        return at, rule


def read_clock(source: Source, node: Node, what: str, calendar: Calendar) -> Instant | None:
    """The instant of a clock time that is a value by itself."""
    text = fields.text(source, node, what)
    if text is None or not isinstance(node, Text):
        return None
    try:
        words = Words(text)
        at, _ = read_time(words, calendar)
        words.end()
    except SentenceError as error:
        source.at_word(error.code, node, error.at, error.length, error.message, error.hint)
        return None
    return at


READ: Mapping[str, Callable[[ExpectationReader, Node], Any]] = {
    "open": ExpectationReader.rules,
    "did": ExpectationReader.actions,
    "would": ExpectationReader.actions,
    "resolved": ExpectationReader.resolved,
    "retracted": ExpectationReader.rules,
    "pending": ExpectationReader.rules,
    "unknown": ExpectationReader.rules,
    "lost": ExpectationReader.rules,
    "suppressed": ExpectationReader.rules,
    "severity": ExpectationReader.severities,
    "step": ExpectationReader.steps,
    "deferred": ExpectationReader.kept_back,
    "withheld": ExpectationReader.kept_back,
    "message": ExpectationReader.messages,
    "says": ExpectationReader.says,
}
"""Key of an expectation -> how it is read."""
