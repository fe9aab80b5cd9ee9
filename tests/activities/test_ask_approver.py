"""Whose rulebook it is gets one mail for each proposal, through a real mail server."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from activities.ask_approver import AskingApprovers
from activities.channels import Channels
from activities.notify import Notifying
from cli.people import Contacts
from cli.standins.mail_catcher import catching
from domain.actions import Outcome
from domain.instant import HOUR, MINUTE
from domain.links import LinkKind, Links, Signer
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoSms, NoWhatsApp
from integrations.messaging.templates import Templates
from settings import SHIPPED_RULES
from store.database import Database
from store.drivers import Drivers
from store.ledger import Ledger
from store.opt_outs import OptOuts
from tests.activities.fleet import EIGHT, request

ASKED = {
    "to": "ops@example.test",
    "proposal_id": "D1:1:late:1/do.0",
    "actions": ["reassign"],
    "cost": "up to 9.00 EUR",
    "due_at": EIGHT + HOUR,
}
KNOWN: dict[str, Any] = {
    "delivery_id": "D1",
    "status": "out_for_delivery",
    "promised": {"start": None, "end": EIGHT + HOUR},
    "incident": {"id": "D1:1:late:1", "says": "It is late", "severity": "high", "opened_at": EIGHT},
}


async def test_the_mail_says_what_is_proposed_what_it_costs_and_until_when_and_has_a_link(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with catching(tmp_path) as catcher:
        mail = SmtpMail(mail_server(f"smtp://127.0.0.1:{catcher.port}?starttls=never"), "doorstep@example.test", lambda: EIGHT)
        texts, contacts = Templates(SHIPPED_RULES / "templates"), Contacts(Drivers(sqlite_database), {})
        channels = Channels(mail, NoSms(), NoWhatsApp(), texts, OptOuts(sqlite_database), lambda: EIGHT)
        notifying = Notifying(channels, Ledger(sqlite_database), contacts, lambda: EIGHT)
        links = Links("https://doorstep.example.test", "a secret of this test")

        for _ in range(2):
            told = await AskingApprovers(notifying, links).ask_approver(replace(request("D1", ASKED), context=KNOWN))

    (caught,) = catcher.mails
    assert (told.outcome, told.events) == (Outcome.DONE, ())
    assert caught.subject == "To decide: It is late (D1)"
    for said in ("Proposed   reassign", "up to 9.00 EUR", "by 09:00 on"):
        assert said in caught.text
    link = re.search(r"https://doorstep\.example\.test/decide/(\S+)", caught.text)
    assert link is not None
    read = Signer("a secret of this test").read(link[1], LinkKind.DECIDE, EIGHT + MINUTE)
    assert (read.about, read.by) == ("D1:1:late:1/do.0", "ops@example.test")
