"""A delivery that hears a lot stays small, and forgets nothing that counts."""

import random as chance
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.delivery import KEPT_EVENTS, KEPT_IDS, Delivery
from domain.event import Event
from domain.instant import MINUTE
from domain.status import Kind, Status
from tests.domain.test_delivery import START, a_delivery, status, told

PAYLOAD = 2 * 1024 * 1024

ROAD = (Status.AT_HUB, Status.IN_TRANSIT, Status.ON_HOLD)


def correction(event_id: str, of: str, minute: int) -> Event:
    at = START + minute * MINUTE
    return Event(event_id, Kind.CORRECTION, at, at, "ops", detail={"event_id": of, "reason": "did_not_occur"})


def many(first: int, count: int) -> list[Event]:
    return [status(f"s{number}", ROAD[number % 3], number) for number in range(first, first + count)]


def folded(delivery: Delivery) -> Delivery:
    """The delivery after so many more events that those of its first 100 minutes are in the base."""
    return told(delivery, *many(2, KEPT_EVENTS + 100))


def test_a_correction_dated_before_its_event_counts_for_ever() -> None:
    """It was folded into the base first and then forgotten: the withdrawn final status counted again."""
    delivery = told(a_delivery(), correction("c", "done", 1), *many(2, 200), status("done", Status.DELIVERED, 450))
    before = delivery.facts.final

    later = told(delivery, *many(451, 700))

    assert not before
    assert later.folded_to is not None
    assert not later.facts.final
    assert later.has_seen("done")
    assert later.after(status("done", Status.DELIVERED, 450)) is later


def test_a_correction_in_the_base_still_takes_out_an_event_that_comes_late() -> None:
    delivery = folded(told(a_delivery(), correction("c", "done", 1)))

    late = delivery.after(status("done", Status.DELIVERED, 1_000_000))

    assert not late.facts.final
    assert late.has_seen("done")


def test_a_correction_older_than_all_that_is_kept_still_counts() -> None:
    """It was dropped like any other event of that age, and the withdrawn status stayed."""
    delivery = told(a_delivery(), *many(1, 700), status("done", Status.DELIVERED, 2_000))

    corrected = delivery.after(correction("c", "done", 0))

    assert delivery.facts.final
    assert not corrected.facts.final
    assert corrected.after(correction("c", "done", 0)) is corrected


def test_a_correction_that_was_itself_withdrawn_takes_nothing_out_however_late_it_comes() -> None:
    void = correction("void", "c", 2_001)
    delivery = told(a_delivery(), *many(1, 700), status("done", Status.DELIVERED, 2_000), void)

    assert delivery.after(correction("c", "done", 0)).facts.final


def test_a_correction_of_what_is_in_the_base_changes_nothing() -> None:
    delivery = folded(a_delivery())

    assert delivery.after(correction("c", "s5", 1)).facts == delivery.facts


def numbered(choices: list[int]) -> list[Event]:
    """An event a minute, and final ones, each withdrawn by a correction that happened so many minutes later or earlier."""
    events = many(0, 150)
    for number, choice in enumerate(choices):
        place = (number + 1) * len(events) // (len(choices) + 1)
        final = status(f"final{number}", Status.DELIVERED, place)
        events += [final, correction(f"c{number}", final.event_id, place + choice)]
    return sorted(events, key=lambda event: event.order_key)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=6), st.integers(0, 1_000_000))
def test_far_more_events_than_are_kept_shuffled_and_doubled_give_the_same_facts(choices: list[int], seed: int) -> None:
    """Events come up to 15 places too late; every final status is withdrawn by a correction that happened somewhere near."""
    random = chance.Random(seed)
    events = numbered(choices)
    places = [(place + random.randrange(15), event) for place, event in enumerate(events)]
    doubled = places + [(place + random.randrange(15), event) for place, event in places if random.random() < 0.1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("domain.delivery.KEPT_EVENTS", 60)  # a late event folds all that is kept anew: 500 would take minutes
        patch.setattr("domain.delivery.FOLDED_AT_ONCE", 12)
        shuffled = told(a_delivery(), *(event for _, event in sorted(doubled, key=lambda placed: placed[0])))
        in_order = told(a_delivery(), *events)

    assert shuffled.facts == in_order.facts
    assert in_order.folded_to is not None
    assert not in_order.facts.final


def test_where_a_fact_came_from_is_the_same_in_whatever_order_events_came() -> None:
    """Refolding forgot the events behind the base, so that `why` named no event for what they had told."""
    proof = Event("proof", Kind.PROOF, START, START, "driver")
    delivery = folded(told(a_delivery(), proof))

    late = delivery.after(status("late", Status.AT_HUB, int((delivery.events[-1].occurred_at - START) / MINUTE) - 1))

    assert late.source_of("proof") == delivery.source_of("proof")
    assert late.source_of("proof") is not None


@pytest.mark.parametrize(
    ("event_id", "detail", "parcels"),
    [
        pytest.param("e{}", {"text": "x" * 3_500}, (), id="long details"),
        pytest.param("e{}", {"text": "\u4e2d" * 600}, (), id="details in another script"),
        pytest.param("e{}", {}, tuple(f"{'p' * 60}{n}" for n in range(200)), id="many parcels"),
        pytest.param("\U0001f4e6" * 190 + "{}", {}, (), id="long ids"),
    ],
)
def test_whatever_is_reported_the_state_fits_into_one_payload(
    event_id: str, detail: dict[str, str], parcels: tuple[str, ...]
) -> None:
    """Only events were counted, not what they carry: a chatty feed made a state that no payload could hold."""
    delivery = a_delivery()

    for number in range(1_500):
        event = status(event_id.format(number), ROAD[number % 3], number, parcels)
        delivery = delivery.after(replace(event, detail=detail))

    size = len(TypeAdapter(Delivery).dump_json(delivery))
    assert size < PAYLOAD // 2
    assert delivery.has_seen(event_id.format(1_499))


def test_one_event_that_is_larger_than_all_that_may_be_kept_is_kept_alone() -> None:
    huge = replace(status("huge", Status.IN_TRANSIT, 500), detail={"text": "x" * 1_000_000})

    delivery = told(a_delivery(), *many(0, 3), huge)

    assert [event.event_id for event in delivery.events] == ["huge"]
    assert delivery.after(status("next", Status.AT_HUB, 501)).facts.status is Status.AT_HUB


def test_ids_are_remembered_up_to_a_number() -> None:
    delivery = told(a_delivery(), *many(0, KEPT_IDS + 2 * KEPT_EVENTS))

    assert len(delivery.old_ids) == KEPT_IDS
    assert delivery.has_seen(f"s{2 * KEPT_EVENTS}")


async def test_a_folded_delivery_goes_through_continue_as_new_whole() -> None:
    delivery = told(a_delivery(), correction("c", "done", 1), *many(2, 700))

    [carried] = await pydantic_data_converter.decode(await pydantic_data_converter.encode([delivery]), [Delivery])

    assert carried == delivery
    assert carried.withdrawn_ids == ("done",)
