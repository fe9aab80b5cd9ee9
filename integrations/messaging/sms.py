"""SMS through Twilio."""

from domain.instant import SECOND, Instant, Span
from domain.sending import Message, Sending, Sent, Unsent
from integrations.messaging.twilio import TWILIO, TwilioMessages, reporting


class TwilioSms:
    """Sends SMS. `sender` is a number, a name or a messaging service (MG...); `timeout` the longest that a request may take.

    With a `public_url`, that of the gateway, Twilio reports there what became of each message.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        base_url: str = TWILIO,
        timeout: Span = 5 * SECOND,
        public_url: str = "",
    ) -> None:
        self._messages = TwilioMessages(account_sid, auth_token, base_url, timeout)
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}
        self._public_url = public_url

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        """Sends a text to a number in E.164 form."""
        return await self._messages.create(to=to, body=message.text, **self._sender, **reporting(self._public_url, key))

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        """The message with this text that was made for this number since an instant; None if there is none.

        A trial account puts words before the text.
        """
        return await self._messages.find(to, lambda body: body.endswith(message.text), since)

    async def close(self) -> None:
        """Closes the connections; a later message opens them again."""
        await self._messages.close()

    async def __aenter__(self) -> "TwilioSms":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
