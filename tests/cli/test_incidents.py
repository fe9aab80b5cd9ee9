"""Acknowledging, claiming and resolving: which incident is meant, and that it is done."""

import pytest
from temporalio.testing import WorkflowEnvironment

from cli import deliveries as of_deliveries
from cli import incidents as of_incidents
from cli.incidents import acknowledge_incident, claim_incident, incident_named, resolve_incident
from settings import Settings
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import an_event, stage
from workflows.client import Deliveries

OPEN = [
    {"incident_id": "D-1:1:late:1", "rule": "late"},
    {"incident_id": "D-1:1:late@gold:1", "rule": "late"},
    {"incident_id": "D-1:1:lost:1", "rule": "lost"},
]


@pytest.mark.parametrize("named", ["D-1:1:lost:1", "lost"])
def test_an_incident_is_named_by_its_id_or_by_its_rule(named: str) -> None:
    assert incident_named(OPEN, named) == "D-1:1:lost:1"


def test_an_incident_of_a_layer_goes_by_the_name_of_its_rule() -> None:
    assert incident_named(OPEN[1:], "late") == "D-1:1:late@gold:1"


def test_a_rule_with_several_open_incidents_is_not_enough() -> None:
    with pytest.raises(LookupError, match="2 incidents of late are open, say which by its id: D-1:1:late:1, D-1:1:late@gold:1"):
        incident_named(OPEN, "late")


def test_a_name_of_nothing_open_is_answered_with_what_is_open() -> None:
    with pytest.raises(LookupError, match="no open incident is, or is of a rule, nope; open are: D-1:1:lost:1"):
        incident_named(OPEN[2:], "nope")


@pytest.mark.temporal
async def test_an_incident_is_acknowledged_claimed_and_resolved_by_the_name_of_its_rule(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took an id, copied from elsewhere, inside a JSON text."""
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery = await on.start()
        await on.deliveries.report(delivery, [an_event("attempt_failed")])
        await on.until(delivery, lambda snapshot: bool(snapshot["open_incidents"]))

        async def same(_: Settings) -> Deliveries:
            return on.deliveries

        monkeypatch.setattr(of_incidents, "deliveries_of", same)
        monkeypatch.setattr(of_deliveries, "deliveries_of", same)

        ends = (
            await acknowledge_incident(delivery, "attempt", "Kim"),
            await claim_incident(delivery, "attempt", "Lee", "Kim"),
            await resolve_incident(delivery, "attempt", "handled", "called the customer", "Kim"),
        )

        (incident,) = (await on.snapshot(delivery))["incidents"]
    assert ends == (0, 0, 0)
    assert (incident["acknowledged"], incident["owner"], incident["resolution"]) == (True, "Lee", "handled")
