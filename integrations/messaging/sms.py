"""SMS through Twilio."""

from domain.instant import Instant
from domain.sending import Message, Sending, Sent, Unsent
from integrations.messaging.twilio import TwilioChannel, reporting


class TwilioSms(TwilioChannel):
    """Sends SMS."""

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        """Sends a text to a number in E.164 form."""
        return await self._messages.create(to=to, body=message.text, **self._sender, **reporting(self._public_url, key))

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        """The message with this text that was made for this number since an instant; None if there is none.

        A trial account puts words before the text.
        """
        return await self._messages.find(to, lambda body: body.endswith(message.text), since)
