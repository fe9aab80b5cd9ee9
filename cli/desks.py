"""Which desk keeps tickets (DOORSTEP_TICKETS)."""

from collections.abc import Callable, Mapping
from typing import Protocol

from activities.open_ticket import Desk
from domain.endpoint import Endpoint
from domain.instant import Instant
from integrations.tickets.request_tracker import RequestTracker
from integrations.tickets.webhook import ENDPOINT, WebhookDesk
from integrations.tickets.zendesk import Zendesk
from integrations.webhooks.sender import Webhooks
from settings import Settings, SettingsError
from store.database import Database
from store.tickets import Desk as BuiltIn

Clock = Callable[[], Instant]

SETTING = "DOORSTEP_TICKETS"
SECRET = "DOORSTEP_TICKETS_SECRET"


class ClosingDesk(Desk, Protocol):
    """A desk with connections to close."""

    async def close(self) -> None: ...


def zendesk_of(settings: Settings, clock: Clock) -> Zendesk:
    url, email, token = _needed(settings, "DOORSTEP_ZENDESK_URL", "DOORSTEP_ZENDESK_EMAIL", "DOORSTEP_ZENDESK_TOKEN")
    return Zendesk(url, email, token, clock, groups_of(settings["DOORSTEP_ZENDESK_GROUPS"]))


def request_tracker_of(settings: Settings, clock: Clock) -> RequestTracker:
    url, token = _needed(settings, "DOORSTEP_RT_URL", "DOORSTEP_RT_TOKEN")
    return RequestTracker(url, token, clock, settings["DOORSTEP_RT_FIELD"])


def webhook_of(settings: Settings, clock: Clock) -> WebhookDesk:
    url, secret = _needed(settings, "DOORSTEP_TICKETS_URL", SECRET)
    return WebhookDesk(Webhooks({ENDPOINT: Endpoint(url, SECRET)}, {SECRET: secret}.get, clock))


ELSEWHERE: Mapping[str, Callable[[Settings, Clock], ClosingDesk]] = {
    "zendesk": zendesk_of,
    "rt": request_tracker_of,
    "webhook": webhook_of,
}
"""DOORSTEP_TICKETS -> the desk. To add one: a file in integrations/tickets, a row here, one in intake.tickets.DIALECTS."""

BUILT_IN = "builtin"


def desk_of(settings: Settings, database: Database, clock: Clock) -> BuiltIn | ClosingDesk:
    """The desk that is set. Raises SettingsError for one that there is not, or whose settings are incomplete."""
    wanted = chosen(settings)
    return BuiltIn(database) if wanted == BUILT_IN else ELSEWHERE[wanted](settings, clock)


def chosen(settings: Settings) -> str:
    """The name of the desk. Raises SettingsError for an unknown one."""
    allowed = (BUILT_IN, *ELSEWHERE)
    if settings[SETTING] not in allowed:
        raise SettingsError(f"{SETTING} is {settings[SETTING]!r}; allowed are {', '.join(allowed)}")
    return settings[SETTING]


def groups_of(text: str) -> dict[str, int]:
    """`hub-ops=360001,duty-manager=360002` as a mapping. Raises SettingsError."""
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    wrong = [name for name, _, number in pairs if not name.strip() or not number.strip().isdecimal()]
    if wrong:
        raise SettingsError(
            f"DOORSTEP_ZENDESK_GROUPS: {', '.join(wrong)} has no number; write hub-ops=360001,duty-manager=360002"
        )
    return {name.strip(): int(number) for name, _, number in pairs}


def _needed(settings: Settings, *names: str) -> list[str]:
    missing = [name for name in names if not settings[name]]
    if missing:
        raise SettingsError(f"{SETTING}={settings[SETTING]} needs {', '.join(missing)} too; see docs/tickets.md")
    return [settings[name] for name in names]
