"""`doorstep disruption`: declared, listed, closed, and the deliveries in its scope are called."""

import json
from pathlib import Path

import pytest

from cli.disruptions import affected_by, close, declare, place_of, show_open
from cli.errors import InputError
from cli.heralds import Heeding, Herald
from domain.disruption import Heeded, Notice
from domain.guards import Disrupted, FeedState
from domain.instant import Instant
from rules.book import Rulebook, canonical_json
from rules.tree import All, DisruptionOpen
from settings import Settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.disruptions import Disruptions
from store.feeds import Feeds
from store.rulebooks import Rulebooks
from tests.store.test_deliveries import another
from tests.workflows.books import OUT, a_rule
from worker import Register
from workflows.places import DisruptedPlaces

NOW = 1_795_413_600_000


class Places(DisruptedPlaces):
    """Keeps what was said to the workflows of places."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def opened(self, notice: Notice) -> None:
        self.said.append(("opened", notice.place))

    async def closed(self, notice: Notice, at: Instant) -> None:
        self.said.append(("closed", notice.place))


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    places = Places()

    async def herald(settings: Settings, rows: Disruptions) -> Herald:
        return Herald(rows, places)

    monkeypatch.setattr("cli.disruptions._herald", herald)
    return places


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
    settings: Settings, tmp_path: Path, places: Places, capsys: pytest.CaptureFixture[str], place: str, said: str
) -> None:
    (tmp_path / "directory.yaml").write_text("hubs: {HEL1: {}}\n")

    code = await declare(settings.but(DOORSTEP_RULES=tmp_path), place, None, None, "Kim", None)

    assert (code, capsys.readouterr().err.strip()) == (0, said)
    assert places.said == [("opened", place)]


async def test_whom_it_concerns_is_said_when_it_is_declared_and_all_of_them_can_be_listed(
    settings: Settings, sqlite_database: Database, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(22):
        await Copies(sqlite_database).write(another(f"D{number:02}", hub="HEL1", run_id=str(number)))

    await declare(settings, "hub:HEL1", "down", None, "Kim", None)
    declared = capsys.readouterr().out.strip()
    await affected_by(settings, "hub:HEL1")
    listed = capsys.readouterr().out.split()
    nobody = await affected_by(settings, "hub:TKU1")
    await close(settings, "hub:HEL1", None)

    assert declared.startswith("hub:HEL1: declared of kind down; 22 open deliveries are on it: D00, D01, ")
    assert declared.endswith(", D19 and 2 more")
    assert (len(listed), nobody) == (22, 1)
    assert places.said == [("opened", "hub:HEL1"), ("closed", "hub:HEL1")]


async def test_what_is_open_is_listed(settings: Settings, sqlite_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = await show_open(settings, "text")
    await Disruptions(sqlite_database).declare(Notice("hub", "HEL1", "Kim", NOW, "down", note="no power"))

    await show_open(settings, "text")
    await show_open(settings, "json")

    lines = capsys.readouterr().out.splitlines()
    assert nothing == 0
    assert lines[:3] == [
        "no disruption is open",
        "hub:HEL1 of kind down, since 2026-11-23T06:00:00Z, by Kim: no power",
        "  no open delivery is on it",
    ]
    assert json.loads(lines[3])[0]["key"] == "HEL1"


async def test_only_books_with_a_rule_of_guards_alone_about_the_scope_have_to_hear_of_it_at_once(
    sqlite_database: Database,
) -> None:
    shelf, copies = Rulebooks(sqlite_database), Copies(sqlite_database)
    heeds = await shelf.publish("a", canonical_json(Rulebook("a", (a_rule("down", DisruptionOpen("hub")),))), now=NOW)
    other = await shelf.publish("b", canonical_json(Rulebook("b", (a_rule("down", DisruptionOpen("zone")),))), now=NOW)
    for number, version in enumerate([heeds, other], start=1):
        await copies.write(another(f"D{number}", hub="HEL1", rulebook_version=version, run_id=str(number)))

    heeding = Heeding(shelf)

    assert (await heeding.of("hub")).versions == {heeds}
    assert (await heeding.of("zone")).versions == {other}
    assert await heeding.of("carrier") == Heeded(frozenset(), frozenset())


async def test_rules_that_speak_of_it_beside_other_things_are_named_for_what_they_have_open(sqlite_database: Database) -> None:
    shelf = Rulebooks(sqlite_database)
    held = a_rule("held", All((DisruptionOpen("hub"), OUT)))
    await shelf.publish("a", canonical_json(Rulebook("a", (held,))), now=NOW)

    heeding = Heeding(shelf)

    assert await heeding.of("hub") == Heeded(frozenset(), frozenset({"held"}))
    assert (await heeding.of("zone")).rules == frozenset()


async def test_the_worker_looks_at_these_tables(sqlite_database: Database) -> None:
    feeds, disruptions = Feeds(sqlite_database), Disruptions(sqlite_database)
    register = Register(feeds, disruptions)
    await feeds.seen("acme", at=NOW)
    await disruptions.declare(Notice("zone", "north-2", "Kim", NOW, "snow"))

    await register.park(["acme"], "D1", NOW)

    assert await register.feeds(["acme"]) == {"acme": FeedState(NOW)}
    assert await register.disruptions(["zone:north-2"], NOW) == {"zone:north-2": (Disrupted("snow"),)}
    assert await feeds.waiting_for("acme") == ("D1",)
