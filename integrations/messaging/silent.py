"""What stands in for channels that nobody has set up: says so at once, so that nothing waits for them."""

from domain.instant import Instant
from domain.sending import Message, Sending, Sent, Unsent

NO_MAIL = "no mail server is set: give DOORSTEP_SMTP_URL and start the worker again"
NO_SMS = "no SMS account is set: give TWILIO_ACCOUNT_SID and start the worker again"
NO_WHATSAPP = "no WhatsApp sender is set: give DOORSTEP_TWILIO_WHATSAPP_FROM (and a Twilio account) and start the worker again"

NOT_SET_UP = frozenset({NO_MAIL, NO_SMS, NO_WHATSAPP})
"""Notes of notices that failed since nobody had set up their channel: that is a choice, not a fault."""


class NoMail:
    """No mail server is set."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        return Unsent(NO_MAIL, retry=False)


class NoSms:
    """No Twilio account is set."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        return Unsent(NO_SMS, retry=False)

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        return None


class NoWhatsApp:
    """No sender for WhatsApp is set."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        return Unsent(NO_WHATSAPP, retry=False)

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        return None
