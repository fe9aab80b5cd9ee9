"""What the SDK's core, which is no Python, tells beside its messages: of a failed workflow task the whole failure, with its words.

Words of failures may quote what was sent, so only their types are told; their words are in the history, sealed where payloads are.
"""

import re
from collections.abc import Mapping
from logging import LogRecord
from typing import Any

IDS = ("workflow_id", "workflow_type", "run_id", "activity_type", "attempt", "task_queue")
"""What it tells under names that our lines have too."""

PLAIN = ("error", "reason", "activity_id")
"""What says why, if it quotes no failure."""

QUOTED = re.compile(r"(Failure|Payload|Payloads)\w* ?\{")
"""How the core writes what holds words or payloads."""

OF_THE_SDK = re.compile(r'message: "(\[TMPRL\d+\][^"]*)"')
"""Words of the SDK itself: what differs between a history and the code. They quote types, ids and kinds of events."""

KINDS = (re.compile(r'r#type: "(\w+)"'), re.compile(r"force_cause: (\w+)"))


def is_of_core(record: LogRecord) -> bool:
    return hasattr(record, "temporal_log")


def without_quotes(message: str) -> str:
    """A message up to where it quotes a failure or a payload."""
    quoted = QUOTED.search(message)
    return f"{message[: quoted.start()]}..." if quoted else message


def besides(record: LogRecord) -> str:
    """What is told behind the message: ` (error=...; ValueError, NonDeterministicError)`, perhaps nothing."""
    fields = _fields(record)
    plain = [f"{name}={fields[name]}" for name in PLAIN if name in fields and not QUOTED.search(fields[name])]
    told = plain + ([kind] if (kind := kind_of(fields.get("failure", ""))) else [])
    return f" ({'; '.join(told)})" if told else ""


def ids_of(record: LogRecord) -> Mapping[str, Any]:
    """The IDS that the core told."""
    fields = _fields(record)
    return {name: fields[name] for name in IDS if name in fields}


def kind_of(failure: str) -> str:
    """The types in a failure as the core writes it; of one that the SDK worded itself, its words too."""
    words = OF_THE_SDK.findall(failure)[:1]
    return ", ".join([*words, *dict.fromkeys(kind for pattern in KINDS for kind in pattern.findall(failure))])


def _fields(record: LogRecord) -> Mapping[str, str]:
    log = getattr(record, "temporal_log", None)
    return {} if log is None else {name: str(value) for name, value in log.fields.items()}
