"""Mail through SMTP."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib

from domain.instant import SECOND, Instant, Span, moment
from domain.sending import Message, Sending, Sent, Unsent
from integrations.messaging.failures import of_mail
from integrations.outgoing import outgoing

StartTls = Literal["required", "optional", "never"]
START_TLS: dict[StartTls, bool | None] = {"required": True, "optional": None, "never": False}
PORTS = {"smtp": 587, "smtps": 465}
EXAMPLE = "smtp://user:password@mail.example.test:587?starttls=required"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and how to speak to it. `implicit_tls`: TLS from the first byte (smtps). `ca` is a file of certificates to trust."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    starttls: StartTls = "optional"
    ca: str | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def mail_server(url: str) -> MailServer:
    """The server that DOORSTEP_SMTP_URL names; raises ValueError, which never quotes the password.

    STARTTLS is required by default where there is a password to protect.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"DOORSTEP_SMTP_URL must start with smtp:// or smtps:// and name a host, for example {EXAMPLE}")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = sorted(options.keys() - {"starttls", "ca"})
    if unknown:
        raise ValueError(
            f"DOORSTEP_SMTP_URL has an unknown option {unknown[0]!r}; known are starttls and ca, for example {EXAMPLE}"
        )
    return MailServer(
        host=parts.hostname,
        port=_port(parts),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        implicit_tls=parts.scheme == "smtps",
        starttls=_starttls(options.get("starttls", "required" if parts.username else "optional")),
        ca=options.get("ca"),
    )


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or PORTS[parts.scheme]
    except ValueError:
        raise ValueError(f"DOORSTEP_SMTP_URL names no port from 1 to 65535, for example {EXAMPLE}") from None


def _starttls(text: str) -> StartTls:
    for known in get_args(StartTls):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"DOORSTEP_SMTP_URL has starttls={text}; it may be required, optional or never")


class SmtpMail:
    """Sends mail: one connection per message. `sender` is the From header, `timeout` the longest a message may take.

    With `bounces`, a mail address, what cannot be delivered comes back to an address of its own for each message.
    """

    def __init__(
        self, server: MailServer, sender: str, clock: Callable[[], Instant], timeout: Span = 10 * SECOND, bounces: str = ""
    ) -> None:
        self._bounces = bounces
        self._server = server
        self._sender = sender
        self._clock = clock
        self._timeout = timeout / 1000

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        """Sends a message; the same key always gives the same Message-ID."""
        try:
            mail = self._mail(key, to, message)
        except (ValueError, IndexError, HeaderParseError):
            return Unsent("the recipient's e-mail address is not valid; correct it in the order or the directory", retry=False)
        try:
            async with asyncio.timeout(self._timeout):
                with outgoing("SMTP send", self._server.host):
                    await self._hand_over(mail)
        except (aiosmtplib.SMTPException, OSError) as error:
            return of_mail(error, str(self._server))
        return Sent(str(mail["Message-ID"]))

    async def looked_at(self) -> str:
        """Connects and signs in, as for a message, and sends none; what is there, in words. Raises SMTPException or OSError."""
        server = self._server
        async with asyncio.timeout(self._timeout):
            client = aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                use_tls=server.implicit_tls,
                start_tls=None if server.implicit_tls else START_TLS[server.starttls],
                username=server.user,
                password=server.password,
                cert_bundle=server.ca,
                timeout=self._timeout,
            )
            async with client:
                return f"{server} answers" + (" and accepts our user" if server.user else "")

    async def _hand_over(self, mail: EmailMessage) -> None:
        server = self._server
        await aiosmtplib.send(
            mail,
            sender=returned_to(str(mail["Message-ID"]), self._bounces) if self._bounces else None,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=None if server.implicit_tls else START_TLS[server.starttls],
            cert_bundle=server.ca,
            timeout=self._timeout,
        )

    def _mail(self, key: str, to: str, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = self._sender
        mail["To"] = Address(addr_spec=to)
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"] = format_datetime(moment(self._clock()))
        mail["Message-ID"] = message_id(key, self._sender)
        mail["Auto-Submitted"] = "auto-generated"
        mail["Doorstep-Effect"] = key
        mail.set_content(message.text)
        if message.html is not None:
            mail.add_alternative(message.html, subtype="html")
        return mail


def message_id(key: str, sender: str) -> str:
    """The Message-ID of an effect: the same at each try, so that a mail sent twice is one mail to who receives it."""
    return message_id_of(hashlib.sha256(key.encode()).hexdigest()[:32], sender)


def message_id_of(local: str, sender: str) -> str:
    """The Message-ID with what stands before its @."""
    return f"<{local}@{parseaddr(sender)[1].rpartition('@')[2] or 'doorstep.invalid'}>"


def returned_to(message_id: str, bounces: str) -> str:
    """The envelope sender of a mail, `bounces+0123...@example.test`: where it comes back to says which one it was."""
    name, _, domain = bounces.rpartition("@")
    return f"{name}+{message_id.strip('<>').partition('@')[0]}@{domain}"
