"""What people read of a delivery is in the recipient's time; the zone and its offset are said once."""

from typing import Any

import pytest

from cli.snapshot import show
from rules.local_time import LocalClock

ANSWER = {"as_of": "2026-11-23T09:05:00Z", "timezone": "Europe/Helsinki"}


def test_the_head_says_whose_time_it_is_and_how_far_it_is_from_utc() -> None:
    assert LocalClock.of(ANSWER).head == "as of 2026-11-23 11:05:00, times are of Europe/Helsinki (UTC+02:00)"


@pytest.mark.parametrize(
    ("told", "local"),
    [
        pytest.param("opens at 2026-11-23T09:10:00Z if nothing changes", "opens at 11:10:00 if nothing changes", id="same day"),
        pytest.param("until 2026-11-23T22:30:00Z", "until 2026-11-24 00:30:00", id="next day there, not in UTC"),
        pytest.param("from 2026-11-23T09:00:00.250Z", "from 11:00:00.250", id="milliseconds"),
        pytest.param("until 2027-06-01T09:00:00Z", "until 2027-06-01 12:00:00 (UTC+03:00)", id="summer time"),
        pytest.param("quiet hours until 10:00", "quiet hours until 10:00", id="a clock time is left as it is"),
    ],
)
def test_every_instant_in_a_text_is_told_in_local_time(told: str, local: str) -> None:
    assert LocalClock.of(ANSWER).told(told) == local


def test_an_answer_without_a_known_zone_is_told_in_utc() -> None:
    head = LocalClock.of({"as_of": "2026-11-23T09:05:00Z"}).head

    assert head == "as of 2026-11-23 09:05:00, times are of UTC (UTC+00:00)"


def test_what_is_shown_of_a_delivery_is_in_the_recipients_time(capsys: pytest.CaptureFixture[str]) -> None:
    """`show` and `why` told UTC while `forecast` told the recipient's time."""
    show(SNAPSHOT)

    said = capsys.readouterr().out
    assert said.splitlines()[:2] == [
        "D-1001  out for delivery, late  (as of 2026-11-23 11:05:00, times are of Europe/Helsinki (UTC+02:00))",
        "  promised  10:00:00 to 11:00:00, expected unknown",
    ]
    assert "    D-1001:1:late:1, opened 11:00:00" in said
    assert "  muted     quiet until 2026-11-24 08:00:00, by Kim" in said
    assert "  next look 11:30:00: late escalates" in said
    assert "Z" not in said


SNAPSHOT: dict[str, Any] = ANSWER | {
    "delivery_id": "D-1001",
    "status": "out_for_delivery",
    "condition": "late",
    "promised": {"start": "2026-11-23T08:00:00Z", "end": "2026-11-23T09:00:00Z"},
    "eta": None,
    "assigned": {"carrier": "acme", "driver_id": None, "route_id": None},
    "attempts": 0,
    "incidents": [
        {
            "incident_id": "D-1001:1:late:1",
            "mode": "live",
            "severity": "high",
            "says": "Behind the promise",
            "opened_at": "2026-11-23T09:00:00Z",
            "resolved_at": None,
            "owner": None,
        }
    ],
    "actions": [],
    "proposals": [],
    "muted": [{"rule": "quiet", "until": "2026-11-24T06:00:00Z", "by": "Kim", "reason": ""}],
    "next_wake": {"at": "2026-11-23T09:30:00Z", "because": "late escalates"},
    "rejected": {"count": 0, "last": []},
}
