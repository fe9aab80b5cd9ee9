"""Lines of the log: what they tell, and what they never tell."""

import json
import logging
import sys
from typing import Any

import pytest

from cli.logs import JsonLines, Lines, masked
from settings import SettingsError, read_settings
from store.errors import DatabaseUnreachableError


def a_record(said: str, *args: object, error: BaseException | None = None, **more: Any) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("doorstep.doors", logging.WARNING, __file__, 1, said, args, info)
    record.__dict__.update(more)
    return record


def raised(error: Exception) -> Exception:
    """The error with a place where it happened."""
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_line_of_json_tells_what_when_where_and_about_what() -> None:
    workflow = {"workflow_id": "delivery-D-1", "run_id": "r", "attempt": 1, "namespace": "default"}

    line = json.loads(
        JsonLines().format(a_record("%s refused", "signal", door="signal", temporal_workflow=workflow, unknown="x"))
    )

    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "doorstep.doors",
        "message": "signal refused",
        "delivery_id": "D-1",
        "door": "signal",
        "workflow_id": "delivery-D-1",
        "run_id": "r",
        "attempt": 1,
    }


def test_a_line_for_people_tells_the_same() -> None:
    line = Lines().format(a_record("refused", door="signal", status=401))

    assert line.endswith(" WARNING doorstep.doors: refused (door=signal status=401)")


@pytest.mark.parametrize("formatter", [JsonLines(), Lines()], ids=["json", "text"])
def test_of_an_error_its_type_and_place_are_told_but_not_its_words(formatter: logging.Formatter) -> None:
    line = formatter.format(a_record("failed", error=raised(ValueError("Aino lives in Mannerheimintie 1"))))

    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "Aino" not in line


def test_words_of_errors_that_quote_nothing_are_told() -> None:
    line = json.loads(
        JsonLines().format(a_record("failed", error=raised(DatabaseUnreachableError("sqlite:///x does not answer"))))
    )

    assert line["error"]["message"] == "sqlite:///x does not answer"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        pytest.param("to aino@example.test now", "to <address> now", id="mail address"),
        pytest.param("to +358 40 1234567.", "to <number>.", id="phone number"),
        pytest.param("GET /track/eyJ0.abc-1 200", "GET /track/<token> 200", id="link"),
        pytest.param("GET /acknowledge/eyJ0.abc-1 200", "GET /acknowledge/<token> 200", id="link of an incident"),
        pytest.param("POST /codec/s3cr+t%2F.x/decode 200", "POST /codec/<token>/decode 200", id="token of the codec server"),
        pytest.param("POST /codec/decode 401", "POST /codec/decode 401", id="codec server, token elsewhere"),
        pytest.param("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer <secret>", id="key"),
        pytest.param("D-1001:1:late:1 at 1795413600000", "D-1001:1:late:1 at 1795413600000", id="ids and instants stay"),
    ],
)
def test_what_a_library_quotes_is_masked(said: str, left: str) -> None:
    assert masked(said) == left


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("DOORSTEP_LOG", "xml", "DOORSTEP_LOG is 'xml'; allowed are text, json"),
        ("DOORSTEP_LOG_LEVEL", "loud", "DOORSTEP_LOG_LEVEL is 'loud'; allowed are debug, info, warning, error"),
        ("DOORSTEP_METRICS_BIND", "9464", "DOORSTEP_METRICS_BIND is '9464'; give address:port, for example 127.0.0.1:9464"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector'; give an address"),
    ],
)
def test_a_setting_that_cannot_be_used_says_what_is_allowed(name: str, value: str, wrong: str) -> None:
    settings = read_settings({name: value})

    with pytest.raises(SettingsError, match=wrong):
        _ = (settings.logs_json, settings.log_level, settings.metrics_bind, settings.traces_to)


def test_errors_are_logged_with_those_that_caused_them() -> None:
    try:
        raise RuntimeError("outer") from raised(KeyError("inner"))
    except RuntimeError:
        record = a_record("failed")
        record.exc_info = sys.exc_info()

    assert json.loads(JsonLines().format(record))["error"]["type"] == "RuntimeError < KeyError"
