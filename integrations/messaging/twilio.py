"""Twilio's Messages through its official client: what SMS and WhatsApp share."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from logging import WARNING, getLogger
from typing import Any, Self
from urllib.parse import quote, urlsplit

import aiohttp
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from domain.instant import MINUTE, SECOND, Instant, Span, instant
from domain.sending import Sending, Sent, Unsent
from integrations.messaging.failures import TwilioAnswerError, of_twilio
from integrations.outgoing import host_of, outgoing

TWILIO = "https://api.twilio.com"

STATUS_PATH = "/v1/twilio/status"
"""The gateway's door for what became of a message."""

CLOCKS_APART: Span = MINUTE
"""How much Twilio's clock may differ from ours when an earlier message is looked for."""

LOOKED_THROUGH = 100
"""Latest messages to one recipient among which an earlier one is looked for."""

QUIET = getLogger("doorstep.twilio")
QUIET.setLevel(WARNING)
"""The client logs addresses with numbers in them at INFO; that is personal data."""


THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""Hosts that Twilio cannot reach: it refuses a message that names them for its reports."""


def reporting(public_url: str, key: str) -> dict[str, str]:
    """The field that says where Twilio reports on the message of an effect; none if there is nothing that it could reach.

    The key in the address names the effect before its row in the ledger is closed.
    """
    if not public_url or urlsplit(public_url).hostname in THIS_MACHINE:
        return {}
    return {"status_callback": f"{public_url}{STATUS_PATH}?effect={quote(key, safe='')}"}


class RewritingHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Twilio's HTTP client with another base URL, a total timeout, and answers of 400 and more raised with their Retry-After."""

    def __init__(self, base_url: str, timeout: Span) -> None:
        super().__init__(logger=QUIET)
        self._base_url = base_url.rstrip("/")
        self._total_s = timeout / 1000

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the parent's signature
        allow_redirects: bool = False,
    ) -> Response:
        """As the parent's, which ignores its own timeout and passes on credentials in a way that aiohttp deprecates."""
        url = self._base_url + url.removeprefix(TWILIO)
        headers = {**(headers or {}), **(_basic(*auth) if auth else {})}
        async with asyncio.timeout(self._total_s):
            with outgoing(f"Twilio {method}", host_of(self._base_url)):
                response = await super().request(method, url, params, data, headers, None, self._total_s, allow_redirects)
        if response.status_code >= 400:
            raise _answer(response)
        return response


class TwilioMessages:
    """The messages of one account. `timeout` is the longest that a request may take."""

    def __init__(self, account_sid: str, auth_token: str, base_url: str = TWILIO, timeout: Span = 5 * SECOND) -> None:
        self._credentials = (account_sid, auth_token)
        self._base_url = base_url
        self._timeout = timeout
        self._client: Client | None = None

    async def create(self, **fields: Any) -> Sending:
        """Sends a message with the fields of the API."""
        try:
            message = await self._messages().create_async(**fields)
        except (TwilioAnswerError, aiohttp.ClientError, OSError) as error:
            return of_twilio(error, self._base_url)
        return Sent(str(message.sid))

    async def find(self, to: str, is_it: Callable[[str], bool], since: Instant) -> Sent | Unsent | None:
        """The latest message to an address, made since an instant, whose text `is_it`; None if there is none.

        Not narrowed by Twilio's DateSent, which a queued message does not have yet.
        """
        try:
            messages = await self._messages().list_async(to=to, limit=LOOKED_THROUGH)
        except (TwilioAnswerError, aiohttp.ClientError, OSError) as error:
            return of_twilio(error, self._base_url)
        made = (message for message in messages if message.date_created and instant(message.date_created) >= since - CLOCKS_APART)
        return next((Sent(str(message.sid)) for message in made if is_it(str(message.body or ""))), None)

    async def close(self) -> None:
        """Closes the connections; a later message opens them again."""
        if self._client is not None:
            await self._client.http_client.close()
            self._client = None

    def _messages(self) -> Any:
        """Made at first use: the HTTP session belongs to the running loop."""
        if self._client is None:
            self._client = Client(*self._credentials, http_client=RewritingHttpClient(self._base_url, self._timeout))
        return self._client.messages


class TwilioChannel:
    """One way of sending through Twilio. `sender` is a number, a name or a messaging service (MG...); `timeout` the longest that a
    request may take.

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
        is_service = sender.startswith("MG")
        self._sender = {"messaging_service_sid": sender} if is_service else {"from_": self._address(sender)}
        self._public_url = public_url

    def _address(self, number: str) -> str:
        """How Twilio writes a number of this channel."""
        return number

    async def close(self) -> None:
        """Closes the connections; a later message opens them again."""
        await self._messages.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def _answer(response: Response) -> TwilioAnswerError:
    try:
        body = json.loads(response.text)
    except ValueError:
        body = {}
    code = body.get("code") if isinstance(body, dict) else None
    return TwilioAnswerError(response.status_code, code if isinstance(code, int) else None, _retry_after(response))


def _retry_after(response: Response) -> Span | None:
    """Retry-After in whole seconds; the form with a date is not used by Twilio and counts as not said."""
    text = (response.headers or {}).get("Retry-After", "")
    return int(text) * SECOND if text.isdigit() else None
