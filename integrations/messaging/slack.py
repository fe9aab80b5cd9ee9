"""Pages people by what takes Slack's incoming webhooks: Slack itself, Mattermost, Rocket.Chat, ...

Its address is a secret (whoever has it may write): directory.yaml names the environment variable that holds it. Such a webhook
takes no key, so a page of which nobody knows whether it arrived is sent again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.actions import ActionRequest
from domain.instant import SECOND, Instant, Span
from domain.sending import Message, Sending, Sent, Unsent
from integrations.judging import BETWEEN_LOGINS, Provider, of_answer, of_failure, retry_after
from integrations.outgoing import host_of, outgoing

LONGEST = 2_900
"""Characters of a section; Slack takes 3000."""

KEPT = "the page is kept and tried again"


class SlackPager:
    """`timeout` is the longest that a call may take."""

    def __init__(self, secrets: Callable[[str], str | None], clock: Callable[[], Instant], timeout: Span = 5 * SECOND) -> None:
        self._secrets = secrets
        self._clock = clock
        self._timeout = timeout

    async def page(self, *, key: str, to: str, message: Message, request: ActionRequest, link: str | None) -> Sending:
        """`to` is the name of the environment variable."""
        provider, url = Provider("the Slack webhook", to, KEPT, frozenset({401, 403, 404}), to), self._secrets(to)
        if not url or not url.startswith(("https://", "http://")):
            reason = f"the address of the Slack webhook is not set; set {to}, or {to}_FILE to a file that holds it; {KEPT}"
            return Unsent(reason, retry=True, after=BETWEEN_LOGINS)
        try:
            async with asyncio.timeout(self._timeout / 1000):
                with outgoing("Slack POST", host_of(url)):
                    return await self._sent(url, body_of(message, link), provider, key)
        except (ClientError, OSError) as error:
            return of_failure(provider, error)

    async def _sent(self, url: str, body: dict[str, Any], provider: Provider, key: str) -> Sending:
        """Pages are few: each has a connection of its own. Redirects would lead to a host that nobody configured."""
        async with (
            ClientSession(timeout=ClientTimeout(total=self._timeout / 1000)) as session,
            session.post(url, json=body, allow_redirects=False) as response,
        ):
            if response.status >= 300:
                return of_answer(provider, response.status, retry_after(response.headers, self._clock()))
        return Sent(key)


def body_of(message: Message, link: str | None) -> dict[str, Any]:
    """What is posted: `text` for notifications and for those that know nothing else, `blocks` for what is seen."""
    title, text = _plain(message.subject), _plain(message.text.strip())[:LONGEST]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*"[:LONGEST]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text or title}},
    ]
    if link is not None:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}, "url": link}
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": "\n".join((title, text, *([f"Acknowledge: {link}"] if link else []))), "blocks": blocks}


def _plain(text: str) -> str:
    """Without what Slack would read as a link or a mention (https://api.slack.com/reference/surfaces/formatting#escaping)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
