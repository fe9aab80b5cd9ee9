"""The doors of the gateway, read from the application: one that comes later joins them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi.routing import APIRoute

from cli.serve import application
from settings import Settings

OPEN_TO_ALL = frozenset({"/", "/healthz", "/readyz", "/metrics"})
"""Pages that anybody may see, and that nothing is sent to."""

PARAMETER = re.compile(r"{([a-z_]+)(?::path)?}")


@dataclass(frozen=True, slots=True)
class Door:
    """A method and a path with {parameters}."""

    method: str
    template: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def takes_a_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    def path(self, filled: Callable[[str], str]) -> str:
        """The path with something in place of each parameter, written as it stands in a URL."""
        return PARAMETER.sub(lambda found: quote(filled(found[1]), safe="%"), self.template)


def doors_of(settings: Settings) -> tuple[Door, ...]:
    """Every door that takes something."""
    routes = [route for route in application(settings).routes if isinstance(route, APIRoute)]
    found = [
        Door(method, route.path) for route in routes for method in sorted(route.methods or ()) if route.path not in OPEN_TO_ALL
    ]
    return tuple(door for door in found if door.method != "HEAD")
