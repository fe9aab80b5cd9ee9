"""What stands in for mail and SMS that nobody has set up: says so at once, so that nothing waits for them."""

from domain.instant import Instant
from domain.sending import Message, Sending, Sent, Unsent


class NoMail:
    """No mail server is set."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        return Unsent("no mail server is set: give DOORSTEP_SMTP_URL and start the worker again", retry=False)


class NoSms:
    """No Twilio account is set."""

    async def send(self, *, to: str, text: str) -> Sending:
        return Unsent("no SMS account is set: give TWILIO_ACCOUNT_SID and start the worker again", retry=False)

    async def find(self, *, to: str, text: str, since: Instant) -> Sent | Unsent | None:
        return None
