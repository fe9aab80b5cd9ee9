"""Twilio's Message resource: its fields, its errors, its lists, as the official OpenAPI has them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import JSONResponse

from domain.instant import DAY, Instant, instant, moment
from integrations.messaging.segments import segments

VERSION = "2010-04-01"

WHATSAPP = "whatsapp:"
CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")

LONGEST = 1600
"""Characters of a body, more than which Twilio refuses with 21617."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """An SMS or a WhatsApp message that was sent. `callback` is where to report what became of it, `content` the approved template
    that it was sent by."""

    sid: str
    at: Instant
    to: str
    sender: str
    body: str
    service: str | None = None
    callback: str | None = None
    content: str | None = None


MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "The 'To' number is not a valid phone number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21655: "The ContentSid is invalid.",
    21656: "The ContentVariables parameter is invalid.",
    63007: "Twilio could not find a Channel with the specified From address.",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}
"""https://www.twilio.com/docs/api/errors"""


def refusal(status: int, code: int, retry_after_s: int | None = None) -> JSONResponse:
    """An error as Twilio words it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse(
        {"code": code, "message": MESSAGES.get(code, "Error"), "more_info": more, "status": status}, status, headers
    )


def wrong_field(form: Mapping[str, str]) -> int | None:
    """Twilio's code for the first thing that is wrong with a request to send."""
    to, sender = form.get("To", ""), form.get("From", "")
    if not to:
        return 21604
    number = to.removeprefix(WHATSAPP)
    if not (number.startswith("+") and number[1:].isdigit() and 8 <= len(number) <= 16):
        return 21211
    if not sender and not form.get("MessagingServiceSid"):
        return 21603
    if sender and to.startswith(WHATSAPP) != sender.startswith(WHATSAPP):
        return 63007
    if not form.get("StatusCallback", "http://").startswith(("http://", "https://")):
        return 21609
    return _wrong_text(form)


def _wrong_text(form: Mapping[str, str]) -> int | None:
    if sid := form.get("ContentSid"):
        if not CONTENT_SID.fullmatch(sid):
            return 21655
        return None if variables_of(form) is not None else 21656
    if not form.get("Body"):
        return 21602
    return 21617 if len(form["Body"]) > LONGEST else None


def variables_of(form: Mapping[str, str]) -> dict[str, str] | None:
    """What fills the gaps of an approved template; None for what Twilio refuses."""
    try:
        variables = json.loads(form.get("ContentVariables", "{}"))
    except ValueError:
        return None
    is_right = isinstance(variables, dict) and all(isinstance(value, str) and value for value in variables.values())
    return variables if is_right else None


def matches(message: TextMessage, asked: Mapping[str, str]) -> bool:
    """Whether a message is among those that a list asks for. DateSent is a day."""
    day = message.at - message.at % DAY
    return (
        asked.get("To") in (None, message.to)
        and asked.get("From") in (None, message.sender)
        and ("DateSent" not in asked or day == _day(asked["DateSent"]))
        and ("DateSent>" not in asked or day >= _day(asked["DateSent>"]))
        and ("DateSent<" not in asked or day <= _day(asked["DateSent<"]))
    )


def _day(text: str) -> Instant:
    return instant(datetime.fromisoformat(text[:10]).replace(tzinfo=UTC))


def page_of(found: list[TextMessage], account: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """One page of a list, with the addresses of those beside it."""
    size, number = int(asked.get("PageSize", "50")), int(asked.get("Page", "0"))
    shown = found[number * size : (number + 1) * size]
    more = (number + 1) * size < len(found)
    return {
        "messages": [resource(message, account) for message in shown],
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(0, len(shown) - 1),
        "uri": _page_uri(account, asked, number, size),
        "first_page_uri": _page_uri(account, asked, 0, size),
        "next_page_uri": _page_uri(account, asked, number + 1, size) if more else None,
        "previous_page_uri": _page_uri(account, asked, number - 1, size) if number else None,
    }


def _page_uri(account: str, asked: Mapping[str, str], number: int, size: int) -> str:
    return f"/{VERSION}/Accounts/{account}/Messages.json?" + urlencode({**asked, "PageSize": size, "Page": number})


def resource(message: TextMessage, account: str) -> dict[str, Any]:
    """A message as the API shows it."""
    made = format_datetime(moment(message.at))
    uri = f"/{VERSION}/Accounts/{account}/Messages/{message.sid}"
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": message.body,
        "date_created": made,
        "date_sent": made,
        "date_updated": made,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": message.sender or None,
        "messaging_service_sid": message.service,
        "num_media": "0",
        "num_segments": str(segments(message.body).count),
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }
