"""`doorstep demo --scene fallback`, as a person or a CI job runs it: a van breaks down, and others are asked."""

import json
from collections.abc import Mapping

import pytest

from tests.end_to_end.test_demo import demo

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(240)]


async def test_who_is_asked_answers_and_each_parcel_ends_where_it_should(site_environment: Mapping[str, str]) -> None:
    code, out, err = await demo(site_environment, "--scene", "fallback", "--once", "--format", "json")

    assert code == 0, err + out
    report = json.loads(out)
    assert report["problems"] == []
    assert [offer["state"] for offer in report["offers"]["F-1001"]] == ["declined", "unanswered", "accepted"]
    assert report["offers"]["F-1002"][-1]["candidate"] == "carrier:zipvan"
    assert report["outcomes"]["F-1003"]["outcome"] == "declined"
    assert [ticket["delivery_id"] for ticket in report["tickets"]] == ["F-1003"]
    assert report["plans"]["R1"] == {"version": 3, "stops": ["F-1003"]}
