"""Where other systems take what we tell them, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ORDER_SYSTEM = "order-system"
"""The endpoint that `emit` tells."""

DISPATCH = "dispatch"
"""The endpoint of the system that speaks with drivers: it is told of new plans of routes, and of what drivers are offered."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` is http or https; `secret` is the name of the environment variable (or, with _FILE behind it, of the one that names a
    file) that holds the secret with which calls are signed, never the secret itself."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The endpoint took it. `reference` is the id of the call, the same on every try; `answer` the JSON object that came back."""

    reference: str
    answer: Mapping[str, Any] = field(default_factory=dict)
