"""Mails that came back, as mail servers write them (RFC 3464), and complaints (RFC 5965)."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.messaging.bounces import Bounce, read_bounce
from integrations.messaging.mail import message_id, message_id_of, returned_to

SENDER = "Doorstep <doorstep@example.test>"
KEY = "D-1001-with-a-long-name/1/customer-unreachable-at-night/12/escalate.1.do.0.otherwise.1/2/email"
ID = message_id(KEY, SENDER)


def dsn(
    action: str = "failed", status: str = "5.1.1", headers: str | None = None, to: str = "doorstep@example.test", more: str = ""
) -> bytes:
    """As Postfix writes it."""
    returned = f"Message-ID: {ID}\nDoorstep-Effect: {KEY}\nTo: aino@example.test\n" if headers is None else headers
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.test (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
{more}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.test. <aino@example.test>: unknown user
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test
X-Postfix-Queue-ID: 4TzWq
Arrival-Date: Mon, 23 Nov 2026 12:00:00 +0200 (EET)

Final-Recipient: rfc822; aino@example.test
Original-Recipient: rfc822;aino@example.test
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.test
Diagnostic-Code: smtp; 550 5.1.1 <aino@example.test>: Recipient address rejected

--B
Content-Type: text/rfc822-headers

{returned}
--B--
""".encode()


COMPLAINT = f"""\
From: <abuse@isp.example.test>
To: <doorstep@example.test>
Subject: FW: Your delivery is late
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.
--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <aino@example.test>

--B
Content-Type: message/rfc822

From: <doorstep@example.test>
To: <aino@example.test>
Message-ID: {ID}
Subject: Your delivery is late

text
--B--
""".encode()


def test_a_mail_that_came_back_says_which_it_was_and_why() -> None:
    bounce = read_bounce(dsn())

    assert bounce == Bounce("failed", "5.1.1", ID, KEY, "", "aino@example.test")
    assert bounce.reason == "there is no such mailbox (5.1.1)"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("4.4.7", "it could not be delivered in time (4.4.7)"),
        ("5.9.9", "the mail came back (5.9.9)"),
        ("", "the mail came back (no reason given)"),
    ],
)
def test_the_reason_is_never_in_the_words_of_the_other_side(status: str, reason: str) -> None:
    bounce = read_bounce(dsn(status=status))

    assert bounce is not None
    assert bounce.reason == reason


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "Failed"])
def test_what_happened_is_told_in_the_words_of_the_specification(action: str) -> None:
    bounce = read_bounce(dsn(action))

    assert bounce is not None
    assert bounce.what == action.lower()


def test_a_mail_that_came_back_whole_names_itself_too() -> None:
    whole = dsn().replace(b"Content-Type: text/rfc822-headers", b"Content-Type: message/rfc822")

    bounce = read_bounce(whole)

    assert bounce is not None
    assert (bounce.message_id, bounce.effect) == (ID, KEY)


def test_without_the_headers_the_address_that_it_came_back_to_says_which_it_was() -> None:
    bounce = read_bounce(dsn(headers="", to=returned_to(ID, "bounces@example.test")))

    assert bounce is not None
    assert bounce.message_id == ""
    assert message_id_of(bounce.returned_to, SENDER) == ID


def test_without_anything_else_the_mail_that_it_answers_says_which_it_was() -> None:
    bounce = read_bounce(dsn(headers="", more=f"In-Reply-To: {ID}\n"))

    assert bounce is not None
    assert bounce.message_id == ID


def test_a_key_that_was_encoded_to_fit_on_a_line_is_read_all_the_same() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"], mail["Doorstep-Effect"], mail["To"] = ID, KEY, "aino@example.test"

    bounce = read_bounce(dsn(headers=mail.as_bytes().decode().replace("\r\n", "\n")))

    assert bounce is not None
    assert (bounce.message_id, bounce.effect) == (ID, KEY)


def test_a_complaint_names_who_wants_no_more() -> None:
    assert read_bounce(COMPLAINT) == Bounce("complaint", "", ID, "", "", "aino@example.test")


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(
            b"From: a@example.test\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nback on Monday", id="a holiday"
        ),
        pytest.param(COMPLAINT.replace(b"Type: abuse", b"Type: not-spam"), id="praise"),
    ],
)
def test_any_other_mail_tells_of_none_of_ours(mail: bytes) -> None:
    assert read_bounce(mail) is None


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(dsn(to="=?utf-8?b?abc?= <doorstep@example.test>"), id="what only looks encoded"),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 3_000, id="mails in mails in mails"),
    ],
)
def test_what_somebody_made_up_fails_no_call(mail: bytes) -> None:
    """Anybody may write to the address for bounces, and whose call fails sends it again for days."""
    read_bounce(mail)


@given(st.binary(max_size=400), st.integers(0, 1_500), st.sampled_from([dsn(), COMPLAINT]))
def test_no_mail_is_so_broken_that_it_cannot_be_read(noise: bytes, at: int, mail: bytes) -> None:
    read_bounce(noise)
    read_bounce(mail[:at] + noise + mail[at:])
    read_bounce(mail[:at])
