"""The copy of deliveries: never older than what it was, and found by what people know."""

from dataclasses import replace
from typing import Any

import pytest

from domain.actions import Outcome
from domain.copy import DeliveryCopy
from domain.incident import Act, Incident, Mode, Resolution, Severity
from domain.instant import HOUR, Instant
from domain.status import Condition, Status
from store.database import Database
from store.deliveries import Deliveries
from store.ledger import Ledger
from store.words import EffectState

NOON: Instant = 1_795_521_600_000
ORDER: dict[str, Any] = {"delivery_id": "D-1", "carrier": "acme", "tracking_numbers": ["1Z999"], "customer": {"name": "Aino"}}

D1 = DeliveryCopy(
    delivery_id="D-1",
    generation=1,
    run_id="run-1",
    revision=1,
    status=Status.CREATED,
    condition=Condition.ON_TIME,
    carrier="acme",
    promised_start=NOON + 2 * HOUR,
    promised_end=NOON + 4 * HOUR,
    first_promised_end=NOON + 4 * HOUR,
    eta=None,
    attempts=0,
    rulebook="standard",
    rulebook_version="a" * 64,
    order=ORDER,
    started_at=NOON,
    tracking_numbers=("1Z999",),
)

LATE = Incident(
    incident_id="D-1:1:late:1",
    rule="late",
    episode=1,
    severity=Severity.HIGH,
    mode=Mode.LIVE,
    opened_at=NOON + 4 * HOUR,
    says="Not delivered by the promised time",
    book="a" * 64,
)


@pytest.fixture
def deliveries(database: Database) -> Deliveries:
    return Deliveries(database)


def another(delivery_id: str, **changes: Any) -> DeliveryCopy:
    return replace(D1, delivery_id=delivery_id, order={**ORDER, "delivery_id": delivery_id}, **changes)


async def test_a_copy_comes_back_as_it_was_written(deliveries: Deliveries) -> None:
    full = replace(D1, driver_id="V7", route_id="R12", eta=NOON, open_incidents=("late",), outcome={"first_promise": "late"})

    await deliveries.write(full)

    assert await deliveries.latest("D-1") == full


async def test_an_older_write_never_replaces_a_newer_one(deliveries: Deliveries) -> None:
    newer = replace(D1, revision=5, status=Status.OUT_FOR_DELIVERY)
    await deliveries.write(replace(newer, incidents=(LATE,)))

    await deliveries.write(replace(D1, revision=4, incidents=(replace(LATE, owner="somebody"),)))

    assert await deliveries.latest("D-1") == newer
    assert [copy.incident for copy in await deliveries.incidents_of("D-1")] == [LATE]


async def test_the_same_write_twice_is_one_write(deliveries: Deliveries) -> None:
    await deliveries.write(replace(D1, incidents=(LATE,)))

    await deliveries.write(replace(D1, incidents=(LATE,)))

    assert len(await deliveries.open()) == 1
    assert len(await deliveries.incidents_of("D-1")) == 1


async def test_a_second_life_stands_beside_the_first(deliveries: Deliveries) -> None:
    first = replace(D1, revision=9, status=Status.DELIVERED, finished_at=NOON + HOUR)
    second = replace(D1, generation=2, started_at=NOON + 2 * HOUR)
    await deliveries.write(first)
    await deliveries.write(second)

    assert await deliveries.latest("D-1") == second
    assert await deliveries.generation("D-1", 1) == first
    assert await deliveries.generation("D-1", 3) is None


async def test_an_id_that_was_never_seen_has_no_copy(deliveries: Deliveries) -> None:
    assert await deliveries.latest("D-404") is None


async def test_open_deliveries_come_with_the_earliest_promise_first(deliveries: Deliveries) -> None:
    await deliveries.write(another("D-3", promised_end=NOON + 3 * HOUR))
    await deliveries.write(another("D-2", promised_end=NOON + 2 * HOUR))
    await deliveries.write(another("D-1", promised_end=NOON + HOUR, finished_at=NOON))

    assert [copy.delivery_id for copy in await deliveries.open()] == ["D-2", "D-3"]
    assert [copy.delivery_id for copy in await deliveries.open(limit=1, offset=1)] == ["D-3"]


async def test_a_tracking_number_finds_the_delivery_of_its_source_only(deliveries: Deliveries) -> None:
    await deliveries.write(D1)

    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-1",)
    assert await deliveries.with_tracking_number("1Z999", "zipvan") == ()


