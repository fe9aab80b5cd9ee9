"""Which delivery a carrier's payload is about."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.bearers import bearers
from domain.copy import DeliveryCopy
from domain.instant import HOUR, Instant
from domain.status import Condition, Status
from integrations.carriers.tracked import TrackedEvents
from store.database import Database
from store.deliveries import Deliveries
from store.migrate import migrate

NOON: Instant = 1_795_521_600_000


@pytest.fixture
async def copies(tmp_path: Path) -> AsyncIterator[Deliveries]:
    url = f"sqlite:///{tmp_path / 'doorstep.db'}"
    await migrate(url)
    database = Database(url)
    yield Deliveries(database)
    await database.close()


def a_copy(delivery_id: str, carrier: str) -> DeliveryCopy:
    return DeliveryCopy(
        delivery_id=delivery_id,
        generation=1,
        run_id="run-1",
        revision=1,
        status=Status.CREATED,
        condition=Condition.ON_TIME,
        carrier=carrier,
        promised_start=None,
        promised_end=NOON + HOUR,
        first_promised_end=NOON + HOUR,
        eta=None,
        attempts=0,
        rulebook="standard",
        rulebook_version="a" * 64,
        order={"carrier": carrier, "tracking_numbers": ["1Z999"]},
        started_at=NOON,
        tracking_numbers=("1Z999",),
    )


def told(carrier: str | None, number: str = "1Z999") -> TrackedEvents:
    return TrackedEvents(number, "easypost", carrier, ())


async def test_two_carriers_with_one_number_are_not_mixed(copies: Deliveries) -> None:
    """The events of one carrier's parcel were reported to the deliveries of both."""
    await copies.write(a_copy("D-ups", "ups"))
    await copies.write(a_copy("D-dpd", "dpd"))

    assert await bearers(copies, told("UPS")) == ("D-ups",)
    assert await bearers(copies, told("DPD")) == ("D-dpd",)


async def test_a_carrier_that_the_order_names_otherwise_is_found_by_the_number_alone(copies: Deliveries) -> None:
    await copies.write(a_copy("D-ups", "ups"))

    assert await bearers(copies, told("UPSDAP")) == ("D-ups",)
    assert await bearers(copies, told(None)) == ("D-ups",)


async def test_several_deliveries_of_which_none_is_that_carriers_are_listed(
    copies: Deliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    await copies.write(a_copy("D-1", "acme"))
    await copies.write(a_copy("D-2", "dpd"))

    found = await bearers(copies, told("FedEx"))

    assert found == ()
    said = capsys.readouterr().err
    assert "2 deliveries have the tracking number 1Z999, none of them at carrier FedEx" in said
    assert "D-1" in said
    assert "D-2" in said
    assert "give --delivery ID" in said


async def test_a_number_that_nobody_has_is_said(copies: Deliveries, capsys: pytest.CaptureFixture[str]) -> None:
    assert await bearers(copies, told("UPS", "1Z000")) == ()

    assert "no delivery has the tracking number 1Z000" in capsys.readouterr().err
