"""What sends messages, as the settings say; what is not set up says so when it is asked."""

from collections.abc import Mapping
from typing import TypeVar

from activities.channels import Channels, Pager, Texts
from domain.actions import Way
from domain.links import Links
from integrations.messaging.mail import SmtpMail, mail_server
from integrations.messaging.silent import NoMail, NoSms, NoWhatsApp
from integrations.messaging.slack import SlackPager
from integrations.messaging.sms import TwilioSms
from integrations.messaging.templates import Templates
from integrations.messaging.twilio import TwilioChannel
from integrations.messaging.whatsapp import TwilioWhatsApp
from integrations.webhooks.pages import WebhookPager
from integrations.webhooks.sender import Webhooks
from settings import Settings, secret_named
from store.conversations import Conversations
from store.database import Database
from store.opt_outs import OptOuts
from store.receipts import Receipts
from workflows.clock import wall_clock

ByTwilio = TypeVar("ByTwilio", bound=TwilioChannel)


def mail_of(settings: Settings) -> SmtpMail | NoMail:
    url = settings["DOORSTEP_SMTP_URL"]
    if not url:
        return NoMail()
    return SmtpMail(mail_server(url), settings["DOORSTEP_MAIL_FROM"], wall_clock, bounces=settings.bounces_to)


def sms_of(settings: Settings) -> TwilioSms | NoSms:
    if not settings["TWILIO_ACCOUNT_SID"]:
        return NoSms()
    return _by_twilio(TwilioSms, settings, "DOORSTEP_TWILIO_FROM")


def whatsapp_of(settings: Settings) -> TwilioWhatsApp | NoWhatsApp:
    if not settings["TWILIO_ACCOUNT_SID"] or not settings["DOORSTEP_TWILIO_WHATSAPP_FROM"]:
        return NoWhatsApp()
    return _by_twilio(TwilioWhatsApp, settings, "DOORSTEP_TWILIO_WHATSAPP_FROM")


def _by_twilio(kind: type[ByTwilio], settings: Settings, sender: str) -> ByTwilio:
    """`sender`: the setting with the number that it is sent from."""
    account, url = settings["TWILIO_ACCOUNT_SID"], settings["DOORSTEP_TWILIO_BASE_URL"]
    return kind(account, settings["TWILIO_AUTH_TOKEN"], settings[sender], url, public_url=settings.public_url)


def links_of(settings: Settings) -> Links:
    return Links(settings.public_url, settings.secret_key)


def pagers_of(webhooks: Webhooks) -> Mapping[Way, Pager]:
    return {"slack": SlackPager(secret_named, wall_clock), "webhook": WebhookPager(webhooks)}


def channels_of(
    settings: Settings, database: Database, sms: Texts, whatsapp: Texts, templates: Templates, webhooks: Webhooks
) -> Channels:
    """All of them, with what the store knows of those who are written to."""
    return Channels(
        mail_of(settings),
        sms,
        whatsapp,
        templates,
        OptOuts(database),
        wall_clock,
        links_of(settings),
        pagers_of(webhooks),
        Conversations(database),
        Receipts(database),
    )
