"""`doorstep doctor --links`: where the links lead."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.views import show_links
from domain.disruption import Notice
from settings import read_settings
from store.database import Database
from store.disruptions import Disruptions
from workflows.clock import wall_clock


async def test_links_lead_to_the_embedded_ui_with_a_query_and_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path / "site"), "DOORSTEP_TEMPORAL_PORT": "9000"})

    assert await show_links(settings, "json") == 0

    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    at = urlsplit(told["Awaiting decision"]["link"])
    assert (at.netloc, at.path) == ("127.0.0.1:10000", "/namespaces/default/workflows")
    assert parse_qs(at.query) == {"query": [told["Awaiting decision"]["query"]], "savedQuery": ["Awaiting decision"]}
    assert {"At risk in north-1", "At risk in north-2", "At risk in south-1"} <= set(told)
    assert not (tmp_path / "site").exists()


async def test_links_lead_to_the_ui_and_the_namespace_that_are_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "shop one")
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_TEMPORAL_UI": "https://temporal.example.test/"})

    await show_links(settings, "text")

    assert "https://temporal.example.test/namespaces/shop%20one/workflows?query=" in capsys.readouterr().out


async def test_it_says_when_the_ui_of_another_server_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.test:7233")

    await show_links(read_settings({"DOORSTEP_HOME": str(tmp_path)}), "text")

    assert "set DOORSTEP_TEMPORAL_UI" in capsys.readouterr().out


async def test_the_deliveries_of_what_is_open_have_a_link(sqlite_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    await Disruptions(sqlite_database).declare(Notice("hub", "HEL1", "Kim", wall_clock(), "down"))
    url = sqlite_database.url.render_as_string(hide_password=False)

    await show_links(read_settings({"DOORSTEP_DATABASE_URL": url}), "json")

    told = {one["name"]: one["query"] for one in json.loads(capsys.readouterr().out)}
    assert told["On hub:HEL1"].endswith('`Hub`="HEL1"')
