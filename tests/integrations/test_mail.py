"""Mail against a real SMTP server."""

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from cli.looks.outside import mail
from cli.standins.mail_catcher import Login, MailCatcher, catching
from domain.instant import SECOND
from domain.sending import Message, Sent, Unsent
from integrations.messaging.mail import SmtpMail, mail_server, message_id
from settings import read_settings
from tests.certificates import authority

SENDER = "Doorstep <no-reply@example.test>"
HELLO = Message("Hello Äiti,\n\nyour parcel is late.\n", "Your delivery is late – sorry", "<p>Hello Äiti</p>")
NOON = 1_795_500_000_000


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[MailCatcher]:
    async with catching(tmp_path / "mail") as catcher:
        yield catcher


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """A certificate authority, and a certificate for 127.0.0.1 with its key."""
    ours = authority(tmp_path_factory.mktemp("tls"), "ours")
    return ours.file, *ours.signs("server", ExtendedKeyUsageOID.SERVER_AUTH)


@pytest.fixture
async def guarded(tmp_path: Path, certificate: tuple[str, str, str]) -> AsyncIterator[MailCatcher]:
    """A server that wants STARTTLS and a login."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate[1:])
    async with catching(tmp_path / "mail", tls=tls, login=Login("ops", "p@ss word")) as catcher:
        yield catcher


def mail_through(url: str, timeout: int = 20 * SECOND) -> SmtpMail:
    return SmtpMail(mail_server(url), SENDER, lambda: NOON, timeout)


async def test_a_mail_arrives_with_its_text_and_its_html_under_a_message_id_that_comes_from_the_key(catcher: MailCatcher) -> None:
    mail = mail_through(f"smtp://127.0.0.1:{catcher.port}")

    sent = await mail.send(key="D-1/1/late/1/do.0/0/email", to="aiti@example.test", message=HELLO)

    caught = catcher.mails[0]
    assert sent == Sent(caught.message_id)
    assert caught.message_id == message_id("D-1/1/late/1/do.0/0/email", SENDER)
    assert (caught.sender, caught.to, caught.subject) == (SENDER, "aiti@example.test", "Your delivery is late – sorry")
    assert caught.text.splitlines() == ["Hello Äiti,", "", "your parcel is late."]
    assert (caught.html or "").strip() == "<p>Hello Äiti</p>"
    assert caught.effect == "D-1/1/late/1/do.0/0/email"


async def test_the_same_effect_sent_again_has_the_same_message_id_and_another_effect_has_another(catcher: MailCatcher) -> None:
    mail = mail_through(f"smtp://127.0.0.1:{catcher.port}")

    for key in ("first", "first", "second"):
        await mail.send(key=key, to="a@example.test", message=HELLO)

    ids = [caught.message_id for caught in catcher.mails]
    assert ids[0] == ids[1]
    assert ids[1] != ids[2]


async def test_a_server_that_wants_starttls_and_a_login_gets_both(
    guarded: MailCatcher, certificate: tuple[str, str, str]
) -> None:
    mail = mail_through(f"smtp://ops:p%40ss%20word@127.0.0.1:{guarded.port}?starttls=required&ca={certificate[0]}")

    sent = await mail.send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(sent, Sent)
    assert len(guarded.mails) == 1


async def test_a_wrong_password_is_said_without_the_password_and_tried_again_after_a_minute(
    guarded: MailCatcher, certificate: tuple[str, str, str]
) -> None:
    mail = mail_through(f"smtp://ops:hunter2@127.0.0.1:{guarded.port}?ca={certificate[0]}")

    unsent = await mail.send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(unsent, Unsent)
    assert (unsent.retry, unsent.after) == (True, 60 * SECOND)
    assert unsent.reason == (
        f"mail server 127.0.0.1:{guarded.port} does not accept our login (535 5.7.8); "
        "check the user and password in DOORSTEP_SMTP_URL; the message is kept and tried again"
    )


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(guarded: MailCatcher) -> None:
    mail = mail_through(f"smtp://ops:p%40ss%20word@127.0.0.1:{guarded.port}")

    unsent = await mail.send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(unsent, Unsent)
    assert unsent.retry
    assert "its certificate cannot be verified" in unsent.reason


async def test_no_password_goes_to_a_server_without_starttls(catcher: MailCatcher) -> None:
    mail = mail_through(f"smtp://ops:secret@127.0.0.1:{catcher.port}")

    unsent = await mail.send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(unsent, Unsent)
    assert "does not offer the STARTTLS or AUTH that DOORSTEP_SMTP_URL asks for" in unsent.reason
    assert catcher.mails == []


@pytest.mark.parametrize(
    ("answer", "retry", "said"),
    [
        pytest.param("451 4.3.0 a@example.test: try later", True, "cannot take the message now (451 4.3.0)", id="not now"),
        pytest.param("550 5.1.1 a@example.test: no such user", False, "refused the message for good (550 5.1.1)", id="never"),
        pytest.param("550 go away", False, "refused the message for good (550)", id="without an enhanced code"),
        pytest.param("530 5.7.0 log in first", True, "does not accept our login (530 5.7.0)", id="about our login"),
    ],
)
async def test_what_the_server_says_of_a_recipient_decides_whether_it_is_tried_again(
    catcher: MailCatcher, answer: str, retry: bool, said: str
) -> None:
    catcher.answers["a@example.test"] = answer

    unsent = await mail_through(f"smtp://127.0.0.1:{catcher.port}").send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(unsent, Unsent)
    assert unsent.retry is retry
    assert said in unsent.reason
    assert "a@example.test" not in unsent.reason


async def test_a_server_that_is_not_there_is_said_by_name_and_the_message_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    unsent = await mail_through(f"smtp://127.0.0.1:{port}").send(key="k", to="a@example.test", message=HELLO)

    said = f"mail server 127.0.0.1:{port} cannot be reached: connection refused; the message is kept and tried again"
    assert unsent == Unsent(said, retry=True)


async def test_a_server_that_says_nothing_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mail = mail_through(f"smtp://127.0.0.1:{mute.getsockname()[1]}", timeout=100)

        unsent = await mail.send(key="k", to="a@example.test", message=HELLO)

    assert isinstance(unsent, Unsent)
    assert unsent.retry
    assert "no answer in time" in unsent.reason


@pytest.mark.parametrize("address", ["", "nobody", "a b@example.test", "a@example.test\nBcc: all@example.test", "a@", "a@b@c"])
async def test_an_address_that_is_none_fails_for_good(catcher: MailCatcher, address: str) -> None:
    unsent = await mail_through(f"smtp://127.0.0.1:{catcher.port}").send(key="k", to=address, message=HELLO)

    assert unsent == Unsent("the recipient's e-mail address is not valid; correct it in the order or the directory", retry=False)
    assert catcher.mails == []


async def test_a_name_with_a_line_break_in_the_subject_adds_no_header(catcher: MailCatcher) -> None:
    message = Message("x", "Hello\nBcc: all@example.test")

    await mail_through(f"smtp://127.0.0.1:{catcher.port}").send(key="k", to="a@example.test", message=message)

    assert catcher.mails[0].subject == "Hello Bcc: all@example.test"


def test_a_url_says_all_there_is_to_know_of_a_server() -> None:
    server = mail_server("smtp://ops%40x:se%2Fcret@mail.example.test?starttls=optional&ca=/etc/ca.pem")

    assert (server.host, server.port, server.user, server.password) == ("mail.example.test", 587, "ops@x", "se/cret")
    assert (server.starttls, server.ca, server.implicit_tls) == ("optional", "/etc/ca.pem", False)
    assert "se/cret" not in repr(server)


def test_starttls_is_required_where_there_is_a_password_and_smtps_is_tls_from_the_first_byte() -> None:
    assert mail_server("smtp://u:p@h").starttls == "required"
    assert mail_server("smtp://h:2525").starttls == "optional"
    assert mail_server("smtps://h").implicit_tls
    assert mail_server("smtps://h").port == 465


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("mail.example.test:587", "must start with smtp:// or smtps://", id="no scheme"),
        pytest.param("http://u:secret@h", "must start with smtp:// or smtps://", id="wrong scheme"),
        pytest.param("smtp://u:secret@h?starttls=yes", "may be required, optional or never", id="unknown starttls"),
        pytest.param("smtp://u:secret@h?tls=1", "unknown option 'tls'; known are starttls and ca", id="unknown option"),
        pytest.param("smtp://u:secret@h:port", "names no port", id="port is no number"),
    ],
)
def test_a_url_with_a_mistake_says_what_is_wrong_and_never_the_password(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        mail_server(url)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("password", "well"), [("p%40ss%20word", True), ("hunter2", False)])
async def test_the_doctor_signs_in_and_says_whether_it_may(
    guarded: MailCatcher, certificate: tuple[str, str, str], password: str, well: bool
) -> None:
    url = f"smtp://ops:{password}@127.0.0.1:{guarded.port}?ca={certificate[0]}"

    found = await mail(read_settings({"DOORSTEP_SMTP_URL": url}))

    assert found.well is well
    assert found.said.endswith("accepts our user" if well else "does not accept our user and password (535)")
    assert guarded.mails == []
