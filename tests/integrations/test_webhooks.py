"""Signed calls to a real HTTP server: what is sent, and what each answer means."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest

from domain.endpoint import Endpoint, Taken
from domain.instant import HOUR, MINUTE, SECOND, Instant
from domain.sending import Unsent
from integrations.webhooks.sender import Webhooks
from integrations.webhooks.signature import call_id, signed_headers
from tests.endpoints import Recorder, recording

NOW: Instant = 1_795_413_600_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = {"type": "incident", "data": {"says": "Myöhässä"}}
KEY = "D-1/1/late/1/do.0/0"


@pytest.fixture
async def hub() -> AsyncIterator[Recorder]:
    async with recording() as recorder:
        yield recorder


@pytest.fixture
async def webhooks(hub: Recorder) -> AsyncIterator[Webhooks]:
    async with calling(hub.url) as webhooks:
        yield webhooks


def calling(url: str, secret: str | None = SECRET, timeout: int = 2 * SECOND) -> Webhooks:
    return Webhooks({"hub": Endpoint(url, "HUB_SECRET")}, {"HUB_SECRET": secret}.get, lambda: NOW, timeout)


def test_the_signature_is_that_of_the_published_specification() -> None:
    # The vector of the specification's own libraries: https://github.com/standard-webhooks/standard-webhooks, libraries/python.
    headers = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}')

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_call_is_signed_and_carries_the_key_of_its_effect(hub: Recorder, webhooks: Webhooks) -> None:
    taken = await webhooks.post("hub", key=KEY, body=BODY)

    (call,) = hub.calls
    assert taken == Taken(call_id(KEY))
    assert call.json == BODY
    assert call.headers["Idempotency-Key"] == KEY
    assert call.headers["webhook-id"] == call_id(KEY)
    assert call.headers["webhook-timestamp"] == "1795413600"
    signed = b".".join((call_id(KEY).encode(), b"1795413600", call.body))
    expected = hmac.new(b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    version, _, signature = call.headers["webhook-signature"].partition(",")
    assert (version, b64decode(signature)) == ("v1", expected)


async def test_a_second_try_has_the_same_id_and_another_effect_another(hub: Recorder, webhooks: Webhooks) -> None:
    for key in (KEY, KEY, f"{KEY}2"):
        await webhooks.post("hub", key=key, body=BODY)

    first, second, other = hub.ids
    assert first == second != other
    assert "." not in first


async def test_the_answer_comes_back_as_json(hub: Recorder, webhooks: Webhooks) -> None:
    hub.answer(202, '{"accepted": false}')
    hub.answer(200, "thanks")

    answers = [await webhooks.post("hub", key=KEY, body=BODY) for _ in range(2)]

    assert answers == [Taken(call_id(KEY), {"accepted": False}), Taken(call_id(KEY))]


KEPT = "; the call is kept and tried again"


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        pytest.param(
            429,
            {"Retry_After": "7"},
            Unsent("endpoint hub asks us to slow down (429)" + KEPT, True, 7 * SECOND),
            id="slow down, in seconds",
        ),
        pytest.param(
            429,
            {"Retry_After": formatdate(NOW / 1000 + 90, usegmt=True)},
            Unsent("endpoint hub asks us to slow down (429)" + KEPT, True, 90 * SECOND),
            id="slow down, until a date",
        ),
        pytest.param(
            429,
            {"Retry_After": "99999999"},
            Unsent("endpoint hub asks us to slow down (429)" + KEPT, True, HOUR),
            id="no patience without end",
        ),
        pytest.param(
            503,
            {"Retry_After": "soon"},
            Unsent("endpoint hub has trouble (503)" + KEPT, True),
            id="away for now",
        ),
        pytest.param(500, {}, Unsent("endpoint hub has trouble (500)" + KEPT, True, in_doubt=True), id="trouble"),
        pytest.param(408, {}, Unsent("endpoint hub could not take it now (408)" + KEPT, True), id="not now"),
        pytest.param(
            401,
            {},
            Unsent("endpoint hub does not accept our credentials (401); check HUB_SECRET" + KEPT, True, MINUTE),
            id="wrong secret",
        ),
        pytest.param(
            403,
            {},
            Unsent("endpoint hub does not accept our credentials (403); check HUB_SECRET" + KEPT, True, MINUTE),
            id="forbidden",
        ),
        pytest.param(422, {}, Unsent("endpoint hub refused it for good (422)", False), id="refused"),
        pytest.param(
            302,
            {"Location": "http://169.254.169.254/"},
            Unsent(
                "endpoint hub points elsewhere (302), which is not followed; correct url of hub under endpoints in directory.yaml",
                False,
            ),
            id="redirect",
        ),
    ],
)
async def test_what_an_answer_means(
    hub: Recorder, webhooks: Webhooks, status: int, headers: dict[str, str], expected: Unsent
) -> None:
    hub.answer(status, "a text that nobody repeats", **headers)

    assert await webhooks.post("hub", key=KEY, body=BODY) == expected
    assert len(hub.calls) == 1


async def test_no_answer_in_time_leaves_a_doubt(hub: Recorder) -> None:
    hub.hangs = 1
    async with calling(hub.url, timeout=200) as webhooks:
        answer = await webhooks.post("hub", key=KEY, body=BODY)

    assert answer == Unsent("endpoint hub did not answer in time" + KEPT, retry=True, in_doubt=True)


async def test_what_cannot_be_reached_was_certainly_not_told() -> None:
    async with recording() as gone:
        pass
    async with calling(gone.url) as webhooks:
        answer = await webhooks.post("hub", key=KEY, body=BODY)

    assert answer == Unsent("endpoint hub cannot be reached: connection refused" + KEPT, retry=True)


async def test_nothing_goes_to_what_is_not_in_the_directory(hub: Recorder, webhooks: Webhooks) -> None:
    answer = await webhooks.post(hub.url, key=KEY, body=BODY)

    assert answer == Unsent(f"endpoint {hub.url} is not known; add it to endpoints in directory.yaml", retry=False)
    assert hub.calls == []


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        pytest.param(None, "its secret is not set; set HUB_SECRET, or HUB_SECRET_FILE to a file that holds it", id="missing"),
        pytest.param("whsec_%%%", "its secret HUB_SECRET cannot be used", id="not base64"),
    ],
)
async def test_nothing_is_sent_unsigned(hub: Recorder, secret: str | None, says: str) -> None:
    async with calling(hub.url, secret) as webhooks:
        answer = await webhooks.post("hub", key=KEY, body=BODY)

    assert isinstance(answer, Unsent)
    assert says in answer.reason
    assert "%%%" not in answer.reason
    assert (answer.retry, answer.after, hub.calls) == (True, MINUTE, [])
