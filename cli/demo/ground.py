"""What a scene is played on: everything of `up` in a folder of its own, with a rulebook of its own and stand-ins for mail and SMS."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.publishing import publish
from cli.site import Site
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_standin import TwilioStandin, standing_in
from rules.check import Check
from settings import Settings
from store.database import Database
from workflows.client import Deliveries


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
    settings: Settings, say: Callable[[str], None], folder: Path, rules: Path, checked: Check, **more: str
) -> AsyncIterator[Ground]:
    """Everything is up inside, and ended afterwards. `rules` is the folder of `checked`; `more` are further settings."""
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
        async with Site(ours, say, publish=lambda database: publish(checked, database)) as site:
            database = Database(site.settings.database_url)
            try:
                yield Ground(site, database, mail, twilio, await site.deliveries())
            finally:
                await database.close()
