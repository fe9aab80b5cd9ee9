"""Signed links: what a link is about stands in its token, with until when it is good. Pure.

A token is `PAYLOAD.SIGNATURE`, both in base64url; the signature is HMAC-SHA256, cut to 128 bits so that a link fits into an SMS.
The same link signed again is the same token, also on the next try to send it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

from domain.instant import DAY, HOUR, MINUTE, Instant, Span

TRACK_LASTS: Span = 90 * DAY
"""A tracking link at the longest; its page ends some days after the delivery."""
ACKNOWLEDGE_LASTS: Span = 7 * DAY
DECIDE_LASTS: Span = 7 * DAY
"""Of a proposal without a deadline."""
FORM_LASTS: Span = 24 * HOUR

SIGNATURE_BYTES = 16
LONGEST_TOKEN = 2_000
_APART = "\n"


class LinkKind(StrEnum):
    """What a link is for; a link of one kind is never good for another."""

    TRACK = "t"
    DECIDE = "d"
    ACKNOWLEDGE = "a"
    FORM = "f"
    """Stands in the form of a page, so that only the page that we gave out can send it."""


@dataclass(frozen=True, slots=True)
class Link:
    """`about` is a delivery, a proposal or an incident, by its id; `by` is for whom it was made. Times are to the minute."""

    kind: LinkKind
    about: str
    issued_at: Instant
    expires_at: Instant
    by: str = ""


class LinkError(Exception):
    """A token that is not good: it was changed, cut off, or is of another kind."""


class ExpiredLinkError(LinkError):
    """A token that was good once; `link` says for what."""

    def __init__(self, link: Link) -> None:
        super().__init__("the link has expired")
        self.link = link


class Signer:
    """Makes tokens and reads them, with a secret."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"doorstep links\n" + secret.encode()).digest()

    def token(self, link: Link) -> str:
        """The token of a link."""
        times = (format(link.issued_at // MINUTE, "x"), format(-(-link.expires_at // MINUTE), "x"))
        payload = _APART.join((link.kind, link.about, *times, link.by)).encode()
        return f"{_text(payload)}.{_text(self._signature(payload))}"

    def read(self, token: str, kind: LinkKind, now: Instant) -> Link:
        """What a token of a kind says. Raises LinkError, ExpiredLinkError."""
        link = self._read(token)
        if link.kind is not kind:
            raise LinkError("the link is for something else")
        if now >= link.expires_at:
            raise ExpiredLinkError(link)
        return link

    def _read(self, token: str) -> Link:
        try:
            payload, signature = (_bytes(part) for part in token[:LONGEST_TOKEN].split("."))
        except ValueError:
            raise LinkError("the link is incomplete") from None
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise LinkError("the link is not one of ours")
        kind, about, issued, expires, by = payload.decode().split(_APART)
        return Link(LinkKind(kind), about, int(issued, 16) * MINUTE, int(expires, 16) * MINUTE, by)

    def _signature(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:SIGNATURE_BYTES]


class Links:
    """The links that messages carry; None where no address or no secret is set."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._url = public_url if secret else ""
        self._signer = Signer(secret)

    def tracking(self, delivery_id: str, at: Instant) -> str | None:
        """The customer's page of a delivery."""
        return self._link("track", Link(LinkKind.TRACK, delivery_id, at, at + TRACK_LASTS))

    def acknowledging(self, incident_id: str, by: str, at: Instant) -> str | None:
        """Where one of our people acknowledges an incident."""
        return self._link("acknowledge", Link(LinkKind.ACKNOWLEDGE, incident_id, at, at + ACKNOWLEDGE_LASTS, by))

    def deciding(self, proposal_id: str, by: str, at: Instant, until: Instant | None) -> str | None:
        """Where a proposal is decided. After its deadline the page still says how it ended."""
        return self._link("decide", Link(LinkKind.DECIDE, proposal_id, at, (until or at) + DECIDE_LASTS, by))

    def _link(self, page: str, link: Link) -> str | None:
        return f"{self._url}/{page}/{self._signer.token(link)}" if self._url else None


NO_LINKS = Links("", "")
"""Where none are set up."""


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Raises ValueError. Of the spellings that a decoder would take for the same, only ours is one."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(data) != text:
        raise ValueError("not base64url")
    return data
