"""Durations: what is written reads back as the same number of milliseconds, and a unit is always asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instant import DAY, HOUR, MINUTE, SECOND, Span
from rules.durations import LONGEST, DurationError, span_of, text_of


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1h 30m", 90 * MINUTE),
        ("2 days", 2 * DAY),
        ("1 hour 5 minutes", 65 * MINUTE),
        ("2H", 2 * HOUR),
        ("0s", 0),
        ("250ms", 250),
    ],
)
def test_a_duration_is_whole_milliseconds(text: str, span: Span) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("5", "needs a unit", id="no unit"),
        pytest.param("1.5h", "is not a duration", id="a fraction"),
        pytest.param("-5m", "is not a duration", id="negative"),
        pytest.param("5 weeks", "is not a unit of time", id="unknown unit"),
        pytest.param("", "is not a duration", id="nothing"),
        pytest.param("٥m", "is not a duration", id="digits of another script"),
        pytest.param("400 days", "longer than a year", id="too long"),
        pytest.param("9" * 5_000 + "s", "longer than a year", id="far too long"),
    ],
)
def test_what_is_no_duration_is_refused_with_its_reason(text: str, complaint: str) -> None:
    with pytest.raises(DurationError, match=complaint):
        span_of(text)


@given(st.integers(min_value=0, max_value=LONGEST))
def test_a_span_reads_back_as_itself(span: Span) -> None:
    assert span_of(text_of(span)) == span
