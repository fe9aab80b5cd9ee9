"""Windows as people say them, and the same window later."""

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from domain.instant import DAY, Instant, instant
from domain.order import Window
from domain.windows import later_windows, window_words

ZONE = "Europe/Helsinki"


def at(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


@pytest.mark.parametrize(
    ("language", "start", "said"),
    [
        pytest.param("en", "2026-11-24T14:00", "Tue 24 Nov 14:00-16:00", id="English"),
        pytest.param("fi", "2026-11-24T14:00", "ti 24.11. 14:00-16:00", id="Finnish"),
        pytest.param("de-AT", None, "Di 24.11. bis 16:00", id="German, without a start"),
        pytest.param(
            "sv", "2026-11-23T22:00", "Mon 23 Nov 22:00 - Tue 24 Nov 16:00", id="over midnight, a language that we lack"
        ),
    ],
)
def test_a_window_is_said_where_it_is(language: str, start: str | None, said: str) -> None:
    window = Window(at(start) if start else None, at("2026-11-24T16:00"))

    assert window_words(window, ZONE, language) == said


def test_the_same_window_later_is_by_the_clock_also_when_clocks_change() -> None:
    window = Window(at("2026-10-24T14:00"), at("2026-10-24T16:00"))

    first, second = islice(later_windows(window, ZONE, at("2026-10-24T09:00")), 2)

    assert (first.start, first.end) == (at("2026-10-25T14:00"), at("2026-10-25T16:00"))
    assert second.end == at("2026-10-26T16:00")
    assert first.end - window.end == DAY + DAY // 24


def test_after_a_promise_of_long_ago_the_first_later_day_is_tomorrow() -> None:
    window = Window(None, at("2026-11-01T16:00"))

    assert next(later_windows(window, ZONE, at("2026-11-24T09:00"))).end == at("2026-11-25T16:00")
