"""Whether a call comes from whom it should: signatures of the Standard Webhooks specification, and Zendesk's.

A signature is good for five minutes around its time. What comes back is the id of the call: the same call again has the same.
"""

import binascii
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from domain.instant import MINUTE, SECOND, Instant, Span, instant
from integrations.webhooks.signature import signed_headers

GOOD_FOR: Span = 5 * MINUTE

Verify: TypeAlias = Callable[[str, Mapping[str, str], bytes, Instant], str | None]
"""(secret, headers with lower-case names, body, now) -> the id of the call; None for one whose signature is wrong, old or missing."""


def standard(secret: str, headers: Mapping[str, str], body: bytes, now: Instant) -> str | None:
    """https://www.standardwebhooks.com: `webhook-signature` may hold several, in the time in which a secret is changed."""
    id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not (sent.isascii() and sent.isdigit() and len(sent) <= 12) or not _is_timely(int(sent) * SECOND, now):
        return None
    wanted = signed_headers(secret, id, int(sent) * SECOND, body)["webhook-signature"]
    given = headers.get("webhook-signature", "").split()
    # All are compared, so that the time taken tells nothing.
    found = [hmac.compare_digest(wanted.encode(), one.encode()) for one in given]
    return id if any(found) else None


def zendesk(secret: str, headers: Mapping[str, str], body: bytes, now: Instant) -> str | None:
    """https://developer.zendesk.com/documentation/webhooks/verifying/: base64(HMAC-SHA256(timestamp + body))."""
    sent = headers.get("x-zendesk-webhook-signature-timestamp", "")
    try:
        at = instant(datetime.fromisoformat(sent))
    except ValueError:
        return None
    digest = hmac.new(secret.encode(), sent.encode() + body, hashlib.sha256).digest()
    given = headers.get("x-zendesk-webhook-signature", "")
    if not _is_timely(at, now) or not hmac.compare_digest(b64encode(digest), given.encode()):
        return None
    return binascii.hexlify(digest[:16]).decode()


def _is_timely(at: Instant, now: Instant) -> bool:
    return abs(now - at) <= GOOD_FOR
