"""What Doorstep speaks to besides Temporal and its database: mail, Twilio, ticket desk, road engine, other systems."""

import asyncio
from urllib.parse import urlsplit

import aiosmtplib
import httpx

from cli.channels import not_set_up
from cli.desks import chosen, request_tracker_of, webhook_of, zendesk_of
from cli.finding import Finding
from cli.senders import mail_of
from domain.sending import Unsent
from integrations.messaging.mail import SmtpMail
from integrations.messaging.twilio import TwilioMessages
from integrations.tickets.request_tracker import RequestTracker
from integrations.tickets.zendesk import Zendesk
from rules.beside import DIRECTORY_FILE
from rules.directory_reader import read_directory_file
from settings import Settings, SettingsError, secret_named
from workflows.clock import wall_clock

PATIENCE_S = 5


async def mail(settings: Settings) -> Finding:
    """The mail server takes us in: connection, TLS and password as they are set. Nothing is sent."""
    if missing := not_set_up(settings).get("mail"):
        return Finding("mail", True, missing)
    try:
        server = mail_of(settings)
        assert isinstance(server, SmtpMail)
        said = await server.looked_at()
    except ValueError as error:
        return Finding("mail", False, str(error), "set DOORSTEP_SMTP_URL")
    except aiosmtplib.SMTPAuthenticationError as error:
        return Finding(
            "mail", False, f"the server does not accept our user and password ({error.code})", "check DOORSTEP_SMTP_URL"
        )
    except (aiosmtplib.SMTPException, OSError) as error:
        return Finding("mail", False, f"{_place(settings)} cannot be used: {error or 'no answer'}", "check DOORSTEP_SMTP_URL")
    return Finding("mail", True, said)


def _place(settings: Settings) -> str:
    """The mail server without its password."""
    parts = urlsplit(settings["DOORSTEP_SMTP_URL"])
    return f"{parts.hostname}:{parts.port or 587}"


async def sms(settings: Settings) -> Finding:
    """Twilio takes our credentials. Nothing is sent."""
    if missing := not_set_up(settings).get("SMS"):
        return Finding("SMS", True, missing)
    told = {name: settings[name] for name in ("TWILIO_AUTH_TOKEN", "DOORSTEP_TWILIO_FROM")}
    if lacking := [name for name, value in told.items() if not value]:
        return Finding("SMS", False, f"{' and '.join(lacking)} not set: every SMS fails", f"set {' and '.join(lacking)}")
    messages = TwilioMessages(settings["TWILIO_ACCOUNT_SID"], settings["TWILIO_AUTH_TOKEN"], settings["DOORSTEP_TWILIO_BASE_URL"])
    try:
        found = await messages.find(settings["DOORSTEP_TWILIO_FROM"], lambda _: False, wall_clock())
    finally:
        await messages.close()
    if isinstance(found, Unsent):
        mend = "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and DOORSTEP_TWILIO_BASE_URL"
        return Finding("SMS", False, found.reason, mend)
    return Finding("SMS", True, f"{urlsplit(settings['DOORSTEP_TWILIO_BASE_URL']).netloc} accepts our credentials")


async def whatsapp(settings: Settings) -> Finding:
    if missing := not_set_up(settings).get("WhatsApp"):
        return Finding("WhatsApp", True, missing)
    return Finding("WhatsApp", True, f"from {settings['DOORSTEP_TWILIO_WHATSAPP_FROM']}, by the account of SMS")


async def receipts(settings: Settings) -> Finding:
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


async def tickets(settings: Settings) -> Finding:
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
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE_S)
    except (OSError, TimeoutError) as error:
        return Finding(what, False, f"{host}:{port} cannot be reached: {error or 'no answer in 5 s'}", mend)
    writer.close()
    return Finding(what, True, f"{host}:{port} answers")


async def roads(settings: Settings) -> Finding:
    """The road engine answers as Valhalla does."""
    url = settings["DOORSTEP_ROUTING_URL"].rstrip("/")
    if not url:
        return Finding("road engine", True, "not set up (DOORSTEP_ROUTING_URL): travel times are estimated")
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            answer = await client.get(f"{url}/status")
        version = answer.json()["version"]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"{url} cannot be reached ({type(error).__name__}): travel times are estimated meanwhile"
        return Finding("road engine", False, said, "start Valhalla, or correct DOORSTEP_ROUTING_URL")
    except (ValueError, KeyError, TypeError):
        return Finding("road engine", False, f"what answers at {url} is no Valhalla server", "correct DOORSTEP_ROUTING_URL")
    return Finding("road engine", True, f"Valhalla {version} answers")
