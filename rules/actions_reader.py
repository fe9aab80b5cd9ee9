"""Reads lists of actions (`do`, `on_resolve`) and checks their arguments against the models in domain.actions."""

from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field
from dataclasses import fields as model_fields
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from domain.actions import ACTION_ARGUMENTS, ON_CALL, QUESTIONS
from domain.endpoint import ORDER_SYSTEM
from rules import fields
from rules.book import Step
from rules.directory import Directory
from rules.problems import suggestion
from rules.source import Items, Node, Pairs, Source, Text
from rules.template_check import Templates, check_liquid, check_template

LATER_ACTIONS: Mapping[str, str] = {}
"""Actions of the language that are not built yet -> what to use meanwhile. At present there is none."""

ALWAYS_PEOPLE = ("customer", "driver", ON_CALL)
"""Whom every delivery has, and who is on call; the others are people of directory.yaml."""

_LIQUID_ARGUMENTS = frozenset({"title", "body"})

EMIT = "emit"
UNANSWERED = "unanswered"
"""The list of steps that stands among the arguments of a question."""


def _action_meant(word: str) -> str:
    """A channel is no action; it is how one is notified."""
    channel = {"mail": "email", "email": "email", "sms": "sms", "text": "sms", "whatsapp": "whatsapp"}.get(word.casefold())
    if channel:
        return f"write notify: {{who: customer, template: NAME, channels: [{channel}]}}"
    return suggestion(word, ACTION_ARGUMENTS)


def _limits(field: "Field[Any]") -> tuple[int, int]:
    """The least and the most of a whole number among the arguments."""
    return field.metadata.get("least", 0), field.metadata.get("most", 100_000)


