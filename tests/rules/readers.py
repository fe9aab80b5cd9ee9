"""What reads orders and events of test files: the models of the workflow's messages, as the command line hands them in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.event import Event
from domain.instant import Instant
from domain.order import Order
from rules.verify import Report, run_file
from workflows.wire import DeliveryEvent, DeliveryOrder


def read_order(sent: Mapping[str, Any]) -> Order:
    return DeliveryOrder.model_validate_json(json.dumps(sent)).order()


def read_event(sent: Mapping[str, Any], known_at: Instant) -> Event:
    return DeliveryEvent.model_validate_json(json.dumps(sent)).event(known_at)


def run(path: Path) -> Report:
    return run_file(path, read_order, read_event)
