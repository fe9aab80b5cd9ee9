"""How a command reaches the deliveries of a running server."""

from settings import Settings
from workflows.client import Deliveries, connect

PATIENCE = 10.0
"""Seconds until a worker that does not answer is said to be missing."""


async def deliveries_of(settings: Settings) -> Deliveries:
    """The deliveries of the server that the settings name."""
    return Deliveries(await connect(default=settings.temporal_default), patience=PATIENCE)
