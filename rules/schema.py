"""JSON Schemas of rulebooks, test files and directory.yaml, for editors: what may stand where, and what to propose.

They are made from the tables that the files are read with, and from this installation's carriers, zones, queues and templates.
A schema cannot read sentences: what it refuses is a mistake, not the other way round; `doorstep rules check` says the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from domain.actions import ACTION_ARGUMENTS, QUESTIONS, Channel
from domain.incident import Mode, Resolution, Severity
from rules.actions_reader import ALWAYS_PEOPLE, UNANSWERED
from rules.book import AtEnd, GroupedBy, Limited, Stop
from rules.conditions_reader import GROUPS
from rules.directory import Directory
from rules.directory_reader import ADDRESS_KEYS
from rules.expectations import READ, SCOPES
from rules.order_forms import KEYS
from rules.proposals import sentences
from rules.quantities import DAY_NAMES
from rules.scope_reader import SCOPE_KEYS, known_values
from rules.testfile import CASE_KEYS
from rules.tree import Clock
from rules.twins import TWINS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BOOK, TESTS, DIRECTORY = "rulebook.schema.json", "tests.schema.json", "directory.schema.json"

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number", "boolean"]}
NAME: Schema = {"type": ["string", "integer"], "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
HOLE = r"^\{[a-z][a-z0-9_]*\}$"
_LENGTH = r"^\s*(\d+\s*[A-Za-z]+\s*)+$"
SPAN: Schema = {
    "anyOf": [
        {"type": "string", "pattern": _LENGTH},
        {"type": "string", "pattern": HOLE},
        {"type": "object", "maxProperties": 1},
    ],
    "examples": ["30s", "5m", "1h30m", "2 days"],
    "description": "a length of time, with its unit",
}
COUNT: Schema = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d+%?$"}, {"type": "string", "pattern": HOLE}]}
YES_NO: Schema = {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "true", "false"]}]}
MONEY: Schema = {"type": "string", "pattern": r"^\d+(\.\d{1,4})? [A-Z]{3}$", "examples": ["15 EUR"]}
WINDOW: Schema = {"type": "string", "pattern": r"^\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}$", "examples": ["21:00-08:00"]}
CLOCK: Schema = {"type": ["string", "integer"], "examples": ["20:00"]}
CONDITION: Schema = {"$ref": "#/$defs/condition"}
STEPS: Schema = {"$ref": "#/$defs/steps"}


def schemas(directory: Directory, templates: Iterable[str], rules: Iterable[str] = ()) -> dict[str, Schema]:
    """Each file's schema, by its name. `rules` are the names of the rules of all books, which tests may name."""
    return {
        BOOK: _document("a rulebook", book(directory, sorted(templates)), _parts(directory, sorted(templates))),
        TESTS: _document("tests of a rulebook", tests(sorted(set(rules))), {}),
        DIRECTORY: _document("directory.yaml", directory_file(directory), {}),
    }


def _document(title: str, body: Schema, parts: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, **body, **({"$defs": parts} if parts else {})}


def _object(properties: Mapping[str, Schema], needed: Iterable[str] = ()) -> Schema:
    needs = list(needed)
    closed: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**closed, "required": needs} if needs else closed


