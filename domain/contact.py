"""How somebody can be reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """Addresses of one person. Personal data: never in logs, search attributes or error texts."""

    email: str | None = None
    phone: str | None = None
    language: str = "en"
