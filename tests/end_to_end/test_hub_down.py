"""`doorstep demo --scene hub-down`, as a person or a CI job runs it: a hub stands still, and many deliveries with it."""

import json
from collections.abc import Mapping

import pytest

from tests.end_to_end.test_demo import demo

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_a_hub_that_stands_still_is_one_disruption_with_one_ticket_and_one_message_to_each(
    site_environment: Mapping[str, str],
) -> None:
    code, out, err = await demo(site_environment, "--scene", "hub-down", "--once", "--format", "json")

    assert code == 0, err + out
    report = json.loads(out)
    assert report["problems"] == []
    assert [one["place"] for one in report["disruptions"]] == ["hub:HEL1", "zone:north-2"]
    assert max(one["history_events"] for one in report["disruptions"]) < 500
    assert [ticket["status"] for ticket in report["tickets"]] == ["solved", "solved"]
    assert report["messages"]["customers"] == 60
