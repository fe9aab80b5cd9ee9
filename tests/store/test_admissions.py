"""Admitting deliveries: which life of an id begins, under which rulebook."""

import pytest

from domain.copy import Admission, AdmitRequest, Admittance, DeliveryCopy
from domain.instant import Instant
from domain.status import Condition, Status
from store.admissions import Admissions
from store.database import Database
from store.deliveries import Deliveries
from store.rulebooks import Rulebooks

NOON: Instant = 1_795_521_600_000


@pytest.fixture
async def standard(database: Database) -> str:
    """The current version of the rulebook `standard`."""
    return await Rulebooks(database).publish("standard", '{"name":"standard"}', now=NOON)


def asked(run_id: str = "run-1", *, rulebook: str = "standard", reopen: bool = False) -> AdmitRequest:
    return AdmitRequest("D-1", run_id, rulebook, reopen)


def life(version: str, *, generation: int = 1, run_id: str = "run-1", finished_at: Instant | None = None) -> DeliveryCopy:
    return DeliveryCopy(
        delivery_id="D-1",
        generation=generation,
        run_id=run_id,
        revision=1,
        status=Status.CREATED,
        condition=Condition.ON_TIME,
        carrier="acme",
        promised_start=None,
        promised_end=NOON,
        first_promised_end=NOON,
        eta=None,
        attempts=0,
        rulebook="standard",
        rulebook_version=version,
        order={},
        started_at=NOON,
        finished_at=finished_at,
    )


async def test_a_new_id_begins_its_first_life_under_the_current_version(database: Database, standard: str) -> None:
    admission = await Admissions(database).admit(asked())

    assert admission == Admission(Admittance.ADMITTED, 1, standard)


async def test_a_rulebook_that_is_not_published_is_refused_with_those_that_are(database: Database, standard: str) -> None:
    admission = await Admissions(database).admit(asked(rulebook="express"))

    assert admission == Admission(Admittance.UNKNOWN_RULEBOOK, known=("standard",))


async def test_the_run_that_was_admitted_may_ask_again(database: Database, standard: str) -> None:
    await Deliveries(database).write(life(standard))

    assert await Admissions(database).admit(asked()) == Admission(Admittance.ADMITTED, 1, standard)


async def test_an_id_that_has_ended_is_refused(database: Database, standard: str) -> None:
    await Deliveries(database).write(life(standard, finished_at=NOON))

    admission = await Admissions(database).admit(asked("run-2"))

    assert admission.admittance is Admittance.ALREADY_FINISHED


async def test_an_id_that_has_ended_is_reopened_as_its_next_life(database: Database, standard: str) -> None:
    await Deliveries(database).write(life(standard, finished_at=NOON))
    await Deliveries(database).write(life(standard, generation=2, run_id="run-2", finished_at=NOON))

    assert await Admissions(database).admit(asked("run-3", reopen=True)) == Admission(Admittance.ADMITTED, 3, standard)


async def test_an_id_whose_workflow_was_terminated_begins_its_next_life(database: Database, standard: str) -> None:
    await Deliveries(database).write(life(standard))

    assert await Admissions(database).admit(asked("run-2")) == Admission(Admittance.ADMITTED, 2, standard)
