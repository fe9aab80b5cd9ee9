"""The timing scenario by the Drools of ansible-rulebook. Runs in the venv that `make ansible-peers` makes, which has not got Doorstep.

Reads from its input what happens on a delivery: minutes and events. Prints as JSON how often each rule fired, and the seconds.
"""

import json
import socket
import sys
import time
from collections import Counter
from typing import Any

import yaml
from ansible_rulebook.json_generator import generate_dict_rulesets  # type: ignore[import-not-found,unused-ignore]
from ansible_rulebook.rules_parser import parse_rule_sets  # type: ignore[import-not-found,unused-ignore]
from drools.rule import Rule  # type: ignore[import-not-found,unused-ignore]
from drools.ruleset import Ruleset, RulesetCollection  # type: ignore[import-not-found,unused-ignore]

BOOK = """
- name: timing
  hosts: all
  sources: [{ansible.eda.range: {limit: 1}}]
  rules:
    - name: once
      condition: event.stopped is defined
      throttle: {once_within: 10 minutes, group_by_attributes: [event.delivery]}
      action: {print_event: {}}
    - name: window
      condition: event.attempt_failed is defined
      throttle: {accumulate_within: 60 minutes, threshold: 3, group_by_attributes: [event.delivery]}
      action: {print_event: {}}
    - name: not-all
      condition: {not_all: [event.picked_up is defined, event.out_for_delivery is defined], timeout: 30 minutes}
      action: {print_event: {}}
    - name: absence
      condition: {not_all: [event.at_hub is defined, event.arrived is defined], timeout: 20 minutes}
      action: {print_event: {}}
"""


def sessions(ruleset: dict[str, Any], name: str, fired: Counter[str]) -> list[Any]:
    """Of one delivery, since what is not grouped by an attribute is about everything that a session sees. One for each rule, since
    grouped rules side by side in one session fail (ConstraintEvaluationException)."""
    found = []
    for rule in ruleset["rules"]:
        called = rule["Rule"]["name"]
        one = Ruleset(f"{name} {called}", json.dumps({**ruleset, "name": f"{name} {called}", "rules": [rule]}))
        one.add_rule(Rule(called, lambda match, called=called: fired.update([called])))
        found.append(one)
    return found


def play(rules: list[Any], name: str, events: list[tuple[int, str]]) -> None:
    """A delivery's events, its clock moved on to each."""
    clock = 0
    for number, (minute, kind) in enumerate(events):
        told = json.dumps({kind: True, "delivery": name, "meta": {"uuid": f"{name}-{number}"}})
        for one in rules:
            if minute > clock:
                one._process_response(one.advance_time(minute - clock, "MINUTES"))
            one.assert_event(told)
        clock = minute


def main() -> None:
    told = json.load(sys.stdin)
    ruleset = generate_dict_rulesets(parse_rule_sets(yaml.safe_load(BOOK)), {})[0]["RuleSet"]
    fired = Counter[str]()
    warm = sessions(ruleset, "warm", Counter())
    names = [f"B{number}" for number in range(told["deliveries"])]
    watched = [sessions(ruleset, name, fired) for name in names]
    with socket.create_connection(("localhost", RulesetCollection.response_port())):  # without it no event is taken
        time.sleep(0.5)  # the other side of the connection says nothing when it is ready
        play(warm, "warm", told["events"])
        began = time.perf_counter()
        for name, rules in zip(names, watched, strict=True):
            play(rules, name, told["events"])
        print(json.dumps({"seconds": time.perf_counter() - began, "fired": fired}))


if __name__ == "__main__":
    main()
