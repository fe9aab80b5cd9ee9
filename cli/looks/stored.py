"""The database, the rulebooks in it, and what lies there undone."""

import os
import shutil

from sqlalchemy import text

from cli.finding import Finding
from cli.looks.engine import apart
from cli.rules import templates_for
from domain.instant import MINUTE, Span
from integrations.messaging.silent import NOT_SET_UP
from rules.check import check
from settings import Settings
from store.database import Database
from store.deliveries import Deliveries
from store.migrate import newest, revision_of
from store.rulebooks import Rulebooks
from store.undone import in_doubt, waiting
from store.urls import missing_file
from web.status import LOOKED_AT, Lately, lately
from workflows.clock import wall_clock
from workflows.orders import DeliveryOrder

MIGRATE = "doorstep migrate makes the file and its tables"
WAITS_LONG: Span = 10 * MINUTE
DOUBT_LASTS: Span = 15 * MINUTE
LITTLE_SPACE = 1_000_000_000
"""Bytes. 40,000 open deliveries take about as much."""

MANY_FAIL = 10
"""Percent. Wrong addresses are part of every day; more than this is a fault of ours or of a provider."""

DEFAULT_BOOK = str(DeliveryOrder.model_fields["rulebook"].default)


async def tables(settings: Settings) -> Finding:
    """The database answers, and has the tables of this version or of a newer one: migrations only add (tests/store/test_migrate.py),
    so that the release before goes on when one is put back."""
    if missing := missing_file(settings.database_url):
        return Finding("database", False, f"{missing} does not exist yet", "doorstep up or doorstep migrate makes it")
    async with Database(settings.database_url) as database:
        revision, known = await revision_of(database), newest()
        if revision == known:
            return Finding("database", True, f"{database.place} answers")
        if revision is not None and revision > known:
            newer = f"migrated by a newer Doorstep (its tables are at {revision}, this one knows {known}), which this one can use"
            return Finding("database", True, f"{database.place} answers; it was {newer}")
        at = f"at {revision}, {known} is wanted" if revision else "not made yet"
        return Finding("database", False, f"{database.place} answers, but its tables are {at}", "doorstep migrate")


async def database_clock(settings: Settings) -> Finding:
    """Our clock and that of the database's machine."""
    async with Database(settings.database_url) as database:
        if database.is_sqlite:
            return Finding("database clock", True, "the same machine")
        before = wall_clock()
        async with database.reading() as connection:
            asked = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
            theirs = int((await connection.execute(asked)).scalar_one())
        return apart("database clock", "the database", theirs, before, wall_clock())


async def books(settings: Settings) -> Finding:
    """The folder has no mistake, and orders that name no rulebook find theirs."""
    folder = settings.rules
    if not folder.is_dir():
        return Finding("rulebooks", False, f"{folder} is no folder", "set DOORSTEP_RULES to the folder of your rulebooks")
    checked = check(folder, templates_for(folder))
    mistakes = [problem for problem in checked.problems if problem.is_error]
    if mistakes:
        said = f"{len(mistakes)} mistakes in {folder}; the first: {mistakes[0].render()}"
        return Finding("rulebooks", False, said, f"doorstep rules check {folder}")
    async with Database(settings.database_url) as database:
        names = await Rulebooks(database).names()
    if DEFAULT_BOOK not in names:
        others = f"; published are {', '.join(sorted(names))}" if names else ""
        said = f"no rulebook {DEFAULT_BOOK!r} is published{others}: orders that name no other are refused"
        return Finding("rulebooks", False, said, "doorstep rules publish")
    return Finding("rulebooks", True, f"published: {', '.join(sorted(names))}")


async def inbox(settings: Settings) -> Finding:
    """What came in has been handed on."""
    async with Database(settings.database_url) as database:
        found = await waiting(database, since=wall_clock() - WAITS_LONG)
    if not found:
        return Finding("inbox", True, f"nothing waits longer than {WAITS_LONG // MINUTE} minutes")
    ids = list(dict.fromkeys(found))
    said = f"{len(found)} messages wait to be handed on, to {', '.join(ids[:5])}{', ...' if len(ids) > 5 else ''}"
    mend = "doorstep serve hands them on: is a gateway running, and can it reach Temporal and a worker?"
    return Finding("inbox", False, said, mend)


async def doubts(settings: Settings) -> Finding:
    """No action was cut off and then forgotten."""
    async with Database(settings.database_url) as database:
        found = await in_doubt(database, since=wall_clock() - DOUBT_LASTS)
    if not found:
        return Finding("actions in doubt", True, "none")
    said = f"{len(found)} were begun and neither ended nor tried again: {', '.join(found[:3])}{', ...' if len(found) > 3 else ''}"
    mend = "a worker finishes them when it runs; if their deliveries have ended, ask the provider what became of them"
    return Finding("actions in doubt", False, said, mend)


async def actions(settings: Settings) -> Finding:
    """Few actions failed in the last day."""
    async with Database(settings.database_url) as database:
        return judged(lately(await Deliveries(database).effects(limit=LOOKED_AT), wall_clock()))


def judged(seen: Lately) -> Finding:
    """Failed actions are told, and more than MANY_FAIL of a hundred are not well. Notices by a channel that nobody set up are told
    too, but they are no fault: a new installation is well."""
    failed = [effect for effect in seen.failed if effect.note not in NOT_SET_UP]
    unset = len(seen.failed) - len(failed)
    besides = f"; {unset} notices found their channel not set up, see mail, SMS and WhatsApp below" if unset else ""
    if not failed:
        return Finding("actions", True, f"none of {seen.actions - unset} failed in 24 hours{besides}")
    last, tried = failed[0], seen.actions - unset
    said = f"{len(failed)} of {tried} failed in 24 hours{besides}; the last: {last.action} of {last.delivery_id}"
    reason = last.note or last.last_error
    well = len(failed) * 100 <= tried * MANY_FAIL
    return Finding("actions", well, f"{said}: {reason}" if reason else said, "the status page lists them (doorstep serve)")


async def space(settings: Settings) -> Finding:
    """Room on the disk of DOORSTEP_HOME, and whether we may write there."""
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return Finding(
            "disk",
            False,
            f"{folder} cannot be written to",
            "give the folder to the user that runs Doorstep, or set DOORSTEP_HOME",
        )
    free = shutil.disk_usage(folder).free
    said = f"{free // 1_000_000:,} MB free at {folder}"
    return Finding("disk", free >= LITTLE_SPACE, said, "make room: a database that cannot grow stops everything")
