"""Groups in the store: who joins and leaves, the transaction that crosses the threshold, whom it leaves to be called."""

import asyncio

import pytest

from domain.guards import About, Question, joining, leading
from domain.instant import MINUTE
from store.database import Database
from store.disruptions import Disruptions
from store.groups import Groups

NOW = 1_795_413_600_000
VAN = Question(About.TOGETHER, "route:R7", "same-day/van", span=15 * MINUTE, at_least=3)
APART = Question(About.APART, "route:R7", "same-day/van", span=15 * MINUTE)


async def test_the_one_that_makes_it_enough_opens_a_disruption_and_leads_it(database: Database) -> None:
    groups = Groups(database)

    first = await groups.join(VAN, "D1", NOW)
    second = await groups.join(VAN, "D2", NOW + MINUTE)
    again = await groups.join(VAN, "D2", NOW + 2 * MINUTE)
    third = await groups.join(VAN, "D3", NOW + 3 * MINUTE)
    (disruption,) = await Disruptions(database).open_at(NOW + 4 * MINUTE)

    assert [answer.truth for answer in (first, second, again, third)] == [False, False, False, True]
    assert [answer.note for answer in (first, again, third)] == ["1 of 3 on route R7", "2 of 3 on route R7", "3 of 3 on route R7"]
    assert leading(third.of).delivery_id == "D3"
    assert (disruption.scope, disruption.key, disruption.kind) == ("route", "R7", "van")


async def test_only_those_that_joined_within_the_span_make_it_enough_but_all_keep_it_open(database: Database) -> None:
    groups = Groups(database)
    await groups.join(VAN, "D1", NOW)
    await groups.join(VAN, "D2", NOW + MINUTE)

    late = await groups.join(VAN, "D3", NOW + 15 * MINUTE + 1)
    enough = await groups.join(VAN, "D4", NOW + 16 * MINUTE)
    later = await groups.join(VAN, "D1", NOW + 60 * MINUTE)

    assert [answer.truth for answer in (late, enough, later)] == [False, True, True]
    assert later.of == enough.of


async def test_the_last_that_was_needed_closes_the_disruption_and_a_new_one_opens_later(database: Database) -> None:
    groups = Groups(database)
    opened = [await groups.join(VAN, name, NOW) for name in ("D1", "D2", "D3", "D4")][-1]

    await groups.leave(APART, "D1", NOW + MINUTE)
    still = await Disruptions(database).open_at(NOW + 2 * MINUTE)
    await groups.leave(APART, "D2", NOW + 3 * MINUTE)
    await groups.leave(APART, "D2", NOW + 3 * MINUTE)
    ended = await Disruptions(database).open_at(NOW + 4 * MINUTE)
    anew = await groups.join(VAN, "D5", NOW + 5 * MINUTE)

    assert (len(still), len(ended)) == (1, 0)
    assert anew.truth
    assert leading(anew.of).number != leading(opened.of).number
    assert joining(APART).key == VAN.key


async def test_when_the_leader_has_left_the_next_that_asks_leads(database: Database) -> None:
    groups = Groups(database)
    opened = [await groups.join(VAN, name, NOW) for name in ("D1", "D2", "D3", "D4")][-1]
    await groups.leave(APART, "D3", NOW + 1)

    asked = await groups.join(VAN, "D2", NOW + 2)

    assert leading(opened.of).delivery_id == "D3"
    assert leading(asked.of).delivery_id == "D2"
    assert leading(asked.of).number == leading(opened.of).number


async def test_its_members_are_read_page_by_page_and_its_disruption_is_to_be_told_when_it_opens_and_when_it_is_over(
    database: Database,
) -> None:
    groups, disruptions = Groups(database), Disruptions(database)
    for name in ("D1", "D2"):
        await groups.join(VAN, name, NOW)
    before = await disruptions.untold(VAN.subject)
    await groups.join(VAN, "D3", NOW)

    ((notice, closed_at),) = await disruptions.untold(VAN.subject)
    pages = [await disruptions.members(VAN.detail, VAN.subject, after, 2) for after in ("", "D2", "D3")]
    await groups.leave(APART, "D3", NOW + 1)

    assert (before, closed_at, notice.rule, notice.acted_on) == ((), None, VAN.detail, False)
    assert pages == [("D1", "D2"), ("D3",), ()]
    assert await disruptions.untold(VAN.subject) == ((notice, NOW + 1),)


@pytest.mark.parametrize("number", range(3))
async def test_however_many_join_at_once_one_disruption_opens(database: Database, number: int) -> None:
    groups = Groups(database)

    answers = await asyncio.gather(*(groups.join(VAN, f"D{one}", NOW) for one in range(8)))
    opened = await Disruptions(database).open_at(NOW)

    assert sum(answer.truth is True for answer in answers) == 6
    assert len(opened) == 1
    assert len({answer.of for answer in answers if answer.of}) == 1
