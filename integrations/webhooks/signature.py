"""Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com): HMAC-SHA256 of id, time and body."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode

from domain.instant import SECOND, Instant

PREFIX = "whsec_"
"""Before a secret that is written in base64; one without it is taken as it is."""


def call_id(key: str) -> str:
    """The id of a call: of one effect always the same. It holds no dot, which stands between the parts of what is signed."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def signed_headers(secret: str, id: str, at: Instant, body: bytes) -> dict[str, str]:
    """webhook-id, webhook-timestamp (seconds) and webhook-signature of a body. Raises ValueError for a secret that is no base64."""
    seconds = str(at // SECOND)
    digest = hmac.new(_bytes(secret), b".".join((id.encode(), seconds.encode(), body)), hashlib.sha256).digest()
    return {"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{b64encode(digest).decode()}"}


def _bytes(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a secret that begins with {PREFIX} goes on in base64") from None
