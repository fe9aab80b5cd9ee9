"""The codec server as the Temporal UI and CLI use it: only for who bears the token, and for pages of the UI's own origin."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from httpx import ASGITransport, AsyncClient
from temporalio.api.common.v1 import Payload

from cli.serve import application
from settings import SettingsError, read_settings
from workflows.codec import read_keys, sealed

TOKEN = "a-token-of-the-control-room"
KEY = "k1:" + "A" * 43 + "="
UI = {"Origin": "http://127.0.0.1:8233", "X-Namespace": "default"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"name": "Aino"}')


def settings_of(folder: Path, **more: str) -> Mapping[str, str]:
    return {"DOORSTEP_HOME": str(folder), "DOORSTEP_CODEC_KEYS": KEY, "DOORSTEP_CODEC_TOKEN": TOKEN, **more}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    app = application(read_settings(settings_of(tmp_path)))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gateway") as client:
        yield client


def asked(*payloads: Payload) -> dict[str, Any]:
    return {"payloads": [MessageToDict(payload) for payload in payloads]}


def sealed_by(key: str) -> Payload:
    keys = read_keys(key)
    assert keys is not None
    return sealed(PLAIN, keys)


async def test_what_is_sealed_is_opened_and_the_rest_comes_back_as_it_was(gateway: AsyncClient) -> None:
    strange = sealed_by("k9:" + "B" * 42 + "A=")

    answer = await gateway.post("/codec/decode", json=asked(sealed_by(KEY), PLAIN, strange), headers={**UI, **BEARER})

    assert answer.status_code == 200
    assert answer.json() == asked(PLAIN, PLAIN, strange)
    assert answer.headers["Access-Control-Allow-Origin"] == UI["Origin"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_what_a_person_sends_from_the_ui_is_sealed(gateway: AsyncClient) -> None:
    answer = await gateway.post("/codec/encode", json=asked(PLAIN), headers={**UI, **BEARER})
    again = await gateway.post("/codec/decode", json=answer.json(), headers=BEARER)

    assert "Aino" not in json.dumps(answer.json())
    assert answer.json()["payloads"][0]["metadata"]["encoding"] == "YmluYXJ5L2VuY3J5cHRlZA=="
    assert again.json() == asked(PLAIN)


async def test_a_ui_without_sign_in_has_the_token_in_the_path(gateway: AsyncClient) -> None:
    right = await gateway.post(f"/codec/{TOKEN}/decode", json=asked(sealed_by(KEY)), headers=UI)
    wrong = await gateway.post("/codec/another-token-altogether/decode", json=asked(sealed_by(KEY)), headers=UI)

    assert right.json() == asked(PLAIN)
    assert (wrong.status_code, wrong.headers["Access-Control-Allow-Origin"]) == (401, UI["Origin"])


@pytest.mark.parametrize("bearer", [{}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {TOKEN}"}])
async def test_nobody_else_reads_anything(gateway: AsyncClient, bearer: Mapping[str, str]) -> None:
    answer = await gateway.post("/codec/decode", json=asked(sealed_by(KEY)), headers=bearer)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "Aino" not in answer.text


async def test_pages_of_the_ui_may_ask_and_no_others(gateway: AsyncClient) -> None:
    """What a browser sends before it lets a page ask: the UI's own headers, as Temporal UI 2.54 sends them."""
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type,x-namespace"}
    ours = await gateway.options("/codec/decode", headers={**UI, **wanted})
    other = await gateway.options("/codec/decode", headers={"Origin": "https://evil.example.test", **wanted})
    answer = await gateway.post("/codec/decode", json=asked(PLAIN), headers={"Origin": "https://evil.example.test", **BEARER})

    assert ours.status_code == 204
    assert ours.headers["Access-Control-Allow-Origin"] == UI["Origin"]
    assert {"authorization", "content-type", "x-namespace"} <= set(
        ours.headers["Access-Control-Allow-Headers"].lower().split(", ")
    )
    assert other.status_code == 403
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("body", "type", "status"),
    [(b"{", "application/json", 422), (b'{"payloads": 5}', "application/json", 422), (b"[" * 9_000, "application/json", 422),
     (b"{}", "text/plain", 415), (b" " * 17_000_000, "application/json", 413)],
    ids=["cut", "no list", "deep", "text", "too long"],
)  # fmt: skip
async def test_what_is_no_request_is_refused(gateway: AsyncClient, body: bytes, type: str, status: int) -> None:
    answer = await gateway.post("/codec/decode", content=body, headers={**BEARER, "Content-Type": type})

    assert answer.status_code == status


@pytest.mark.parametrize("missing", ["DOORSTEP_CODEC_KEYS", "DOORSTEP_CODEC_TOKEN"])
async def test_without_keys_or_token_there_is_no_codec_server(tmp_path: Path, missing: str) -> None:
    app = application(read_settings({**settings_of(tmp_path), missing: ""}))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gateway") as client:
        answer = await client.post("/codec/decode", json=asked(PLAIN), headers=BEARER)

    assert answer.status_code == 404


def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_CODEC_TOKEN is too short; give at least 16 characters"):
        application(read_settings(settings_of(tmp_path, DOORSTEP_CODEC_TOKEN="short")))
