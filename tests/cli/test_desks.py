"""Which desk is used, what the doctor says of it, and where secrets come from."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from cli.desks import desk_of, groups_of
from cli.looks.outside import tickets
from cli.serve import application
from integrations.tickets.request_tracker import RequestTracker
from integrations.tickets.webhook import WebhookDesk
from integrations.tickets.zendesk import Zendesk
from settings import Settings, SettingsError, read_settings
from store.database import Database
from store.tickets import Desk
from tests.zendesk import EMAIL, TOKEN, zendesk_account

ZENDESK = {"DOORSTEP_TICKETS": "zendesk", "DOORSTEP_ZENDESK_EMAIL": EMAIL, "DOORSTEP_ZENDESK_TOKEN": TOKEN}


def settings_of(tmp_path: Path, **told: str) -> Settings:
    return read_settings({"DOORSTEP_HOME": str(tmp_path), **told}, tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        pytest.param({}, Desk, id="built-in"),
        pytest.param({**ZENDESK, "DOORSTEP_ZENDESK_URL": "https://example.test"}, Zendesk, id="zendesk"),
        pytest.param(
            {"DOORSTEP_TICKETS": "rt", "DOORSTEP_RT_URL": "https://rt.test", "DOORSTEP_RT_TOKEN": "1-2-3"},
            RequestTracker,
            id="rt",
        ),
        pytest.param(
            {"DOORSTEP_TICKETS": "webhook", "DOORSTEP_TICKETS_URL": "https://x.test", "DOORSTEP_TICKETS_SECRET": "s"},
            WebhookDesk,
            id="webhook",
        ),
    ],
)
async def test_the_desk_is_the_one_that_is_set(
    sqlite_database: Database, tmp_path: Path, told: dict[str, str], kind: type
) -> None:
    assert isinstance(desk_of(settings_of(tmp_path, **told), sqlite_database, lambda: 0), kind)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param({"DOORSTEP_TICKETS": "jira"}, "'jira'; allowed are builtin, zendesk, rt, webhook", id="unknown"),
        pytest.param({"DOORSTEP_TICKETS": "rt"}, "needs DOORSTEP_RT_URL, DOORSTEP_RT_TOKEN too", id="incomplete"),
    ],
)
async def test_a_desk_that_cannot_be_used_is_said_with_what_to_do(
    sqlite_database: Database, tmp_path: Path, told: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        desk_of(settings_of(tmp_path, **told), sqlite_database, lambda: 0)


def test_groups_are_read_and_mistakes_in_them_named() -> None:
    assert groups_of("hub-ops=360001, duty-manager=360002,") == {"hub-ops": 360001, "duty-manager": 360002}
    with pytest.raises(SettingsError, match="hub-ops has no number"):
        groups_of("hub-ops=ops")


def test_a_secret_may_stand_in_a_file_and_is_masked(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")

    settings = settings_of(tmp_path, DOORSTEP_ZENDESK_TOKEN_FILE=str(tmp_path / "token"))

    assert settings["DOORSTEP_ZENDESK_TOKEN"] == "from-a-file"
    assert settings.shown()["DOORSTEP_ZENDESK_TOKEN"] == "***"
    with pytest.raises(SettingsError, match=r"DOORSTEP_RT_TOKEN_FILE is .* cannot be read: FileNotFoundError"):
        settings_of(tmp_path, DOORSTEP_RT_TOKEN_FILE=str(tmp_path / "nothing"))


@pytest.mark.parametrize("token", [TOKEN, "wrong"])
async def test_the_doctor_says_whether_the_desk_can_be_used(tmp_path: Path, token: str) -> None:
    async with zendesk_account() as account:
        told = {**ZENDESK, "DOORSTEP_ZENDESK_URL": account.url, "DOORSTEP_ZENDESK_TOKEN": token}
        finding = await tickets(settings_of(tmp_path, **told))

    assert finding.well is (token == TOKEN)
    assert finding.said.startswith("zendesk answers" if finding.well else "Zendesk does not accept our credentials")
    assert token not in finding.said


@pytest.mark.parametrize(("desk", "status"), [("rt", 404), ("zendesk", 401)])
async def test_only_the_door_of_the_desk_that_is_set_is_open(tmp_path: Path, desk: str, status: int) -> None:
    app = application(settings_of(tmp_path, **ZENDESK))

    async with AsyncClient(transport=ASGITransport(app), base_url="http://doorstep") as client:
        answer = await client.post(f"/v1/tickets/{desk}", json={})

    assert answer.status_code == status
