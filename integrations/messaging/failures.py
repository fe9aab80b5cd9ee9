"""Which failures to send mail and SMS may be retried, and why, in words; what any call over HTTP may meet is judged in
integrations.judging.

Reasons never quote the provider's own text: it may hold the recipient's address or number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiosmtplib import (
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from domain.instant import Span
from domain.sending import Unsent
from integrations.judging import BETWEEN_LOGINS, Provider, of_answer, of_failure, why

KEPT = "the message is kept and tried again"

NOT_LOGGED_IN = frozenset({530, 534, 535, 538})
"""SMTP answers that are about our login, whatever command they answer (RFC 4954)."""

ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
"""The enhanced status code (RFC 3463) in an answer; the words around it may name the recipient."""

OPTED_OUT = 21610
"""Twilio's code for who has replied STOP to it."""

TWILIO_REASONS: Mapping[int, str] = {
    21211: "the recipient's number is not valid",
    21212: "the sender's number is not valid; check DOORSTEP_TWILIO_FROM",
    21609: "the address for status callbacks is not valid; check DOORSTEP_PUBLIC_URL",
    21408: "the account may not send to the recipient's country",
    21606: "the sender's number does not belong to the account or cannot send SMS; check DOORSTEP_TWILIO_FROM",
    21608: "a trial account may not send to an unverified number",
    OPTED_OUT: "the recipient has opted out of messages from this number",
    21612: "the recipient's number cannot be reached from this sender",
    21614: "the recipient's number cannot receive SMS",
    21617: "the message is too long",
    21655: "there is no such content template; check the content of the WhatsApp template's file",
    21656: "the content template takes other variables; check those of the WhatsApp template's file",
    63007: "the account has no such WhatsApp sender; check DOORSTEP_TWILIO_WHATSAPP_FROM",
}
"""https://www.twilio.com/docs/api/errors"""


STATUS_REASONS: Mapping[int, str] = {
    **TWILIO_REASONS,
    30003: "the recipient's phone is switched off or out of reach",
    30004: "the recipient, or their network, blocks messages",
    30005: "the recipient's number does not exist any more",
    30006: "the recipient's number is a landline, or its network cannot be reached",
    30007: "the network took it for unwanted mail",
    30008: "the network does not say why",
    63003: "the recipient has no WhatsApp at this number",
    63016: "the recipient has not written within a day, and WhatsApp wants an approved template",
    63024: "the recipient has no WhatsApp at this number",
}
"""What Twilio reports later of a message that it had taken: https://www.twilio.com/docs/api/errors"""


def status_reason(code: int | None) -> str:
    """Why a message did not arrive, in words."""
    if code is None:
        return "the provider does not say why"
    return STATUS_REASONS.get(code, f"see https://www.twilio.com/docs/errors/{code}")


class TwilioAnswerError(Exception):
    """Twilio answered with an HTTP status of 400 or more. `code` is Twilio's own, `retry_after` in milliseconds."""

    def __init__(self, status: int, code: int | None = None, retry_after: Span | None = None) -> None:
        super().__init__(f"Twilio answered HTTP {status}, code {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _Mail:
    """Where the mail server is, for the words of a reason."""

    server: str

    def unreachable(self, why: str) -> Unsent:
        return Unsent(f"mail server {self.server} cannot be reached: {why}; {KEPT}", retry=True)

    def answered(self, code: int, text: str) -> Unsent:
        enhanced = ENHANCED.search(text)
        answer = f"{code} {enhanced.group()}" if enhanced else str(code)
        if code in NOT_LOGGED_IN:
            reason = f"mail server {self.server} does not accept our login ({answer}); check the user and password in DOORSTEP_SMTP_URL; {KEPT}"
            return Unsent(reason, retry=True, after=BETWEEN_LOGINS)
        if 400 <= code < 500:
            return Unsent(f"mail server {self.server} cannot take the message now ({answer}); {KEPT}", retry=True)
        return Unsent(f"mail server {self.server} refused the message for good ({answer})", retry=False)


def of_mail(error: Exception, server: str) -> Unsent:
    """What a failed attempt to send a mail means. Mail is never in doubt: a second copy has the same Message-ID."""
    mail = _Mail(server)
    match error:
        case SMTPRecipientsRefused():
            refused = error.recipients[0]
            return mail.answered(refused.code, refused.message)
        case SMTPResponseException():
            return mail.answered(error.code, error.message)
        case SMTPServerDisconnected():
            return mail.unreachable("it closed the connection")
        case SMTPTimeoutError() | TimeoutError():
            return mail.unreachable("no answer in time")
        case OSError():
            return mail.unreachable(_why(error))
        case SMTPNotSupported():
            return Unsent(
                f"mail server {server} cannot take the recipient's address, which has letters beyond ASCII", retry=False
            )
        case SMTPException():
            return mail.unreachable("it does not offer the STARTTLS or AUTH that DOORSTEP_SMTP_URL asks for")
    raise error


def of_twilio(error: Exception, server: str) -> Unsent:
    """What a failed attempt to send an SMS means. In doubt whenever the request may have reached Twilio."""
    twilio = Provider(f"Twilio at {server}", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN", KEPT)
    if not isinstance(error, TwilioAnswerError):
        return of_failure(twilio, error)
    judged = of_answer(twilio, error.status, error.retry_after)
    return judged if judged.retry else _refused(error)


def _refused(error: TwilioAnswerError) -> Unsent:
    known = TWILIO_REASONS.get(
        error.code or 0, f"see https://www.twilio.com/docs/errors/{error.code}" if error.code else "no code given"
    )
    reason = f"Twilio refused the message for good ({error.status}, code {error.code}): {known}"
    return Unsent(reason, retry=False, opted_out=error.code == OPTED_OUT)


def _why(error: BaseException) -> str:
    """The system's reason in a few words; wrapped errors tell theirs."""
    return why(error.__cause__ if isinstance(error, SMTPException) and error.__cause__ else error)
