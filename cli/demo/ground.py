"""What a scene is played on: everything of `up` in a folder of its own, with a rulebook of its own and stand-ins for mail and SMS.

And how it shows itself: what it says meanwhile, its report, and whether it stays up.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.table import Table

from cli.publishing import publish
from cli.site import Site
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_standin import TwilioStandin, standing_in
from cli.up import told_to_end
from rules.check import Check
from settings import Settings
from store.database import Database
from workflows.client import Deliveries

WIDE = 140
"""Columns where there is no terminal: lines of a log do not wrap."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The running site, and what was sent."""

    site: Site
    database: Database
    mail: MailCatcher
    twilio: TwilioStandin
    deliveries: Deliveries


@asynccontextmanager
async def playing(
    settings: Settings,
    say: Callable[[str], None],
    folder: Path,
    rules: Path,
    checked: Check,
    tell: Callable[[str], None] | None = None,
    more: Mapping[str, str | int | Path] = MappingProxyType({}),
) -> AsyncIterator[Ground]:
    """Everything is up inside, and ended afterwards. `rules` is the folder of `checked`, `tell` is told what
    happens to the machinery (None: `say` is), `more` are further settings."""
    say("Starting Temporal, worker and gateway ...")
    async with catching(folder / "mails", web_port=0) as mail, standing_in(folder / "sms") as twilio:
        ours = settings.but(
            DOORSTEP_HOME=folder,
            DOORSTEP_RULES=rules,
            DOORSTEP_DATABASE_URL="",
            DOORSTEP_SMTP_URL=f"smtp://127.0.0.1:{mail.port}",
            TWILIO_ACCOUNT_SID=twilio.account_sid,
            TWILIO_AUTH_TOKEN=twilio.auth_token,
            DOORSTEP_TWILIO_BASE_URL=twilio.url,
            DOORSTEP_TWILIO_FROM="+15005550006",
            **more,
        )
        async with Site(ours, tell or say, publish=lambda database: publish(checked, database, settings.matcher)) as site:
            database = Database(site.settings.database_url)
            try:
                yield Ground(site, database, mail, twilio, await site.deliveries())
            finally:
                await database.close()


class Outcome(Protocol):
    """What became of a scene."""

    def problems(self) -> Sequence[str]:
        """What did not hold."""
        ...

    def shown(self) -> Mapping[str, Any]:
        """As JSON."""
        ...


class Announcer:
    """How a scene shows itself: on the terminal, or as JSON, and then on standard error what it says meanwhile."""

    def __init__(self, *, as_json: bool, keep: bool) -> None:
        """`keep`: it stays up afterwards."""
        self._as_json, self._keep = as_json, keep
        self._console = Console(stderr=as_json)
        if not self._console.is_terminal:
            self._console.width = WIDE

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    async def show(self, outcome: Outcome, parts: Iterable[RenderableType], on: Ground) -> int:
        """Prints the report; 0 only if all of it held."""
        if self._as_json:
            print(json.dumps(outcome.shown(), indent=2), flush=True)
        else:
            self._print(parts, outcome.problems())
        if self._keep:
            self.say(f"It stays up for you to look around, http://127.0.0.1:{on.site.settings.port}/; Ctrl-C ends it.")
            await told_to_end().wait()
        return 1 if outcome.problems() else 0

    def _print(self, parts: Iterable[RenderableType], problems: Sequence[str]) -> None:
        for part in parts:
            self._console.print(part)
        for problem in problems:
            self._console.print(f"[red]Did not hold:[/red] {problem}", highlight=False)
        if not problems:
            self._console.print("[green]All of it held.[/green]")


def a_table(title: str, *headings: str) -> Table:
    """A table of a report."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
