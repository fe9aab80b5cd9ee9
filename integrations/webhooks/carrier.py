"""What is asked of carriers goes to the endpoint that directory.yaml names under `requests`, as a signed call."""

from collections.abc import Mapping
from typing import Any, Protocol

from domain.endpoint import Taken
from domain.sending import Unsent


class Posting(Protocol):
    """Tells endpoints."""

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent: ...


class CarrierEndpoints:
    """`endpoints` maps carriers to the names of their endpoints."""

    def __init__(self, posting: Posting, endpoints: Mapping[str, str]) -> None:
        self._posting = posting
        self._endpoints = endpoints

    def takes_requests(self, carrier: str) -> bool:
        return carrier in self._endpoints

    async def ask(self, carrier: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent | None:
        """What the carrier answers; None if it takes no requests."""
        endpoint = self._endpoints.get(carrier)
        return None if endpoint is None else await self._posting.post(endpoint, key=key, body=body)
