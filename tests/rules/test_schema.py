"""The schemas that editors use: the shipped files fit them, mistakes in keys and names do not, every key of the readers is there."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from integrations.messaging.templates import Templates
from rules import beside
from rules.directory import Directory
from rules.directory_reader import read_directory_file
from rules.proposals import sentences
from rules.reader import read_book
from rules.rule_reader import DEFAULT_KEYS, MADE_OF_OTHERS, RULE_KEYS
from rules.schema import BOOK, DIRECTORY, TESTS, default_keys, rule_keys, schemas
from rules.sentences import parse
from settings import SHIPPED_RULES

KNOWN = read_directory_file(SHIPPED_RULES / "directory.yaml").directory
SCHEMAS = schemas(KNOWN, Templates(SHIPPED_RULES / "templates").names(), ["late"])
BOOKS, TEST_FILES = beside.rulebook_files(SHIPPED_RULES), beside.test_files(SHIPPED_RULES)


class AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2, as editors read it: `mode: off` is a word there, and no truth value."""


AsEditorsRead.yaml_implicit_resolvers = {
    first: [(tag, word) for tag, word in resolvers if not tag.endswith(":bool") or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def mistakes(schema: str, text: str) -> list[str]:
    """What a schema refuses in a text of YAML."""
    written = json.loads(json.dumps(yaml.load(text, AsEditorsRead), default=str))
    return [error.message for error in Draft202012Validator(SCHEMAS[schema]).iter_errors(written)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_is_a_schema(schema: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[schema])


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_shipped_rulebooks_fit(path: Path) -> None:
    assert mistakes(BOOK, path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_the_shipped_tests_fit(path: Path) -> None:
    assert mistakes(TESTS, path.read_text("utf-8")) == []


def test_the_shipped_directory_fits() -> None:
    assert mistakes(DIRECTORY, (SHIPPED_RULES / "directory.yaml").read_text("utf-8")) == []


def test_all_that_a_rule_can_say_fits() -> None:
    text = """
rulebook: all
defaults: {hold: 5m, quiet_hours: {for: [notify.customer], window: "21:00-08:00"}}
rules:
  - id: one
    applies_to: {carrier: [acme, "not zip*"], zone: north-1}
    when: {at least 2 of: [stopped for 20m, {compare: {fact: attempts, op: at least, number: 2}}, {none: silent for 1h}]}
    rollout: 50%
    do: [reroute, {notify: {who: customer, template: running-late}, otherwise: {open_ticket: {queue: hub-ops}}}]
    on_resolve: {final: {open_ticket: {queue: hub-ops}}}
    escalate: {stop_when: acknowledged, steps: [{after: 15m, do: [reroute], repeat: {every: 30m, at_most: 2}}]}
    limits: {what: customer_message, at_most: 2, within: 24h}
  - id: two
    stages: [{when: attempts at least 1, severity: low}, {when: attempts at least 2, do: reroute}]
  - {id: three, use: "dwell with {halt: 2h}"}
  - {id: four, overrides: one, applies_to: {customer_tier: gold}, hold: "{wait}"}
"""

    assert mistakes(BOOK, text) == []
    assert read_book(text, "all.yaml").problems  # blueprint and table are not beside it; all else is checked elsewhere


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, wehn: stopped for 1h}]}", id="a misspelt key"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, when: stopped for 1h, hold: 5}]}", id="a length without a unit"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, when: stopped for 1h, severity: hihg}]}", id="a misspelt word"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, when: stopped for 1h, do: {reroot: {}}}]}", id="an unknown action"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, do: {open_ticket: {queue: nobody}}}]}", id="an unknown queue"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, do: {notify: {who: customer, template: no}}}]}", id="an unknown template"),
        pytest.param(BOOK, "{rulebook: a, rules: [{id: b, when: {absent: {event: scan}}}]}", id="a twin without a key"),
        pytest.param(BOOK, "{rules: []}", id="no name"),
        pytest.param(TESTS, "{tests: [{name: a, expcet: []}]}", id="a misspelt key of a test"),
        pytest.param(TESTS, "{tests: [{name: a, expect: [{at: '09:00', until: '10:00', open: []}]}]}", id="two times"),
        pytest.param(TESTS, "{tests: [{name: a, delivery: {carrer: acme}}]}", id="a misspelt field of a delivery"),
        pytest.param(DIRECTORY, "{hubs: {HEL1: {timzone: Europe/Helsinki}}}", id="a misspelt key of a hub"),
    ],
)  # fmt: skip
def test_mistakes_do_not_fit(schema: str, text: str) -> None:
    assert mistakes(schema, text)


def test_every_key_of_a_rule_is_there_and_no_other() -> None:
    assert rule_keys(Directory()).keys() == {*RULE_KEYS, *MADE_OF_OTHERS, "with"}
    assert default_keys(Directory()).keys() == DEFAULT_KEYS.keys()


@pytest.mark.parametrize("sentence", tuple(sentences(KNOWN)))
def test_every_sentence_that_is_proposed_can_be_read(sentence: str) -> None:
    parse(sentence, KNOWN)


def test_names_of_this_installation_are_proposed() -> None:
    def found(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {str(value) for key in ("enum", "examples") for value in node.get(key, ())}
            return own.union(*(found(inner) for inner in node.values()))
        return set().union(*(found(inner) for inner in node)) if isinstance(node, list) else set()

    proposed = found(SCHEMAS[BOOK])
    assert {"acme", "zipvan", "north-1", "hub-ops", "running-late", "carrier is acme", "status is at_hub"} <= proposed
    assert "late" in found(SCHEMAS[TESTS])


def test_where_a_section_is_missing_every_name_fits() -> None:
    schema = schemas(Directory(), [])[BOOK]
    book = {"rulebook": "a", "rules": [{"id": "b", "do": [{"open_ticket": {"queue": "any"}}]}]}

    assert list(Draft202012Validator(schema).iter_errors(book)) == []
