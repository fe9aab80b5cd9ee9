"""`doorstep disruption`: declared, listed, closed, and the deliveries in its scope are called."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.disruptions import Place, call, declare, place_of, show_open
from cli.errors import InputError
from domain.guards import Disrupted, FeedState
from rules.book import Rulebook, canonical_json
from rules.tree import DisruptionOpen
from settings import Settings, read_settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.disruptions import Disruption, Disruptions
from store.feeds import Feeds
from store.migrate import migrate
from store.rulebooks import Rulebooks
from tests.store.test_deliveries import another
from tests.workflows.books import a_rule
from worker import Register
from workflows.client import Deliveries

NOW = 1_795_413_600_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"DOORSTEP_DATABASE_URL": f"sqlite:///{tmp_path / 'doorstep.db'}"})


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    await migrate(settings.database_url)
    database = Database(settings.database_url)
    yield database
    await database.close()


class Calls(Deliveries):
    """Keeps who was called; D2 has ended meanwhile."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def look_again(self, delivery_id: str) -> None:
        if delivery_id == "D2":
            raise LookupError("no delivery D2 is running")
        self.called.append(delivery_id)


@pytest.mark.parametrize("text", ["HEL1", "depot:HEL1", "hub:", ""])
def test_a_place_needs_a_scope_and_a_key(text: str) -> None:
    with pytest.raises(InputError, match="write SCOPE:KEY, such as hub:HEL1; scopes are hub, carrier, route, zone"):
        place_of(text)


async def test_a_span_without_a_unit_is_refused_with_a_hint(settings: Settings) -> None:
    with pytest.raises(InputError, match="a duration needs a unit, 4 has none; "):
        await declare(settings, "hub:HEL1", None, "4", "Kim", None)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param("hub:HEL11", 'warning: directory.yaml has no hub "HEL11"; did you mean "HEL1"?', id="misspelt"),
        pytest.param("hub:HEL1", "", id="known"),
        pytest.param("zone:north", "", id="the directory names no zones"),
    ],
)
async def test_a_place_that_the_directory_lacks_is_declared_with_a_warning(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, said: str
) -> None:
    (tmp_path / "directory.yaml").write_text("hubs: {HEL1: {}}\n")
    url = f"sqlite:///{tmp_path / 'doorstep.db'}"
    settings = read_settings({"DOORSTEP_DATABASE_URL": url, "DOORSTEP_RULES": str(tmp_path)})
    monkeypatch.setattr("cli.disruptions._deliveries", _calls)

    code = await declare(settings, place, None, None, "Kim", None)

    assert (code, capsys.readouterr().err.strip()) == (0, said)


async def _calls(settings: Settings) -> Calls:
    return Calls()


async def test_what_is_open_is_listed(settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = await show_open(settings, "text")
    await Disruptions(database).declare(Disruption("hub", "HEL1", "down", NOW, None, "Kim", "no power"))

    await show_open(settings, "text")
    await show_open(settings, "json")

    lines = capsys.readouterr().out.splitlines()
    assert nothing == 0
    assert lines[:2] == ["no disruption is open", "hub:HEL1 of kind down, since 2026-11-23T06:00:00Z, by Kim: no power"]
    assert json.loads(lines[2])[0]["key"] == "HEL1"


async def test_only_deliveries_in_scope_with_a_rule_of_guards_alone_are_called_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.disruptions.PAGE", 2)
    shelf, copies = Rulebooks(database), Copies(database)
    heeds = await shelf.publish("a", canonical_json(Rulebook("a", (a_rule("down", DisruptionOpen("hub")),))), now=NOW)
    other = await shelf.publish("b", canonical_json(Rulebook("b", (a_rule("down", DisruptionOpen("zone")),))), now=NOW)
    for number, version in enumerate([heeds, heeds, other, heeds, heeds], start=1):
        await copies.write(another(f"D{number}", hub="HEL1", rulebook_version=version, run_id=str(number)))
    calls = Calls()

    called = await call(database, calls, Place("hub", "HEL1"))

    assert (called, calls.called) == (3, ["D1", "D4", "D5"])


async def test_the_worker_looks_at_these_tables(database: Database) -> None:
    feeds, disruptions = Feeds(database), Disruptions(database)
    register = Register(feeds, disruptions)
    await feeds.seen("acme", at=NOW)
    await disruptions.declare(Disruption("zone", "north-2", "snow", NOW, None, "Kim"))

    await register.park(["acme"], "D1", NOW)

    assert await register.feeds(["acme"]) == {"acme": FeedState(NOW)}
    assert await register.disruptions(["zone:north-2"], NOW) == {"zone:north-2": (Disrupted("snow"),)}
    assert await feeds.waiting_for("acme") == ("D1",)
