"""Whoever connects to Temporal does so as the SDK's own settings say: over TLS, with a certificate or an API key."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from temporalio.testing import WorkflowEnvironment

from cli.connection import client_of
from settings import read_settings
from tests.certificates import Authority, authority, both
from tests.gateway import port_of
from workflows.client import UnreachableError
from workflows.registration import missing_attributes


@asynccontextmanager
async def behind_tls(to_port: int, ours: Authority, clients: Authority | None = None) -> AsyncIterator[str]:
    """The address of a proxy that speaks TLS in front of a port; with `clients` it wants their certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*ours.signs("server", ExtendedKeyUsageOID.SERVER_AUTH))
    context.set_alpn_protocols(["h2"])
    if clients is not None:
        context.load_verify_locations(clients.file)
        context.verify_mode = ssl.CERT_REQUIRED
    passing = set[asyncio.Task[None]]()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to_port)
        for way in (passed(reader, back), passed(there, writer)):
            passing.add(asyncio.create_task(way))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_bytes(b"")


def says(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"TEMPORAL_{name}", value)


async def test_a_real_server_behind_tls_is_reached_with_its_authority(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority(tmp_path, "ours")
    async with behind_tls(port_of(temporal), ours) as address:
        says(monkeypatch, ADDRESS=address, TLS_SERVER_CA_CERT_PATH=ours.file)

        client = await client_of(read_settings({}))

        assert await missing_attributes(client) == []


async def test_an_unknown_authority_is_told_with_what_to_set(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_tls(port_of(temporal), authority(tmp_path, "ours")) as address:
        says(monkeypatch, ADDRESS=address, TLS_SERVER_CA_CERT_PATH=authority(tmp_path, "others").file)

        with pytest.raises(UnreachableError, match="its certificate is not signed by an authority that is known here"):
            await client_of(read_settings({}))


async def test_a_server_that_wants_our_certificate_gets_it(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority(tmp_path, "ours")
    certificate, key = ours.signs("worker", ExtendedKeyUsageOID.CLIENT_AUTH)
    async with behind_tls(port_of(temporal), ours, clients=ours) as address:
        says(monkeypatch, ADDRESS=address, TLS_SERVER_CA_CERT_PATH=ours.file)
        with pytest.raises(UnreachableError, match="cannot reach Temporal at 127"):
            await client_of(read_settings({}))
        says(monkeypatch, TLS_CLIENT_CERT_PATH=certificate, TLS_CLIENT_KEY_PATH=key)

        assert await missing_attributes(await client_of(read_settings({}))) == []


async def test_an_api_key_goes_over_tls_with_every_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, seen = authority(tmp_path, "ours"), list[object]()
    certificate, key = both(ours.signs("cloud", ExtendedKeyUsageOID.SERVER_AUTH))

    async def answer(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        seen.append(dict(context.invocation_metadata() or ())["authorization"])
        return b""

    handlers = {"GetSystemInfo": grpc.unary_unary_rpc_method_handler(answer)}
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("temporal.api.workflowservice.v1.WorkflowService", handlers)]
    )
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    await server.start()
    try:
        says(monkeypatch, ADDRESS=f"127.0.0.1:{port}", API_KEY="key-of-cloud", TLS_SERVER_CA_CERT_PATH=ours.file)
        await client_of(read_settings({}))
    finally:
        await server.stop(None)

    assert seen == ["Bearer key-of-cloud"]


async def test_a_certificate_that_is_not_there_is_told_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ADDRESS="127.0.0.1:1", TLS_SERVER_CA_CERT_PATH="/nowhere/ca.pem")

    with pytest.raises(UnreachableError, match=r"/nowhere/ca\.pem"):
        await client_of(read_settings({}))
