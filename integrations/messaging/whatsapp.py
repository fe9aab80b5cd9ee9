"""WhatsApp through Twilio. Who has not written to us within a day is only sent content that WhatsApp has approved."""

import json
from typing import Any

from domain.instant import SECOND, Instant, Span
from domain.sending import Message, Sending, Sent, Unsent
from integrations.messaging.twilio import TWILIO, TwilioMessages, reporting

PREFIX = "whatsapp:"
"""Before a number, where Twilio means it on WhatsApp."""


class TwilioWhatsApp:
    """Sends WhatsApp messages. `sender` is the number that WhatsApp knows us by, or a messaging service (MG...) that has it."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        base_url: str = TWILIO,
        timeout: Span = 5 * SECOND,
        public_url: str = "",
    ) -> None:
        """`timeout` and `public_url`: see TwilioSms."""
        self._messages = TwilioMessages(account_sid, auth_token, base_url, timeout)
        is_service = sender.startswith("MG")
        self._sender = {"messaging_service_sid": sender} if is_service else {"from_": addressed(sender)}
        self._public_url = public_url

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        """Sends the message's content, or its text if it has none, to a number in E.164 form."""
        return await self._messages.create(to=addressed(to), **self._sender, **_said(message), **reporting(self._public_url, key))

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        """The message that was made for this number since an instant; None if there is none.

        Of content only the approved text is known to Twilio: a message that holds all that fills its gaps is taken to be it.
        """
        return await self._messages.find(addressed(to), lambda body: _holds(body, message), since)

    async def close(self) -> None:
        """Closes the connections; a later message opens them again."""
        await self._messages.close()

    async def __aenter__(self) -> "TwilioWhatsApp":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def addressed(number: str) -> str:
    """`whatsapp:+358401234567`."""
    return number if number.startswith(PREFIX) else PREFIX + number


def _said(message: Message) -> dict[str, Any]:
    if message.content is None:
        return {"body": message.text}
    variables = json.dumps(dict(message.content.variables), ensure_ascii=False)
    return {"content_sid": message.content.sid, "content_variables": variables}


def _holds(body: str, message: Message) -> bool:
    """Whether a message that Twilio has may be this one, by its text or by what fills the gaps of its content."""
    if body.endswith(message.text):
        return True
    return message.content is not None and all(value in body for value in message.content.variables.values())
