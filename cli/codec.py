"""The codec server of the gateway, set up by the settings; and how `doorstep up` points the Temporal UI to it."""

from functools import partial
from urllib.parse import urlsplit

from fastapi import FastAPI
from temporalio.api.common.v1 import Payload

from cli.connection import codec_of
from cli.links import CODEC_FILE, kept_secret
from intake.codec import CodecDoor
from intake.keys import SHORTEST
from settings import Settings, SettingsError
from workflows.codec import SEALED, UNREADABLE, CodecKeys, opened, sealed, unmarked

TOKEN = "DOORSTEP_CODEC_TOKEN"


def add_codec(app: FastAPI, settings: Settings) -> None:
    """The doors of the codec server, if there are keys and a token. Raises SettingsError."""
    codec, token = codec_of(settings), settings[TOKEN]
    if codec is None or not token:
        return
    if len(token) < SHORTEST:
        raise SettingsError(f"{TOKEN} is too short; give at least {SHORTEST} characters, for example from: openssl rand -hex 24")
    door = CodecDoor(token, origins(settings), partial(sealed, keys=codec.keys), partial(_opened, keys=codec.keys))
    for path in ("/codec/{way}", "/codec/{token}/{way}"):
        app.add_api_route(path, door.change, methods=["POST"], summary="Temporal's remote codec", include_in_schema=False)
        app.add_api_route(path, door.preflight, methods=["OPTIONS"], include_in_schema=False)


def origins(settings: Settings) -> tuple[str, ...]:
    """Where the Temporal UI is, as browsers name it."""
    if settings["DOORSTEP_TEMPORAL_UI"]:
        parts = urlsplit(settings["DOORSTEP_TEMPORAL_UI"])
        return (f"{parts.scheme}://{parts.netloc}",)
    return tuple(f"http://{host}:{settings.ui_port}" for host in ("127.0.0.1", "localhost"))


def with_codec_token(settings: Settings) -> Settings:
    """The settings with a token if there are codec keys: our own is kept in the home, and stays the same."""
    if not settings["DOORSTEP_CODEC_KEYS"]:
        return settings
    return settings.but(DOORSTEP_CODEC_TOKEN=settings[TOKEN] or kept_secret(settings.home / CODEC_FILE))


def ui_endpoint(settings: Settings) -> str | None:
    """Where the embedded UI has payloads opened; None if they are not sealed. The token is in the path: that UI has no sign-in."""
    return f"http://127.0.0.1:{settings.port}/codec/{settings[TOKEN]}" if settings["DOORSTEP_CODEC_KEYS"] else None


def _opened(payload: Payload, keys: CodecKeys) -> Payload:
    if payload.metadata.get("encoding") != SEALED:
        return payload
    found = opened(payload, keys)
    return payload if found.metadata.get("encoding") == UNREADABLE else unmarked(found)
