"""Mails that came back: delivery status notifications (RFC 3464) and complaints (RFC 5965), as the standard library parses them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.policy import compat32

FAILED, COMPLAINT = "failed", "complaint"
"""What is said of a mail, besides RFC 3464's delayed, delivered, relayed and expanded."""

OURS = re.compile(r"<[0-9a-f]{32}@[^<>\s]{1,253}>")
"""A Message-ID as we make it; see integrations.messaging.mail."""

RETURNED_TO = re.compile(r"[^\s<>\"@,]+\+(?P<id>[0-9a-f]{32})@[^\s<>\"@,]+")
"""The envelope sender of one of our mails: `bounces+0123...@example.test`."""

REASONS: Mapping[str, str] = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such mail domain",
    "5.1.10": "the domain takes no mail",
    "5.2.1": "the mailbox is closed",
    "5.2.2": "the mailbox is full",
    "4.2.2": "the mailbox is full",
    "4.4.1": "the recipient's mail server did not answer in time",
    "4.4.7": "it could not be delivered in time",
    "5.7.1": "the recipient's mail server refused it",
}
"""Enhanced status code (RFC 3463) -> why, in words."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What is told of one of our mails: what happened, RFC 3463's code for why, and which mail it was, as far as that is said.

    `message_id` and `effect` stand in the headers that came back, `returned_to` in the address to which it came back.
    """

    what: str
    status: str = ""
    message_id: str = ""
    effect: str = ""
    returned_to: str = ""
    recipient: str = ""

    @property
    def reason(self) -> str:
        """Why it did not arrive; never in the words of the other side, which may hold an address."""
        known = REASONS.get(self.status)
        return f"{known} ({self.status})" if known else f"the mail came back ({self.status or 'no reason given'})"


def read_bounce(raw: bytes) -> Bounce | None:
    """What a mail tells of one of ours; None for any other mail, an answer from a holiday for one."""
    try:
        mail = message_from_bytes(raw, policy=compat32)
        parts = {part.get_content_type(): part for part in mail.walk()}
    except RecursionError:  # mails in mails in mails: made to do harm, and no server sends such a report
        return None
    told = _complaint(parts) or _failure(parts)
    if told is None:
        return None
    what, status, recipient = told
    headers = _returned_headers(mail)
    named = OURS.search(_text(headers, "Message-ID") or " ".join((_text(mail, "In-Reply-To"), _text(mail, "References"))))
    return Bounce(
        what,
        status,
        named.group() if named else "",
        _text(headers, "Doorstep-Effect"),
        _returned_to(mail),
        recipient or _text(headers, "To"),
    )


def _failure(parts: Mapping[str, Mail]) -> tuple[str, str, str] | None:
    """What happened to the first recipient, of whom our mails have one: action, status code, address."""
    report = parts.get("message/delivery-status")
    for group in _groups(report):
        if action := _text(group, "Action").lower():
            return action.split()[0], _text(group, "Status").split(" ")[0], ""
    return None


def _complaint(parts: Mapping[str, Mail]) -> tuple[str, str, str] | None:
    for group in _groups(parts.get("message/feedback-report")):
        if _text(group, "Feedback-Type").lower() in ("abuse", "opt-out", "opt-out-list", "fraud"):
            return COMPLAINT, "", _text(group, "Original-Rcpt-To").strip("<>")
    return None


def _groups(report: Mail | None) -> Iterator[Mail]:
    """The groups of fields of a report; the standard library makes messages of those of a delivery status only."""
    if report is None:
        return
    payload = report.get_payload()
    if isinstance(payload, list):
        yield from (group for group in payload if isinstance(group, Mail))
    else:
        yield message_from_string(str(payload))


def _returned_headers(mail: Mail) -> Mail:
    """The headers of the mail that came back; none if they did not come along."""
    for part in mail.walk():
        if part.get_content_type() in ("text/rfc822-headers", "message/rfc822-headers"):
            return message_from_string(str(part.get_payload()))
        if part.get_content_type() == "message/rfc822" and part is not mail:
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Mail):
                return payload[0]
    return Mail()


def _returned_to(mail: Mail) -> str:
    """The random part of the address to which the mail came back."""
    for name in ("To", "X-Original-To", "Delivered-To", "Envelope-To"):
        if found := RETURNED_TO.search(_text(mail, name)):
            return found["id"]
    return ""


def _text(mail: Mail, name: str) -> str:
    """A header on one line; nothing if it is missing. A long word may have been encoded to be folded, which is undone."""
    try:
        return " ".join(str(make_header(decode_header(str(mail.get(name, ""))))).split())
    except (MessageError, ValueError, LookupError):  # an unknown charset, or what only looks encoded
        return ""
