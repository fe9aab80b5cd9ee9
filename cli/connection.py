"""How a command, the worker and the gateway reach Temporal."""

from collections.abc import Sequence

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter

from domain.instant import instant
from settings import Settings, SettingsError
from workflows.client import Deliveries, connect
from workflows.codec import Codec, CodecKeysError, read_keys
from workflows.payloads import data_converter

PATIENCE = 10.0
"""Seconds until a worker that does not answer is said to be missing."""


def codec_of(settings: Settings) -> Codec | None:
    """The codec with the keys of the settings; None if there are none. Raises SettingsError."""
    try:
        keys = read_keys(settings["DOORSTEP_CODEC_KEYS"])
    except CodecKeysError as error:
        raise SettingsError(f"DOORSTEP_CODEC_KEYS: {error}") from None
    until = settings.plain_until
    return Codec(keys, until if until is None else instant(until)) if keys else None


def converter_of(settings: Settings) -> DataConverter:
    """The one data converter of an installation. Raises SettingsError."""
    return data_converter(codec_of(settings))


async def client_of(settings: Settings, address: str | None = None, interceptors: Sequence[Interceptor] = ()) -> Client:
    """A client of the server that the settings name, or of one at another address. Raises SettingsError or UnreachableError."""
    return await connect(address, settings.temporal_default, converter_of(settings), interceptors)


async def deliveries_of(settings: Settings) -> Deliveries:
    """The deliveries of the server that the settings name."""
    return Deliveries(await client_of(settings), patience=PATIENCE)
