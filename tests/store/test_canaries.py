"""Canaries: which deliveries get them, and how one begins, is widened, promoted and ended."""

from dataclasses import replace

import pytest

from domain.copy import AdmitRequest
from domain.incident import Incident, Mode, Severity
from domain.lot import lot
from store.admissions import Admissions
from store.canaries import Canaries, RuleTally, VersionTally
from store.database import Database
from store.deliveries import Deliveries
from store.errors import CanaryStandsError, NoCanaryError, UnknownRulebookError
from store.rulebooks import Canary, Rulebooks
from tests.store.test_rulebooks import NOON, delivery

OLD, NEW, OTHER = '{"name":"standard"}', '{"name":"standard","rules":[]}', '{"name":"standard","rules":[1]}'
IDS = [f"D-{number}" for number in range(60)]


@pytest.fixture
async def old(database: Database) -> str:
    """The current version of `standard`."""
    return await Rulebooks(database).publish("standard", OLD, now=NOON)


async def admitted(database: Database, delivery_id: str, run_id: str = "run-1", *, reopen: bool = False) -> str:
    draft = replace(delivery(delivery_id, ""), run_id=run_id)
    return (await Admissions(database).admit(AdmitRequest(draft, reopen))).version


async def test_new_deliveries_get_the_canary_by_lot_while_it_stands(database: Database, old: str) -> None:
    canaries = Canaries(database)
    new = await canaries.stand("standard", NEW, 30, now=NOON + 1)

    begun = {one: await admitted(database, one) for one in IDS[:30]}
    before = await canaries.widen("standard", 60)
    widened = {one: await admitted(database, one) for one in IDS[30:]}

    assert before == Canary(new, 30, NOON + 1)
    assert await canaries.of("standard") == Canary(new, 60, NOON + 1)
    assert begun == {one: new if lot(one) < 30 else old for one in IDS[:30]}
    assert widened == {one: new if lot(one) < 60 else old for one in IDS[30:]}
    assert {old, new} <= await Rulebooks(database).in_use()


async def test_the_next_life_of_a_delivery_falls_the_same_way(database: Database, old: str) -> None:
    new = await Canaries(database).stand("standard", NEW, 30, now=NOON)
    ids = [next(one for one in IDS if lot(one) < 30), next(one for one in IDS if lot(one) >= 30)]

    first = [await admitted(database, one) for one in ids]
    again = [await admitted(database, one, "run-2") for one in ids]

    assert first == again == [new, old]


async def test_a_promoted_canary_is_current_and_the_way_back_leads_to_what_was_current_before(
    database: Database, old: str
) -> None:
    shelf, canaries = Rulebooks(database), Canaries(database)
    new = await canaries.stand("standard", NEW, 30, now=NOON + 1)

    promoted = await canaries.promote("standard", now=NOON + 2)

    assert promoted.version == await shelf.current("standard") == new
    assert await canaries.of("standard") is None
    assert {await admitted(database, one) for one in IDS[:10]} == {new}
    assert await shelf.versions("standard") == (old, new)
    assert await shelf.back("standard", now=NOON + 3) == old


async def test_after_a_canary_has_ended_all_new_deliveries_get_the_current_version(database: Database, old: str) -> None:
    canaries = Canaries(database)
    new = await canaries.stand("standard", NEW, 99, now=NOON + 1)

    ended = await canaries.end("standard")

    assert ended.version == new
    assert {await admitted(database, one) for one in IDS[:10]} == {old}
    with pytest.raises(NoCanaryError, match="rulebook 'standard' has no canary"):
        await canaries.end("standard")


async def test_what_was_only_a_canary_is_not_gone_back_to(database: Database, old: str) -> None:
    shelf, canaries = Rulebooks(database), Canaries(database)
    await canaries.stand("standard", NEW, 30, now=NOON + 5)
    await canaries.end("standard")

    with pytest.raises(UnknownRulebookError, match="no version of rulebook 'standard' was published before"):
        await shelf.back("standard", now=NOON + 6)

    other = await shelf.publish("standard", OTHER, now=NOON + 7)
    assert await shelf.back("standard", now=NOON + 8) == old
    assert await shelf.back("standard", now=NOON + 9) == other


async def test_beside_a_canary_no_third_version_becomes_current_or_a_canary(database: Database, old: str) -> None:
    shelf, canaries = Rulebooks(database), Canaries(database)
    await shelf.publish("standard", OTHER, now=NOON + 1)
    new = await canaries.stand("standard", NEW, 30, now=NOON + 2)

    with pytest.raises(
        CanaryStandsError, match=rf"has a canary, {new[:12]}; first end it \(`doorstep rules canary standard --end`"
    ):
        await shelf.publish("standard", OLD, now=NOON + 3)
    with pytest.raises(CanaryStandsError, match="or make it current"):
        await shelf.back("standard", now=NOON + 3)
    with pytest.raises(CanaryStandsError, match="has a canary"):
        await canaries.stand("standard", OLD, 30, now=NOON + 3)
    await shelf.publish("standard", OTHER, now=NOON + 3)
    assert await canaries.stand("standard", NEW, 40, now=NOON + 3) == new
    assert await canaries.of("standard") == Canary(new, 40, NOON + 2)


async def test_a_canary_needs_a_current_version_other_than_itself(database: Database, old: str) -> None:
    canaries = Canaries(database)

    with pytest.raises(UnknownRulebookError, match="no rulebook 'express' is published"):
        await canaries.stand("express", NEW, 30, now=NOON)
    with pytest.raises(UnknownRulebookError, match="published are: standard"):
        await canaries.of("express")
    with pytest.raises(NoCanaryError, match="is the current version of 'standard': there is nothing to try"):
        await canaries.stand("standard", OLD, 30, now=NOON)


async def test_deliveries_and_incidents_of_a_version_are_counted_since_the_canary_stands(database: Database, old: str) -> None:
    deliveries, canaries = Deliveries(database), Canaries(database)
    await deliveries.write(
        replace(delivery("D-0", old, finished_at=NOON), started_at=NOON - 1, incidents=(incident("D-0", old),))
    )
    await deliveries.write(replace(delivery("D-1", old), incidents=(incident("D-1", old),)))
    resolved = replace(incident("D-2", old), resolved_at=NOON)
    await deliveries.write(replace(delivery("D-2", old, finished_at=NOON), incidents=(resolved,)))

    tally = await canaries.tally(old, NOON)

    assert tally == VersionTally(2, 1, {"late": RuleTally(2, 1)})
    assert await canaries.tally("b" * 64, NOON) == VersionTally(0, 0, {})


def incident(delivery_id: str, book: str) -> Incident:
    return Incident(
        incident_id=f"{delivery_id}/1/late/1", rule="late", episode=1, severity=Severity.HIGH, mode=Mode.LIVE, says="late",
        opened_at=NOON, book=book,
    )  # fmt: skip