async def test_the_number_of_who_took_it_over_finds_it_beside_the_old_one(deliveries: Deliveries) -> None:
    await deliveries.write(D1)

    await deliveries.write(replace(D1, revision=2, more_numbers=(("zipvan", "ZV-7"),)))

    assert await deliveries.with_tracking_number("ZV-7", "zipvan") == ("D-1",)
    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-1",)


async def test_a_tracking_number_used_again_finds_the_open_delivery(deliveries: Deliveries) -> None:
    await deliveries.write(another("D-old", started_at=NOON + HOUR, finished_at=NOON + 2 * HOUR))
    await deliveries.write(another("D-new"))

    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-new",)


async def test_a_tracking_number_of_ended_deliveries_finds_the_last_one(deliveries: Deliveries) -> None:
    await deliveries.write(another("D-old", finished_at=NOON))
    await deliveries.write(another("D-last", started_at=NOON + HOUR, finished_at=NOON + HOUR))

    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-last",)


async def test_a_delivery_with_two_lives_is_found_once(deliveries: Deliveries) -> None:
    await deliveries.write(replace(D1, finished_at=NOON))
    await deliveries.write(replace(D1, generation=2, started_at=NOON + HOUR))

    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-1",)


async def test_a_number_stays_that_of_the_carrier_that_gave_it_when_another_one_takes_over(deliveries: Deliveries) -> None:
    await deliveries.write(D1)
    await deliveries.write(replace(D1, revision=2, carrier="zipvan"))

    assert await deliveries.with_tracking_number("1Z999", "acme") == ("D-1",)
    assert await deliveries.with_tracking_number("1Z999", "zipvan") == ()


async def test_a_number_whose_source_nobody_knows_is_looked_for_everywhere(deliveries: Deliveries) -> None:
    await deliveries.write(D1)

    assert await deliveries.with_tracking_number("1Z999") == ("D-1",)
    assert await deliveries.with_tracking_number("1Z998") == ()


async def test_what_a_terminated_workflow_left_open_ends_with_the_next_life(deliveries: Deliveries) -> None:
    await deliveries.write(replace(D1, open_incidents=("late",), incidents=(LATE,)))
    await deliveries.write(replace(D1, generation=2, run_id="run-2", started_at=NOON + 9 * HOUR))

    abandoned = await deliveries.generation("D-1", 1)
    (incident,) = await deliveries.incidents_of("D-1")

    assert abandoned is not None
    assert (abandoned.finished_at, abandoned.open_incidents) == (NOON + 9 * HOUR, ())
    assert (incident.incident.resolution, incident.incident.resolved_at) == (Resolution.SUPERSEDED, NOON + 9 * HOUR)
    assert [copy.generation for copy in await deliveries.open()] == [2]


async def test_an_incident_is_one_row_from_opening_to_resolution(deliveries: Deliveries) -> None:
    resolved = replace(LATE, acknowledged_by="ops", owner="ops").resolved(Resolution.CURED, NOON + 5 * HOUR, "arrived after all")
    await deliveries.write(replace(D1, incidents=(LATE,)))
    await deliveries.write(replace(D1, revision=2, incidents=(resolved,)))

    (copy,) = await deliveries.incidents_of("D-1")

    assert (copy.delivery_id, copy.generation, copy.incident) == ("D-1", 1, resolved)


async def test_recent_incidents_come_with_the_last_opened_first(deliveries: Deliveries) -> None:
    dwell = replace(LATE, incident_id="D-1:1:dwell:1", rule="dwell", opened_at=LATE.opened_at + 1)
    await deliveries.write(replace(D1, incidents=(LATE, dwell)))

    assert [copy.incident.rule for copy in await deliveries.recent_incidents()] == ["dwell", "late"]
    assert [copy.incident.rule for copy in await deliveries.recent_incidents(limit=1)] == ["dwell"]


async def test_the_status_page_counts_open_deliveries_and_live_incidents(deliveries: Deliveries) -> None:
    shadow = replace(LATE, incident_id="D-1:1:quiet:1", mode=Mode.SHADOW)
    resolved = replace(LATE, incident_id="D-1:1:old:1").resolved(Resolution.CURED, NOON)
    await deliveries.write(replace(D1, condition=Condition.LATE, incidents=(LATE, shadow, resolved)))
    await deliveries.write(another("D-2"))
    await deliveries.write(another("D-3", status=Status.DELIVERED, finished_at=NOON))

    counts = await deliveries.counts()

    assert (counts.open, counts.finished, counts.open_incidents) == (2, 1, 1)
    assert counts.by_status == {Status.CREATED: 2}
    assert counts.by_condition == {Condition.LATE: 1, Condition.ON_TIME: 1}


