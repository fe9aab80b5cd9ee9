"""WhatsApp through Twilio. Who has not written to us within a day is only sent content that WhatsApp has approved."""

import json
from typing import Any

from domain.instant import Instant
from domain.sending import Message, Sending, Sent, Unsent
from integrations.messaging.twilio import TwilioChannel, reporting

PREFIX = "whatsapp:"
"""Before a number, where Twilio means it on WhatsApp."""


class TwilioWhatsApp(TwilioChannel):
    """Sends WhatsApp messages. `sender` is the number that WhatsApp knows us by, or a messaging service (MG...) that has it."""

    def _address(self, number: str) -> str:
        """`whatsapp:+358401234567`."""
        return number if number.startswith(PREFIX) else PREFIX + number

    async def send(self, *, key: str, to: str, message: Message) -> Sending:
        """Sends the message's content, or its text if it has none, to a number in E.164 form."""
        return await self._messages.create(
            to=self._address(to), **self._sender, **_said(message), **reporting(self._public_url, key)
        )

    async def find(self, *, to: str, message: Message, since: Instant) -> Sent | Unsent | None:
        """The message that was made for this number since an instant; None if there is none.

        Of content only the approved text is known to Twilio: a message that holds all that fills its gaps is taken to be it.
        """
        return await self._messages.find(self._address(to), lambda body: _holds(body, message), since)


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
