"""How a person can be reached. Personal data: never in rulebooks, logs or search attributes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's addresses; phone numbers in E.164 (+358...)."""

    email: str | None = None
    phone: str | None = None
    language: str = "en"