async def test_an_empty_store_counts_nothing(deliveries: Deliveries) -> None:
    counts = await deliveries.counts()

    assert (counts.open, counts.finished, counts.open_incidents) == (0, 0, 0)


async def test_what_was_done_for_a_delivery_is_read_from_the_ledger(database: Database, deliveries: Deliveries) -> None:
    ledger = Ledger(database)
    await ledger.claim("k1", action="notify", delivery_id="D-1", incident_id=LATE.incident_id, deadline=NOON + 60, now=NOON)
    await ledger.claim(
        "k2", action="open_ticket", delivery_id="D-1", incident_id=LATE.incident_id, deadline=NOON + 60, now=NOON + 1
    )
    await ledger.close("k1", 1, Outcome.DONE, now=NOON + 2, provider_ref="<m1>")

    sent, ticket = await deliveries.effects_of("D-1")

    assert (sent.action, sent.state, sent.outcome, sent.provider_ref) == ("notify", EffectState.CLOSED, Outcome.DONE, "<m1>")
    assert (ticket.action, ticket.state, ticket.outcome) == ("open_ticket", EffectState.CLAIMED, None)
    assert [effect.key for effect in await deliveries.effects(limit=1)] == ["k2"]


async def test_an_order_with_values_that_no_database_takes_is_kept_all_the_same(deliveries: Deliveries) -> None:
    hostile = {**ORDER, "customer": {"name": "\0 \ud800"}, "weight": float("nan"), "tracking_numbers": ["1Z\0"]}

    await deliveries.write(replace(D1, order=hostile, tracking_numbers=("1Z\0",), driver_id="V\0"))

    kept = await deliveries.latest("D-1")
    assert kept is not None
    assert (kept.order["weight"], kept.order["customer"]["name"]) == (None, "\0 \ud800")
    assert await deliveries.with_tracking_number("1Z\0", "acme") == ("D-1",)


async def test_a_number_that_was_corrected_no_longer_finds_the_delivery(deliveries: Deliveries) -> None:
    """Numbers were only ever added: after an amendment the wrong one went on routing events here."""
    await deliveries.write(D1)

    corrected = {**ORDER, "tracking_numbers": ["1Z777"]}
    await deliveries.write(replace(D1, revision=2, order=corrected, tracking_numbers=("1Z777",), amended=True))

    assert await deliveries.with_tracking_number("1Z999") == ()
    assert await deliveries.with_tracking_number("1Z777") == ("D-1",)


async def test_a_carrier_is_found_however_its_name_is_spelt(deliveries: Deliveries) -> None:
    await deliveries.write(D1)

    assert await deliveries.with_tracking_number("1Z999", "ACME") == ("D-1",)


async def test_what_a_delivery_gave_up_is_not_left_open_in_the_ledger(deliveries: Deliveries, database: Database) -> None:
    """A call in doubt whose incident was over by then stayed claimed for ever."""
    ledger, key = Ledger(database), "D-1/1/late/1/do.0/0"
    about = {"action": "notify.email", "delivery_id": "D-1", "incident_id": LATE.incident_id}
    for channel in ("email", "sms"):
        await ledger.claim(f"{key}/{channel}", **about, deadline=NOON + HOUR, now=NOON)
    await ledger.close(f"{key}/email", 1, Outcome.DONE, now=NOON)
    other = await ledger.claim("D-1/1/late/10/do.0/0/sms", **about, deadline=NOON + HOUR, now=NOON)
    note = "given up: the incident had ended before it could be done"
    given_up = replace(LATE, acts={"do.0": Act("notify", NOON, Outcome.NO_HELP, NOON + HOUR, note)})

    await deliveries.write(replace(D1, incidents=(given_up,), finished_at=NOON + 2 * HOUR))

    effects = {effect.key.rpartition("/")[2]: effect for effect in await deliveries.effects_of("D-1") if "/1/do" in effect.key}
    assert {name: (one.state, one.outcome) for name, one in effects.items()} == {
        "email": (EffectState.CLOSED, Outcome.DONE),
        "sms": (EffectState.CLOSED, Outcome.NO_HELP),
    }
    assert effects["sms"].note == note
    assert (await ledger.claim(other.key, **about, deadline=NOON + HOUR, now=NOON)).standing == "in_flight"

    await ledger.close(f"{key}/sms", 1, Outcome.DONE, now=NOON + 2 * HOUR)  # by a try that was still under way

    assert {effect.outcome for effect in await deliveries.effects_of("D-1") if "/1/do" in effect.key} == {Outcome.DONE}
