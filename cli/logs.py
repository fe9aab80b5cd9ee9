"""What long-running programs log, on standard error: a line for people, or a line of JSON for programs (DOORSTEP_LOG=json).

Never personal data: messages are ours and name ids, types and counts. As a second line of defence addresses, numbers and links that
a library might quote are masked, and of an error only its type and place are told, unless its words are known to quote nothing.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from temporalio import activity, workflow
from temporalio.service import RPCError

from cli.core_lines import besides, ids_of, is_of_core, without_quotes
from settings import Settings, SettingsError
from store.errors import StoreError
from workflows.client import UnreachableError

OURS = (
    "doorstep", "activities", "cli", "integrations", "intake", "store", "web", "worker", "workflows",
    "temporalio.workflow", "temporalio.activity", "temporalio.worker", "temporalio.core", "uvicorn.error",
)  # fmt: skip
"""Loggers at DOORSTEP_LOG_LEVEL. All others tell warnings only: some libraries quote what they send."""

FIELDS = (
    "delivery_id", "incident_id", "rule", "severity", "action", "outcome", "door", "status", "late_ms",
    "workflow_id", "workflow_type", "run_id", "activity_type", "attempt", "task_queue", "trace_id", "span_id",
)  # fmt: skip
"""What a line may tell beside its message, in this order."""

LONGEST = 2_000
"""Characters of a message."""

QUOTES_NOTHING = (StoreError, UnreachableError, RPCError, SettingsError, ConnectionError, TimeoutError)
"""Errors whose words name addresses of servers at most."""

MASKS = (
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"\+\d[\d ()-]{5,}\d"), "<number>"),
    (re.compile(r"(/(?:track|decide|acknowledge)/)[\w.~-]+"), r"\1<token>"),
    (re.compile(r"(/codec/)(?!(?:de|en)code(?:[\s?\"']|$))[^\s/?\"']+"), r"\1<token>"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}"), r"\1 <secret>"),
)


def set_up_logs(settings: Settings) -> None:
    """From now on everything that is logged in this process is written as the settings say. Raises SettingsError."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.logs_json else Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level)
    workflow.logger.workflow_info_on_message = activity.logger.activity_info_on_message = False


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, then FIELDS as far as they are known, then the error."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record),
            **fields_of(record),
        }
        if error := error_of(record):
            told["error"] = error
        return json.dumps(told, ensure_ascii=False)


class Lines(logging.Formatter):
    """One line for people, and the places of an error below it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        about = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        error = error_of(record)
        line = f"{at} {record.levelname} {record.name}: {said(record)}{f' ({about})' if about else ''}"
        if error is None:
            return line
        return "\n".join([line, f"  {error['type']} {error.get('message', '')}".rstrip(), *(f"    {at}" for at in error["at"])])


def said(record: logging.LogRecord) -> str:
    """The message of a record, masked and cut."""
    return masked(f"{without_quotes(record.getMessage())}{besides(record)}" if is_of_core(record) else record.getMessage())[
        :LONGEST
    ]


def masked(text: str) -> str:
    """A text without mail addresses, phone numbers, tokens of links, credentials."""
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """FIELDS of a record, from what was logged with it, from the SDK, and from the trace under way."""
    known = {
        **getattr(record, "temporal_workflow", {}),
        **getattr(record, "temporal_activity", {}),
        **ids_of(record),
        **_traced(),
        **record.__dict__,
    }
    workflow_id = str(known.get("workflow_id", ""))
    if workflow_id.startswith("delivery-"):
        known.setdefault("delivery_id", workflow_id.removeprefix("delivery-"))
    return {name: known[name] for name in FIELDS if known.get(name) is not None}


def _traced() -> Mapping[str, str]:
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(span.trace_id), "span_id": trace.format_span_id(span.span_id)}


def error_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """The error of a record: its type, those of its causes, its words if they quote nothing, and where it happened."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return None
    told: dict[str, Any] = {"type": " < ".join(type(one).__name__ for one in _chain(error))}
    if isinstance(error, QUOTES_NOTHING):
        told["message"] = masked(str(error))[:LONGEST]
    places = traceback.extract_tb(error.__traceback__)[-20:]
    return told | {"at": [f"{place.filename}:{place.lineno} {place.name}" for place in places]}


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(5):
        if found is None:
            return
        yield found
        found = found.__cause__
