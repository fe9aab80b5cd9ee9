"""What test files are run with: the models of the workflow's messages, as the command line hands them in, and a small rulebook."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.event import Event
from domain.instant import Instant
from domain.order import Order
from rules.testfile import Readers
from rules.verify import Observer, Report, run_file
from workflows.events import DeliveryEvent
from workflows.orders import DeliveryOrder

SMALL = """
rulebook: small
rules:
  - id: late
    when: condition is late
    do: [{reroute: {}, otherwise: [{open_ticket: {queue: hub-ops}}]}, {notify: {who: customer, template: running-late}}]
    severity: high
  - id: stopped
    mode: shadow
    when: stopped for 20m
    hold: 5m
    do: [{notify: {who: driver, template: need-help}}]
  - id: predicted
    when: eta later than promised end by 10m
    hold: 5m
    on_resolve: [{notify: {who: customer, template: back-on-track}}]
"""
"""A rulebook to be tested."""


def read_order(sent: Mapping[str, Any]) -> Order:
    return DeliveryOrder.model_validate_json(json.dumps(sent)).order()


def read_event(sent: Mapping[str, Any], known_at: Instant) -> Event:
    return DeliveryEvent.model_validate_json(json.dumps(sent)).event(known_at)


READERS = Readers(read_order, read_event)


def run(path: Path, observer: Observer | None = None) -> Report:
    return run_file(path, read_order, read_event, observer=observer)
