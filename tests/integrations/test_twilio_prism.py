"""Our Twilio clients against prism, which serves the official OpenAPI and refuses what does not keep to it. `make prism` installs it."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.standins.twilio_standin import ACCOUNT, TOKEN
from domain.instant import SECOND
from domain.sending import Content, Message, Sent, Unsent
from integrations.messaging.sms import TwilioSms
from integrations.messaging.whatsapp import TwilioWhatsApp
from tests.integrations.test_sms import SPEC

ROOT = Path(__file__).parents[2]
OURS, THEIRS, PUBLIC = "+358401110000", "+358401234567", "https://track.example.test"
KEY = "D-1/1/late/1/do.0/0/sms"
PATIENT = 30 * SECOND
"""Prism answers in a few milliseconds, but not on a machine that has other things to do."""


def prism_program() -> str:
    """Where prism is; skips the test if it is nowhere."""
    beside = ROOT / ".prism" / "node_modules" / ".bin" / "prism"
    found = os.environ.get("DOORSTEP_PRISM") or (str(beside) if beside.exists() else shutil.which("prism"))
    if found is None:
        pytest.skip("prism is not installed: make prism, or name it in DOORSTEP_PRISM")
    if not SPEC.exists():
        pytest.skip(f"Twilio's OpenAPI is not at {SPEC}; set DOORSTEP_TEST_DATA to the folder that has specs/")
    return found


@pytest.fixture(scope="module")
async def prism() -> AsyncIterator[str]:
    """The address at which prism serves Twilio's API."""
    program = prism_program()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = (program, "mock", "--host", "127.0.0.1", "--port", str(port), str(SPEC))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        await answering(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def answering(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(120):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.2)
            else:
                writer.close()
                return
    pytest.fail(f"prism ended with {process.returncode}")


async def test_an_sms_keeps_to_the_official_specification(prism: str) -> None:
    async with TwilioSms(ACCOUNT, TOKEN, OURS, prism, PATIENT, PUBLIC) as sms:
        sent = await sms.send(key=KEY, to=THEIRS, message=Message("Hyvää päivää €"))

    assert isinstance(sent, Sent)
    assert sent.reference


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message("Hyvää päivää"), id="a text"),
        pytest.param(Message("x", content=Content("HX" + "0" * 32, {"1": "Äiti", "2": "17:40"})), id="an approved template"),
    ],
)
async def test_a_whatsapp_message_keeps_to_the_official_specification(prism: str, message: Message) -> None:
    async with TwilioWhatsApp(ACCOUNT, TOKEN, "MG" + "a" * 32, prism, PATIENT, PUBLIC) as whatsapp:
        assert isinstance(await whatsapp.send(key=KEY, to=THEIRS, message=message), Sent)


async def test_looking_for_an_earlier_message_keeps_to_the_official_specification(prism: str) -> None:
    """What prism answers are the examples of the specification, of which none is ours."""
    async with TwilioSms(ACCOUNT, TOKEN, OURS, prism, PATIENT) as sms:
        assert await sms.find(to=THEIRS, message=Message("a text that no example has"), since=0) is None


async def test_what_does_not_keep_to_it_is_refused(prism: str) -> None:
    """Else the tests above would show nothing."""
    async with TwilioWhatsApp(ACCOUNT, TOKEN, OURS, prism, PATIENT) as whatsapp:
        unsent = await whatsapp.send(key=KEY, to=THEIRS, message=Message("x", content=Content("not a sid")))

    assert isinstance(unsent, Unsent)
    assert "refused the message for good (422" in unsent.reason