def _one_of(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def _known(words: Iterable[str]) -> Schema:
    """Names of the directory; any name where it has none of them."""
    known = sorted(words)
    return {"enum": known} if known else TEXT


def _list_of(one: Schema) -> Schema:
    """A list, or one value that stands for a list of one."""
    return {"anyOf": [one, {"type": "array", "items": one}, {"type": "null"}]}


# Rulebooks


def book(directory: Directory, templates: list[str]) -> Schema:
    spans = {"final_grace": SPAN, "expires_after": SPAN}
    define: Schema = {"type": "object", "additionalProperties": CONDITION}
    rules = {"type": ["array", "null"], "items": {"$ref": "#/$defs/rule"}}
    keys = {"rulebook": NAME, "owner": TEXT, "params": TEXT, "define": define, "rules": rules, **spans}
    return _object({**keys, "defaults": _object({**default_keys(directory), **spans})}, ["rulebook", "rules"])


def rule_keys(directory: Directory) -> dict[str, Schema]:
    """Every key that a rule may have."""
    ends = {how.value: STEPS for how in Resolution}
    return {
        "id": NAME,
        "says": TEXT,
        "applies_to": _object({key: _patterns(key, directory) for key in SCOPE_KEYS}),
        **dict.fromkeys(("when", "only_when", "clears_when"), CONDITION),
        "detects": NAME,
        "do": STEPS,
        "on_resolve": {"anyOf": [STEPS, _object(ends)]},
        "stages": {"type": "array", "items": _object({"when": CONDITION, "severity": _words(Severity), "do": STEPS}, ["when"])},
        "escalate": _ladder(),
        "decision": NAME,
        "suppressed_by": _list_of(NAME),
        "group": _object(
            {"by": _one_of(get_args(GroupedBy)), "at_least": COUNT, "within": SPAN, "gather": SPAN, "instead": YES_NO}, ["by"]
        ),
        "final_grace": SPAN,
        "overrides": NAME,
        "use": {"anyOf": [TEXT, _object({"blueprint": NAME, "with": {"type": "object"}}, ["blueprint"])]},
        "with": {"type": "object"},
        **default_keys(directory),
    }


def default_keys(directory: Directory) -> dict[str, Schema]:
    """Every key that may stand in a rule and under `defaults`."""
    limit = _object({"what": _one_of(get_args(Limited)), "at_most": COUNT, "within": SPAN}, ["what", "at_most", "within"])
    quiet = {"for": _list_of(_quieted(directory)), "window": WINDOW, "at_end": _one_of(get_args(AtEnd))}
    return {
        "mode": _words(Mode),
        "severity": _words(Severity),
        "clock": _words(Clock),
        **dict.fromkeys(("rollout", "priority"), COUNT),
        **dict.fromkeys(("hold", "stay_clear", "cooldown", "acknowledge_expires", "propose_for"), SPAN),
        "after_final": YES_NO,
        "quiet_hours": _object(quiet, ["for", "window"]),
        "limits": _list_of(limit),
        "approve_above": _object({"cost": MONEY}, ["cost"]),
        "unanswered": _one_of(("act", "drop")),
        "in_flight": _one_of(("keep", "adopt")),
    }


def _words(known: type[Mode] | type[Severity] | type[Clock]) -> Schema:
    return _one_of(word.value for word in known)


def _patterns(key: str, directory: Directory) -> Schema:
    """A value, a glob, or either behind `not`: the known ones are proposed."""
    return _list_of({**TEXT, "examples": [*known_values(key, directory)]})


def _ladder() -> Schema:
    repeat = _object({"every": SPAN, "at_most": COUNT}, ["every"])
    steps = {"type": "array", "items": _object({"after": SPAN, "do": STEPS, "repeat": repeat}, ["after", "do"])}
    return _object({"stop_when": _list_of(_one_of(get_args(Stop))), "steps": steps}, ["steps"])


def _quieted(directory: Directory) -> Schema:
    people = (*ALWAYS_PEOPLE, *directory.people)
    return {**TEXT, "examples": [*ACTION_ARGUMENTS, *(f"notify.{who}" for who in people)]}


def _parts(directory: Directory, templates: list[str]) -> Schema:
    steps = [_step(name, model, directory, templates) for name, model in ACTION_ARGUMENTS.items()]
    return {
        "rule": _object(rule_keys(directory)),
        "condition": _condition(),
        "sentence": {"type": "string", "examples": list(sentences(directory))},
        "steps": _list_of({"anyOf": [_one_of(ACTION_ARGUMENTS), *steps]}),
    }


def _condition() -> Schema:
    group = {"type": "object", "minProperties": 1, "maxProperties": 1}
    groups = {
        **group,
        "properties": dict.fromkeys(GROUPS, CONDITION),
        "patternProperties": {r"^[Aa]t least (\d+|\{[a-z][a-z0-9_]*\}) of$": CONDITION},
        "additionalProperties": False,
    }
    twins = {**group, "properties": {name: _twin(name) for name in TWINS}, "additionalProperties": False}
    several = {"type": "array", "items": CONDITION, "minItems": 1}
    return {"anyOf": [{"$ref": "#/$defs/sentence"}, several, groups, twins]}


def _twin(name: str) -> Schema:
    keys = TWINS[name].keys
    return _object({key: {} for key in keys}, [key for key, row in keys.items() if row.needed])


def _step(name: str, model: type, directory: Directory, templates: list[str]) -> Schema:
    """An action with its arguments, and what is done otherwise."""
    hints, declared = get_type_hints(model), fields(model)
    needed = [field.name for field in declared if field.default is MISSING and field.default_factory is MISSING]
    given = {field.name: _argument(field, hints, directory, templates) for field in declared}
    arguments = _object({**given, UNANSWERED: STEPS} if name in QUESTIONS else given, needed)
    allowed = arguments if needed else {"anyOf": [arguments, {"type": "null"}]}
    return _object({name: allowed, "otherwise": STEPS}, [name])


def _argument(field: Any, hints: Mapping[str, Any], directory: Directory, templates: list[str]) -> Schema:
    named: Mapping[str, Schema] = {
        "queue": _known(directory.queues),
        "endpoint": _known(directory.endpoints),
        "hub": _known(sorted(directory.hubs)),
        "template": _known(templates),
        "who": _known((*ALWAYS_PEOPLE, *directory.people) if directory.people else ()),
    }
    if field.name in named:
        return named[field.name]
    return SPAN if field.metadata.get("unit") == "ms" else _typed(hints[field.name])


def _typed(hint: Any) -> Schema:
    if isinstance(hint, UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is Literal:
        return _one_of(get_args(hint))
    if get_origin(hint) is tuple:
        return _list_of(_typed(get_args(hint)[0]))
    if get_origin(hint) is Mapping:
        return {"type": "object", "additionalProperties": TEXT}
    return YES_NO if hint is bool else COUNT if hint is int else TEXT


# Tests


def tests(rules: list[str]) -> Schema:
    """A test file. The fields of a delivery may also be dotted, as `customer.tier`."""
    case: dict[str, Schema] = {key: {} for key in CASE_KEYS}
    dotted: Schema = {r"^[a-z_]+\.[a-z_.]+$": {}}
    order = {**_object({key: {} for key in KEYS[()]}), "patternProperties": dotted}
    case |= {
        "name": TEXT,
        "day": TEXT,
        "delivery": order,
        "deliveries": {"type": "object", "additionalProperties": {"anyOf": [order, {"type": "null"}]}},
        "timeline": _list_of({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}),
        "expect": _list_of(_expectation(rules)),
        "todo": YES_NO,
    }
    return _object({"rulebook": TEXT, "tests": {"type": "array", "items": _object(case, ["name"])}}, ["tests"])


def _expectation(rules: list[str]) -> Schema:
    """One time, and any of the keys; rules are proposed by name."""
    of_each: Schema = {**_list_of({**TEXT, "examples": rules})}
    of_one: Schema = {"type": "object", "additionalProperties": of_each}
    named: Schema = {"anyOf": [of_each, of_one, {"type": "array", "items": {"anyOf": [{**TEXT, "examples": rules}, of_one]}}]}
    of_rules = dict.fromkeys(("open", "pending", "retracted", "unknown", "lost", "suppressed"), named)
    keys: dict[str, Schema] = {**dict.fromkeys(SCOPES, CLOCK), **{key: {} for key in READ}, **of_rules}
    return {**_object(keys), "oneOf": [{"required": [scope]} for scope in SCOPES]}


# The directory


def directory_file(directory: Directory) -> Schema:
    """What directory.yaml may hold; calendars and carriers that it has are proposed where they may be named."""
    calendar = {**TEXT, "examples": sorted(directory.calendars)}
    degrees = {"type": "number"}
    hub = {"timezone": TEXT, "cutoff": CLOCK, "calendar": calendar, "lat": degrees, "lon": degrees}
    carrier = {
        "feed": _object({"cadence": SPAN}),
        "backup": _list_of({**TEXT, "examples": sorted(directory.carriers)}),
        "cost_per_drop": MONEY,
        "requests": {**TEXT, "examples": sorted(directory.endpoints)},
    }
    person = {
        "email": TEXT,
        "phone": TEXT,
        "slack": TEXT,
        "webhook": {**TEXT, "examples": sorted(directory.endpoints)},
        "channels": _list_of(_one_of(ADDRESS_KEYS)),
        "on_call": calendar,
    }
    hours = {"days": _list_of(_one_of(DAY_NAMES)), "hours": WINDOW, "holidays": TEXT}
    sections = {
        "hubs": _rows(hub),
        "people": _rows(person),
        "queues": _list_of(TEXT),
        "carriers": _rows(carrier),
        "zones": _list_of(TEXT),
        "calendars": _rows(hours),
        "endpoints": _rows({"url": TEXT, "secret": TEXT}),
        "disruptions": _object({"queue": TEXT, "tell": _list_of(TEXT), "channels": _list_of(_one_of(get_args(Channel)))}),
    }
    return _object(sections)


def _rows(row: Mapping[str, Schema]) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": {"anyOf": [_object(row), {"type": "null"}]}}