class ActionReader:
    """Reads the actions of one file."""

    def __init__(self, source: Source, directory: Directory, templates: Templates | None) -> None:
        self._source, self._directory, self._templates = source, directory, templates
        self._known_endpoints = directory.endpoints
        self._registers: dict[str, tuple[str, tuple[str, ...]]] = {
            "queue": ("queue", directory.queues),
            "endpoint": ("endpoint", directory.endpoints),
            "hub": ("hub", tuple(directory.hubs)),
            "who": ("person", (*ALWAYS_PEOPLE, *directory.people) if directory.people else ()),
        }

    def steps(self, node: Node, what: str) -> tuple[Step, ...]:
        """The actions of a list, in its order; those with mistakes are left out."""
        found = [self._step(item, what) for item in fields.items(node)]
        return tuple(step for step in found if step is not None)

    def _step(self, node: Node, what: str) -> Step | None:
        if isinstance(node, Text):
            return self._action(node, None, ())
        if isinstance(node, Items):
            self._source.at_node(
                "R012", node, f"{what} must be a list of actions, not of lists", "write - notify: {who: customer, ...}"
            )
            return None
        otherwise = node.get("otherwise")
        steps = self.steps(otherwise, "otherwise") if otherwise is not None else ()
        actions = [(key, value) for key, value in node.pairs if key.value != "otherwise"]
        if not actions:
            self._source.at_node("R011", node, "an action is missing here", suggestion("", ACTION_ARGUMENTS))
            return None
        for key, _ in actions[1:]:
            self._refuse_second(key, actions[0][0])
        return self._action(actions[0][0], actions[0][1], steps)

    def _refuse_second(self, key: Text, first: Text) -> None:
        if key.value in ACTION_ARGUMENTS or key.value in LATER_ACTIONS:
            self._source.at_node("R012", key, "one action for each item of the list", f"begin a new item: - {key.value}: ...")
        else:
            near = suggestion(key.value, ["otherwise"])
            self._source.at_node("R010", key, f'"{key.value}" cannot stand beside {first.value}', near)

    def _action(self, key: Text, value: Node | None, otherwise: tuple[Step, ...]) -> Step | None:
        name = key.value
        model = ACTION_ARGUMENTS.get(name)
        if model is None:
            self._refuse_action(key)
            return None
        mapping = fields.pairs(self._source, value, name) if value is not None else Pairs((), key.start, key.end)
        if mapping is None:
            return None
        if name == EMIT and self._known_endpoints and ORDER_SYSTEM not in self._known_endpoints:
            hint = f"add {ORDER_SYSTEM} to endpoints in directory.yaml"
            self._source.at_node("R023", key, f'emit tells the endpoint "{ORDER_SYSTEM}", which is not known', hint)
        node = mapping.get(UNANSWERED) if name in QUESTIONS else None
        unanswered = self.steps(node, UNANSWERED) if node is not None else ()
        return Step(name, self._arguments(key, mapping, model), otherwise, unanswered)

    def _refuse_action(self, key: Text) -> None:
        if key.value in LATER_ACTIONS:
            self._source.at_node("R014", key, f"the action {key.value} is not supported yet", LATER_ACTIONS[key.value])
        elif key.is_empty:
            self._source.at_node("R013", key, "an action is missing here", suggestion("", ACTION_ARGUMENTS))
        else:
            self._source.at_node("R024", key, f'unknown action "{key.value}"', _action_meant(key.value))

    def _arguments(self, key: Text, mapping: Pairs, model: type) -> dict[str, Any]:
        declared = {field.name: field for field in model_fields(model)}
        fields.check_keys(self._source, mapping, key.value, [*declared, *((UNANSWERED,) if key.value in QUESTIONS else ())])
        types = get_type_hints(model)
        given: dict[str, Any] = {}
        for name, field in declared.items():
            node = mapping.get(name)
            if node is None:
                self._note_missing(key, name, field)
            else:
                given[name] = self._argument(f"{key.value} {name}", node, types[name], field)
                self._check_argument(node, name, given[name], field)
        self._check_template(mapping, given, declared)
        return {name: value for name, value in given.items() if value is not None}

    def _note_missing(self, key: Text, name: str, field: "Field[Any]") -> None:
        if field.default is MISSING and field.default_factory is MISSING:
            self._source.at_node("R011", key, f'{key.value} needs "{name}"', f"add {name}: ...")

    def _argument(self, what: str, node: Node, declared: Any, field: "Field[Any]") -> Any:
        """The value as JSON has it: a list where the model has a tuple, milliseconds where it has a span."""
        if isinstance(declared, UnionType):
            declared = next(kind for kind in get_args(declared) if kind is not type(None))
        if field.metadata.get("unit") == "ms":
            return fields.span(self._source, node, what)
        if get_origin(declared) is Literal:
            return fields.word(self._source, node, what, get_args(declared))
        if get_origin(declared) is tuple:
            return self._word_list(what, node, get_args(get_args(declared)[0]))
        if get_origin(declared) is Mapping:
            return self._texts(what, node)
        if declared is bool:
            return fields.yes_no(self._source, node, what)
        return (
            fields.whole(self._source, node, what, *_limits(field)) if declared is int else fields.text(self._source, node, what)
        )

    def _word_list(self, what: str, node: Node, allowed: tuple[str, ...]) -> list[str] | None:
        words = [
            fields.word(self._source, item, what, allowed) if allowed else fields.text(self._source, item, what)
            for item in fields.items(node)
        ]
        if not words:
            self._source.at_node("R013", node, f"{what} is empty", suggestion("", allowed) if allowed else "remove the key")
        return list(dict.fromkeys(word for word in words if word)) or None

    def _texts(self, what: str, node: Node) -> dict[str, str] | None:
        """A mapping from names to texts."""
        mapping = fields.pairs(self._source, node, what)
        if mapping is None:
            return None
        found = {key.value: fields.text(self._source, value, f"{what} {key.value}") for key, value in mapping.pairs}
        for key, value in mapping.pairs:
            if found[key.value]:
                check_liquid(self._source, value, found[key.value] or "", f"{what} {key.value}")
        return {key: value for key, value in found.items() if value}

    def _check_argument(self, node: Node, name: str, value: Any, field: "Field[Any]") -> None:
        if not isinstance(value, str):
            return
        if name in self._registers:
            what, known = self._registers[name]
            fields.registered(self._source, node, what, value, known)
        if name in _LIQUID_ARGUMENTS or "liquid" in field.metadata:
            check_liquid(self._source, node, value, name)

    def _check_template(self, mapping: Pairs, given: Mapping[str, Any], declared: Mapping[str, "Field[Any]"]) -> None:
        node = mapping.get("template")
        if self._templates is None or node is None or not given.get("template"):
            return
        channels: Collection[str] = given.get("channels") or cast(tuple[str, ...], declared["channels"].default)
        check_template(self._source, node, given["template"], channels, self._templates)
