"""What stands in for mail and SMS that nobody has set up: says so, and keeps the message to be tried again."""

from domain.instant import Instant
from domain.sending import Message, Sending, Sent, Unsent


class NoMail:
    """No mail server is set."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        return Unsent("no mail server is set: give DOORSTEP_SMTP_URL and start the worker again", retry=True)


class NoSms:
    """No Twilio account is set."""

    async def send(self, *, to: str, text: str) -> Sending:
        return Unsent("no SMS account is set: give TWILIO_ACCOUNT_SID and start the worker again", retry=True)

    async def find(self, *, to: str, text: str, since: Instant) -> Sent | Unsent | None:
        return None
