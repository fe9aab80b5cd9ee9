"""Who wants no messages."""

import pytest
from sqlalchemy import select

from store.database import Database
from store.opt_outs import OptOut, OptOuts
from store.tables import opt_outs

NUMBER = "+358401234567"


async def test_who_said_nothing_may_be_written_to(database: Database) -> None:
    assert await OptOuts(database).opted_out("sms", NUMBER) is None


async def test_who_opted_out_is_known_on_that_channel_and_on_no_other(database: Database) -> None:
    known = OptOuts(database)

    await known.opt_out("sms", NUMBER, because="replied STOP", now=1_000)

    assert await known.opted_out("sms", NUMBER) == OptOut(1_000, "replied STOP")
    assert await known.opted_out("whatsapp", NUMBER) is None
    assert await known.opted_out("sms", "+358401234568") is None


async def test_who_opts_out_again_did_so_when_they_first_did(database: Database) -> None:
    known = OptOuts(database)

    await known.opt_out("sms", NUMBER, because="replied STOP", now=1_000)
    await known.opt_out("sms", NUMBER, because="Twilio 21610", now=2_000)

    assert await known.opted_out("sms", NUMBER) == OptOut(1_000, "replied STOP")


async def test_who_opted_in_again_may_be_written_to_until_they_opt_out_anew(database: Database) -> None:
    known = OptOuts(database)

    await known.opt_in("sms", NUMBER, because="replied START", now=500)
    await known.opt_out("sms", NUMBER, because="replied STOP", now=1_000)
    await known.opt_in("sms", NUMBER, because="replied START", now=2_000)
    between = await known.opted_out("sms", NUMBER)
    await known.opt_out("sms", NUMBER, because="replied STOP again", now=3_000)

    assert between is None
    assert await known.opted_out("sms", NUMBER) == OptOut(3_000, "replied STOP again")


@pytest.mark.parametrize(
    ("channel", "one", "other"),
    [
        pytest.param("email", "Ann@Example.test", "ann@example.test ", id="mail in any case"),
        pytest.param("whatsapp", f"whatsapp:{NUMBER}", NUMBER, id="a number as Twilio writes it for WhatsApp"),
    ],
)
async def test_an_address_is_the_same_however_it_is_written(database: Database, channel: str, one: str, other: str) -> None:
    known = OptOuts(database)

    await known.opt_out(channel, one, because="complained", now=1_000)

    assert await known.opted_out(channel, other) is not None


async def test_the_address_itself_is_not_kept(database: Database) -> None:
    await OptOuts(database).opt_out("sms", NUMBER, because="replied STOP", now=1_000)

    async with database.reading() as connection:
        row = (await connection.execute(select(opt_outs))).one()
    assert NUMBER not in str(row)
