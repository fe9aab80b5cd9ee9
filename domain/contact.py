"""How a person can be reached. Personal data: never in rulebooks, logs or search attributes."""

from dataclasses import dataclass

from domain.actions import Way


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's addresses; phone numbers in E.164 (+358...).

    `slack` is the name of the environment variable that holds the address of an incoming webhook, which is a secret; `webhook` is an
    endpoint of directory.yaml. `channels` are those by which the person wants to be told where a rule does not say; `on_call` is the
    calendar in whose hours they are on call.
    """

    email: str | None = None
    phone: str | None = None
    language: str = "en"
    slack: str | None = None
    webhook: str | None = None
    channels: tuple[Way, ...] = ()
    on_call: str | None = None
