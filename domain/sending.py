"""Messages to people: what is sent, and what came of trying."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.instant import Span


@dataclass(frozen=True, slots=True)
class Content:
    """An approved template at the provider, as WhatsApp wants for who has not written within a day, and what fills its gaps."""

    sid: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to send. An SMS has only its text; `html` is the other face of a mail's text; `content` is sent in place of
    a WhatsApp message's text."""

    text: str
    subject: str = ""
    html: str | None = None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message. `reference` is its name for it: a Message-ID, a Twilio SID."""

    reference: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """The provider did not say that it took the message.

    `reason` is for people and holds no secret and no personal data. `retry` says whether trying again can help, `after` how
    long to wait first if that is known. `in_doubt`: it may have been sent all the same, so ask before sending again.
    `opted_out`: the recipient wants no messages from us, says the provider.
    """

    reason: str
    retry: bool
    after: Span | None = None
    in_doubt: bool = False
    opted_out: bool = False


Sending: TypeAlias = Sent | Unsent


class TemplateError(Exception):
    """A template is missing, cannot be read, or names a variable that the message does not have."""
