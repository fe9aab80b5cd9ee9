"""The one place that judges failed calls over HTTP, whoever was called: which may be tried again, after how long, which may have
been done all the same, and why, in words.

Reasons never quote what the other side wrote: it may hold personal data, or a secret of ours.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiohttp import ClientConnectorError, ClientError

from domain.instant import MINUTE, SECOND, Instant, Span, instant
from domain.sending import Unsent

BETWEEN_LOGINS: Span = MINUTE
"""Wrong credentials are somebody's to correct, not the message's fault: wait, and do not get the account locked."""

LONGEST_WAIT: Span = 60 * MINUTE
"""More patience than this is not asked of us, whatever Retry-After says."""

LATER = frozenset({408, 425})
"""Answers of 4xx that are about the moment, not about what was sent."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom we called. `credentials` is what to check when it does not accept ours (answers in `no_login`), `kept` what becomes of
    what was to be told, and `address` where its address is configured."""

    name: str
    credentials: str
    kept: str
    no_login: frozenset[int] = frozenset({401})
    address: str = ""


def of_answer(provider: Provider, status: int, retry_after: Span | None = None) -> Unsent:
    """What an HTTP status of 300 or more means."""
    name, kept = provider.name, provider.kept
    if status in provider.no_login:
        reason = f"{name} does not accept our credentials ({status}); check {provider.credentials}; {kept}"
        return Unsent(reason, retry=True, after=BETWEEN_LOGINS)
    if status == 429:
        return Unsent(f"{name} asks us to slow down (429); {kept}", retry=True, after=retry_after or SECOND)
    if status >= 500:
        # 503 is said before anything is done; of the others nobody knows.
        return Unsent(f"{name} has trouble ({status}); {kept}", retry=True, after=retry_after, in_doubt=status != 503)
    if status in LATER:
        return Unsent(f"{name} could not take it now ({status}); {kept}", retry=True, after=retry_after)
    if status < 400:
        return Unsent(f"{name} points elsewhere ({status}), which is not followed; correct {provider.address}", retry=False)
    return Unsent(f"{name} refused it for good ({status})", retry=False)


def of_failure(provider: Provider, error: Exception) -> Unsent:
    """What a call without an answer means. In doubt whenever the request may have arrived."""
    match error:
        case ClientConnectorError():
            return Unsent(f"{provider.name} cannot be reached: {why(error.os_error)}; {provider.kept}", retry=True)
        case TimeoutError():
            return Unsent(f"{provider.name} did not answer in time; {provider.kept}", retry=True, in_doubt=True)
        case ClientError() | OSError():
            return Unsent(f"{provider.name} broke off the connection; {provider.kept}", retry=True, in_doubt=True)
    raise error


def retry_after(headers: Mapping[str, str], now: Instant) -> Span | None:
    """Retry-After (RFC 9110, 10.2.3) in milliseconds: whole seconds, or a date; None if it is not said or cannot be read."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(0, instant(_aware(at)) - now), LONGEST_WAIT)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def why(error: BaseException) -> str:
    """The system's reason in a few words."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ssl.SSLCertVerificationError():
            return f"its certificate cannot be verified ({error.verify_message})"
        case ssl.SSLError():
            return "the TLS handshake failed"
        case OSError() if error.strerror and "Connect call failed" in error.strerror:
            return "connection refused"
        case OSError() if error.strerror:
            return error.strerror.lower()
        case _:
            return "the connection failed"
