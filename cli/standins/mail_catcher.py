"""A mail server that delivers nothing: it keeps each message as an .eml file and in a list, and shows them on a page.

python -m cli.standins.mail_catcher --port 2525 --folder caught --web-port 8025
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import typer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from cli.standins.web import HERE, Shown, page, serving, until_interrupted
from domain.instant import Instant
from workflows.clock import wall_clock


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail that was sent. `at` is when it came; `effect` the key of the effect that it is."""

    at: Instant
    sender: str
    to: str
    subject: str
    message_id: str
    effect: str
    text: str
    html: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class Login:
    """The only credentials that a catcher accepts."""

    user: str
    password: str = field(repr=False)


@dataclass(slots=True)
class MailCatcher:
    """What was caught, and how to answer: `answers` maps a recipient to an SMTP answer such as `550 5.1.1 no such user`."""

    folder: Path
    port: int = 0
    web_port: int | None = None
    login: Login | None = None
    answers: dict[str, str] = field(default_factory=dict)
    mails: list[CaughtMail] = field(default_factory=list)
    envelope_senders: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.answers.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        path = self.folder / f"{wall_clock()}-{len(self.mails):05}.eml"
        path.write_bytes(envelope.original_content or b"")
        self.mails.append(read_mail(path))
        self.envelope_senders.append(envelope.mail_from or "")
        return "250 OK: kept"

    def authenticated(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        login = self.login
        right = (
            login is not None
            and isinstance(given, LoginPassword)
            and (given.login, given.password) == (login.user.encode(), login.password.encode())
        )
        # Without handled=False a refusal is never sent and the client waits for its timeout.
        return AuthResult(success=right, handled=right)

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.get("/", response_class=HTMLResponse)
        async def sent() -> str:
            return page("Mail sent", [Shown(mail.at, mail.to, mail.subject, mail.text) for mail in self.mails])

        return app


@asynccontextmanager
async def catching(
    folder: Path,
    *,
    port: int = 0,
    web_port: int | None = None,
    tls: ssl.SSLContext | None = None,
    login: Login | None = None,
    host: str = HERE,
) -> AsyncIterator[MailCatcher]:
    """Catches mail on `host` while the block runs; port 0 takes a free one. With `tls` STARTTLS is required.

    A login needs `tls`: raises ValueError without. Mail caught in this folder before is in the list from the start.
    """
    if login is not None and tls is None:
        raise ValueError("a login would go over the line in the clear; give a TLS context too")
    catcher = MailCatcher(folder, login=login, mails=caught_in(folder))
    server = await asyncio.get_running_loop().create_server(_protocol(catcher, tls), host, port)
    async with AsyncExitStack() as stack:
        stack.callback(server.close)
        catcher.port = server.sockets[0].getsockname()[1]
        if web_port is not None:
            catcher.web_port = await stack.enter_async_context(serving(catcher.app(), web_port, host))
        yield catcher


def _protocol(catcher: MailCatcher, tls: ssl.SSLContext | None) -> Callable[[], asyncio.Protocol]:
    def protocol() -> asyncio.Protocol:
        return SMTP(
            catcher,
            hostname="mail-catcher",
            enable_SMTPUTF8=True,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=catcher.authenticated if catcher.login else None,
            auth_required=catcher.login is not None,
            loop=asyncio.get_running_loop(),
        )

    return protocol


def caught_in(folder: Path) -> list[CaughtMail]:
    """The mails in a folder, which is made if it is missing, in the order in which they were caught."""
    folder.mkdir(parents=True, exist_ok=True)
    return [read_mail(path) for path in sorted(folder.glob("*.eml"))]


def read_mail(path: Path) -> CaughtMail:
    """One .eml file."""
    mail = message_from_bytes(path.read_bytes(), policy=default)
    return CaughtMail(
        at=int(path.name.partition("-")[0]),
        sender=str(mail["From"]),
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        message_id=str(mail["Message-ID"]),
        effect=str(mail["Doorstep-Effect"] or ""),
        text=_part(mail, "plain") or "",
        html=_part(mail, "html"),
        path=path,
    )


def _part(mail: EmailMessage, subtype: str) -> str | None:
    body = mail.get_body((subtype,))
    return None if body is None else str(body.get_content())


def main(port: int = 2525, folder: Path = Path("caught-mail"), web_port: int = 8025, host: str = HERE) -> None:
    """Catches mail until Ctrl-C. In a container, where nobody else reaches loopback, --host is 0.0.0.0."""

    async def run() -> None:
        async with catching(folder, port=port, web_port=web_port, host=host) as catcher:
            print(f"mail: smtp://{host}:{catcher.port}  page: http://{host}:{catcher.web_port}/  files: {folder}", flush=True)
            await asyncio.Event().wait()

    until_interrupted(run)


if __name__ == "__main__":
    typer.run(main)
