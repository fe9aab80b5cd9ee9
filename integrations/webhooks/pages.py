"""Pages people by a signed call to an endpoint of directory.yaml: a paging service, a pager of one's own."""

from domain.actions import ActionRequest
from domain.notice import notice_of
from domain.sending import Message, Sending, Sent, Unsent
from integrations.webhooks.sender import Webhooks

PAGE = "page"
"""The type of the call."""


class WebhookPager:
    """The same effect is the same call on every try."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def page(self, *, key: str, to: str, message: Message, request: ActionRequest, link: str | None) -> Sending:
        """`to` is the endpoint's name."""
        told = {"subject": message.subject, "text": message.text.strip(), "acknowledge_url": link}
        taken = await self._webhooks.post(to, key=key, body=notice_of(request, PAGE, {"page": told}))
        return taken if isinstance(taken, Unsent) else Sent(taken.reference)
