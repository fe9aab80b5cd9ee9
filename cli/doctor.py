"""`doorstep doctor`: every setting, and whether what it names can be reached."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cli.channels import not_set_up
from cli.connection import client_of
from cli.desks import chosen, request_tracker_of, webhook_of, zendesk_of
from domain.sending import Unsent
from integrations.tickets.request_tracker import RequestTracker
from integrations.tickets.zendesk import Zendesk
from rules.beside import DIRECTORY_FILE
from rules.directory_reader import read_directory_file
from settings import SETTINGS, Settings, SettingsError, secret_named
from store.database import Database
from store.deliveries import Deliveries
from store.migrate import is_current
from web.status import LOOKED_AT, Lately, lately
from workflows.client import pollers
from workflows.clock import wall_clock
from workflows.contract import TASK_QUEUE
from workflows.registration import missing_attributes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do when it is not well."""

    what: str
    well: bool
    said: str
    mend: str = ""


Look = Callable[[Settings], Awaitable[Finding]]


async def examine(settings: Settings, format: str) -> int:
    """Prints settings and findings; 1 if something is not well."""
    findings = [await look(settings) for look in LOOKS]
    if format == "json":
        print(json.dumps({"settings": settings.shown(), "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _show(settings, findings)
    return 0 if all(finding.well for finding in findings) else 1


def _show(settings: Settings, findings: list[Finding]) -> None:
    shown = settings.shown()
    for row in SETTINGS:
        source = "" if shown[row.name] == row.default else "  (set)"
        print(f"{row.name}={shown[row.name]}{source}\n    {row.help}; default: {row.default or 'none'}")
    print(
        f"TEMPORAL_ADDRESS={os.environ.get('TEMPORAL_ADDRESS', '')}\n    the Temporal server (the SDK's own settings); default: localhost:7233\n"
    )
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'BAD '} {finding.what}: {finding.said}")
        if not finding.well and finding.mend:
            print(f"     {finding.mend}")


async def _temporal(settings: Settings) -> Finding:
    try:
        client = await client_of(settings)
        missing = await missing_attributes(client)
    except Exception as error:  # whatever it is, it is the finding
        return Finding("Temporal", False, str(error))
    if missing:
        names = ", ".join(key.name for key in missing)
        return Finding(
            "Temporal", False, f"search attributes are missing: {names}", "doorstep up, or deploy/create-search-attributes.sh"
        )
    return Finding("Temporal", True, f"answers; namespace {client.namespace}")


async def _worker(settings: Settings) -> Finding:
    try:
        client = await client_of(settings)
        polling = await pollers(client)
    except Exception as error:
        return Finding("worker", False, str(error))
    if not polling:
        return Finding("worker", False, f"nobody polls the task queue {TASK_QUEUE}", "doorstep up, or doorstep worker")
    return Finding("worker", True, f"{polling} at work in the last minutes")


def _missing_file(settings: Settings) -> Path | None:
    """The database's file, if it is to be one and is not there."""
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    is_file = settings.database_url.startswith("sqlite:///")
    return file if is_file and not file.exists() else None


async def _database(settings: Settings) -> Finding:
    if missing := _missing_file(settings):
        return Finding("database", False, f"{missing} does not exist yet", "doorstep up or doorstep migrate makes it")
    database = Database(settings.database_url)
    try:
        await database.ping()
        current = await is_current(database)
    except Exception as error:
        return Finding("database", False, str(error), "doorstep migrate makes the file and its tables")
    finally:
        await database.close()
    return Finding(
        "database", current, f"{database.place} answers" + ("" if current else ", but its tables are old"), "doorstep migrate"
    )


async def _mail(settings: Settings) -> Finding:
    url = settings["DOORSTEP_SMTP_URL"]
    if missing := not_set_up(settings).get("mail"):
        return Finding("mail", True, missing)
    parts = urlsplit(url)
    return await _port("mail", parts.hostname or "", parts.port or 587, "check DOORSTEP_SMTP_URL")


async def _sms(settings: Settings) -> Finding:
    if missing := not_set_up(settings).get("SMS"):
        return Finding("SMS", True, missing)
    parts = urlsplit(settings["DOORSTEP_TWILIO_BASE_URL"])
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return await _port("SMS", parts.hostname or "", port, "check DOORSTEP_TWILIO_BASE_URL")


async def _whatsapp(settings: Settings) -> Finding:
    if missing := not_set_up(settings).get("WhatsApp"):
        return Finding("WhatsApp", True, missing)
    return Finding("WhatsApp", True, f"from {settings['DOORSTEP_TWILIO_WHATSAPP_FROM']}, by the account of SMS")


async def _receipts(settings: Settings) -> Finding:
    """Whether we learn what becomes of SMS and WhatsApp messages."""
    if not settings["TWILIO_ACCOUNT_SID"] or settings.public_url:
        return Finding("what becomes of SMS", True, settings.public_url or "no SMS are sent")
    missing = "DOORSTEP_PUBLIC_URL is not set: Twilio cannot say that an SMS did not arrive"
    return Finding("what becomes of SMS", True, missing)


async def endpoints(settings: Settings) -> Finding:
    """Whether every endpoint has a secret; a call that nobody asked for would not be welcome there."""
    known = read_directory_file(settings.rules / DIRECTORY_FILE).endpoints
    if not known:
        return Finding("endpoints", True, "none: other systems are not told", f"name them under endpoints in {DIRECTORY_FILE}")
    missing = sorted({endpoint.secret for endpoint in known.values() if not secret_named(endpoint.secret)})
    if missing:
        said = f"without a secret: {', '.join(missing)}; calls wait"
        return Finding("endpoints", False, said, "set them, or NAME_FILE to a file that holds one, where the worker runs")
    return Finding("endpoints", True, f"{', '.join(sorted(known))}: each has its secret")


async def _tickets(settings: Settings) -> Finding:
    try:
        desk = chosen(settings)
        if desk == "builtin":
            return Finding("tickets", True, "the built-in desk, in the database")
        if desk == "webhook":
            webhook_of(settings, wall_clock)
            parts = urlsplit(settings["DOORSTEP_TICKETS_URL"])
            port = parts.port or (443 if parts.scheme == "https" else 80)
            return await _port("tickets", parts.hostname or "", port, "check DOORSTEP_TICKETS_URL")
        return await _desk(
            zendesk_of(settings, wall_clock) if desk == "zendesk" else request_tracker_of(settings, wall_clock), desk
        )
    except SettingsError as error:
        return Finding("tickets", False, str(error), "docs/tickets.md says what each desk needs")


async def _desk(desk: Zendesk | RequestTracker, name: str) -> Finding:
    try:
        found = await desk.looked_at()
    finally:
        await desk.close()
    if isinstance(found, Unsent):
        return Finding("tickets", False, found.reason, "docs/tickets.md says what each desk needs")
    return Finding("tickets", True, f"{name} {found}")


async def _port(what: str, host: str, port: int, mend: str) -> Finding:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 5)
    except (OSError, TimeoutError) as error:
        return Finding(what, False, f"{host}:{port} cannot be reached: {error or 'no answer in 5 s'}", mend)
    writer.close()
    return Finding(what, True, f"{host}:{port} answers")


MANY_FAIL = 10
"""Percent. Wrong addresses are part of every day; more than this is a fault of ours or of a provider."""


async def _actions(settings: Settings) -> Finding:
    database = Database(settings.database_url)
    try:
        seen = lately(await Deliveries(database).effects(limit=LOOKED_AT), wall_clock())
    except Exception as error:
        return Finding("actions", False, str(error), "doorstep migrate makes the file and its tables")
    finally:
        await database.close()
    return judged(seen)


def judged(seen: Lately) -> Finding:
    """Failed actions are told, and more than MANY_FAIL of a hundred are not well."""
    if not seen.failed:
        return Finding("actions", True, f"none of {seen.actions} failed in 24 hours")
    last = seen.failed[0]
    said = f"{len(seen.failed)} of {seen.actions} failed in 24 hours; the last: {last.action} of {last.delivery_id}"
    reason = last.note or last.last_error
    well = len(seen.failed) * 100 <= seen.actions * MANY_FAIL
    return Finding("actions", well, f"{said}: {reason}" if reason else said, "the status page lists them (doorstep serve)")


LOOKS: tuple[Look, ...] = (_temporal, _worker, _database, _mail, _sms, _whatsapp, _receipts, _tickets, endpoints, _actions)
