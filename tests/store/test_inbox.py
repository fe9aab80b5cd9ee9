"""What customers were asked by number, and the inbox from which their replies are handed on."""

import asyncio
from typing import Any

from domain.arrival import Arrival
from domain.conversation import Question
from domain.instant import HOUR, SECOND
from store.conversations import CODES, Conversations
from store.database import Database
from store.inbox import Inbox

NOW, NUMBER = 1_795_413_600_000, "+358401234567"
SPOKEN: dict[str, Any] = {"language": "fi", "timezone": "Europe/Helsinki"}


def a_question(key: str, answers: tuple[str, ...] = ("yes", "no")) -> Question:
    return Question(key, answers, NOW + HOUR)


def arrival(delivery_id: str, text: str = "yes") -> Arrival:
    return Arrival(delivery_id, {"event_id": "x", "kind": "customer_reply", "detail": {"text": text}})


async def test_the_only_delivery_of_a_number_needs_no_code_and_the_next_one_shows_its_own(database: Database) -> None:
    known = Conversations(database)

    first = await known.written(NUMBER, "D-1", now=NOW, question=a_question("D-1/q"), **SPOKEN)
    second = await known.written(NUMBER, "D-2", now=NOW + 1, question=a_question("D-2/q"), **SPOKEN)
    again = await known.written(NUMBER, "D-1", now=NOW + 2, question=a_question("D-1/q"), **SPOKEN)
    next_one = await known.written(NUMBER, "D-1", now=NOW + 3, question=a_question("D-1/q2"), **SPOKEN)

    assert (first.code, first.is_shown) == (CODES[0], False)
    assert (second.code, second.is_shown) == (CODES[1], True)
    assert again == first, "the same question has the same text on every try"
    assert (next_one.code, next_one.is_shown) == (CODES[0], True)
    assert [one.delivery_id for one in await known.of_number(NUMBER)] == ["D-1", "D-2"]


async def test_a_notice_leaves_an_open_question_as_it_is(database: Database) -> None:
    known = Conversations(database)
    await known.written(NUMBER, "D-1", now=NOW, question=a_question("D-1/q"), **SPOKEN)

    await known.written(NUMBER, "D-1", now=NOW + 1, **SPOKEN)

    assert (await known.of_number(NUMBER))[0].question == a_question("D-1/q")
    assert await known.of_number("+358409999999") == ()


async def test_what_came_in_is_kept_once_and_handed_on_in_the_order_of_its_delivery(database: Database) -> None:
    inbox = Inbox(database)

    kept = [await inbox.put("twilio", id, [arrival("D-1"), arrival("D-2")], now=NOW) for id in ("SM1", "SM2", "SM1")]
    first = await inbox.next_of()
    await inbox.handed(first[0].entry, None, now=NOW)

    assert kept == [True, True, False]
    assert [(one.id, one.arrival.delivery_id) for one in first] == [("twilio-SM1", "D-1"), ("twilio-SM1", "D-2")]
    assert [one.id for one in await inbox.next_of("D-1")] == ["twilio-SM2"]
    assert await inbox.note_of("twilio", "SM1") == (False, None)


async def test_one_gateway_has_an_entry_in_hand_until_it_gives_it_back_or_dies(database: Database) -> None:
    inbox = Inbox(database)
    await inbox.put("twilio", "SM1", [arrival("D-1")], now=NOW)
    (entry,) = await inbox.next_of()

    taken = [await inbox.claim(entry.entry, until=NOW + SECOND, now=at) for at in (NOW, NOW + 1, NOW + SECOND)]
    await inbox.give_back(entry.entry)
    again = await inbox.claim(entry.entry, until=NOW + SECOND, now=NOW)
    await inbox.handed(entry.entry, "too late", now=NOW)

    assert (taken, again) == ([True, False, True], True)
    assert await inbox.claim(entry.entry, until=NOW + SECOND, now=NOW + HOUR) is False
    assert (await inbox.next_of(), await inbox.note_of("twilio", "SM1")) == ((), (True, "too late"))


async def test_deliveries_that_write_to_a_number_at_the_same_moment_have_codes_of_their_own(database: Database) -> None:
    known = Conversations(database)
    ids = [f"D-{number}" for number in range(8)]

    await asyncio.gather(*(known.written(NUMBER, one, now=NOW, question=a_question(f"{one}/q"), **SPOKEN) for one in ids))

    assert len({one.code for one in await known.of_number(NUMBER)}) == len(ids)
