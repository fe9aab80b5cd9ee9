"""Admitting deliveries: which life of an id begins, under which rulebook."""

import asyncio
from dataclasses import replace

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
    return AdmitRequest(replace(life("", generation=0, run_id=run_id), rulebook=rulebook), reopen)


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


async def test_a_run_that_was_terminated_before_its_first_copy_keeps_its_generation(database: Database, standard: str) -> None:
    """The next run got the same generation, and so took the effects that the first had done for its own."""
    admissions = Admissions(database)

    first = await admissions.admit(asked("run-1"))
    second = await admissions.admit(asked("run-2"))

    assert (first.generation, second.generation) == (1, 2)
    assert await admissions.admit(asked("run-1")) == first
    assert await admissions.admit(asked("run-2")) == second


async def test_runs_that_ask_at_the_same_time_get_generations_of_their_own(database: Database, standard: str) -> None:
    runs = [f"run-{number % 4}" for number in range(12)]

    answers = await asyncio.gather(*(Admissions(database).admit(asked(run)) for run in runs))

    generations = {run: answer.generation for run, answer in zip(runs, answers, strict=True)}
    assert sorted(generations.values()) == [1, 2, 3, 4]
    assert [generations[run] for run in runs] == [answer.generation for answer in answers]


async def test_a_run_that_asks_again_keeps_the_version_that_it_was_admitted_under(database: Database, standard: str) -> None:
    """It got the newest version when a rulebook was published in between."""
    admissions = Admissions(database)
    await admissions.admit(asked("run-1"))
    await Rulebooks(database).publish("standard", '{"name":"standard","rules":[]}', now=NOON)

    assert (await admissions.admit(asked("run-1"))).version == standard


async def test_a_run_whose_copy_has_a_later_version_gets_that_one(database: Database, standard: str) -> None:
    admissions = Admissions(database)
    await admissions.admit(asked("run-1"))
    await Deliveries(database).write(life("b" * 64))

    assert (await admissions.admit(asked("run-1"))).version == "b" * 64


async def test_an_id_that_has_ended_is_refused_as_such_also_under_a_rulebook_that_is_gone(
    database: Database, standard: str
) -> None:
    """It was refused for the rulebook, so that the order system went on correcting an order that was over."""
    await Deliveries(database).write(life(standard, finished_at=NOON))

    admission = await Admissions(database).admit(asked("run-2", rulebook="retired"))

    assert admission.admittance is Admittance.ALREADY_FINISHED
