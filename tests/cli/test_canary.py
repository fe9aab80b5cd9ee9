"""`doorstep rules publish --canary` and `rules canary`, without a server: what the commands say and keep."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.adoption import adopt_rulebook
from cli.canary import promote_canary, share_of, show_canary, widen_canary
from cli.errors import InputError
from cli.main import app
from cli.publishing import publish
from cli.rules import publish_rules
from cli.site import Site
from rules.check import Check
from settings import SHIPPED_RULES, Settings, read_settings
from store.canaries import Canaries
from store.database import Database
from store.deliveries import Deliveries
from store.errors import CanaryStandsError, NoCanaryError, UnknownRulebookError
from store.migrate import migrate
from store.rulebooks import Rulebooks
from tests.store.test_canaries import incident
from tests.store.test_rulebooks import delivery
from tests.workflows.books import ATTEMPT, LATE, MISSED_SCAN, a_book
from workflows.clock import wall_clock

FIRST, SECOND, THIRD = (Check((book,), ()) for book in (a_book(ATTEMPT), a_book(LATE), a_book(MISSED_SCAN)))


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    made = read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_DATABASE_URL": f"sqlite:///{tmp_path}/store.db"})
    await migrate(made.database_url)
    return made


async def published(settings: Settings, checked: Check, share: int | None = None) -> str:
    database = Database(settings.database_url)
    try:
        return str((await publish(checked, database, share=share))[0])
    finally:
        await database.close()


async def test_a_canary_is_published_shown_widened_and_promoted(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    old = (await published(settings, FIRST)).split()[1]
    said = await published(settings, SECOND, share=10)
    new = said.split()[1]
    database, now = Database(settings.database_url), wall_clock() + 1
    for delivery_id, version in (("D-1", old), ("D-2", new)):
        opened = (incident(delivery_id, version),)
        await Deliveries(database).write(replace(delivery(delivery_id, version), started_at=now, incidents=opened))
    await database.close()

    await show_canary(settings, "standard", "text")
    text = capsys.readouterr().out
    await widen_canary(settings, "standard", 50, "json")
    widened = json.loads(capsys.readouterr().out)
    await promote_canary(settings, "standard", "text")
    promoted = capsys.readouterr().out
    await show_canary(settings, "standard", "text")

    assert "canary: 10% of new deliveries get it; `doorstep rules canary standard` shows" in said
    assert "standard: 10% of new deliveries get the canary" in text
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["current", old[:12], "canary", new[:12]],
        ["deliveries", "1,", "1", "running", "1,", "1", "running"],
        ["late", "1", "incidents,", "1", "open", "1", "incidents,", "1", "open"],
    ]
    assert (widened["canary"]["version"], widened["canary"]["share"]) == (new, 50)
    assert widened["current"]["rules"] == {"late": {"opened": 1, "open": 1}}
    assert f"all new deliveries get {new[:12]}; `doorstep rules adopt standard`" in promoted
    assert capsys.readouterr().out == f"standard: no canary; all new deliveries get {new[:12]}\n"


async def test_published_again_a_canary_stays_one_and_a_third_version_is_refused(settings: Settings) -> None:
    """A program that starts publishes its folder: that must not promote the canary, nor end it."""
    old = (await published(settings, FIRST)).split()[1]
    await published(settings, SECOND, share=10)

    same, current = await published(settings, SECOND), await published(settings, FIRST)

    assert "stays a canary: 10% of new deliveries get it" in same
    assert current == f"standard  {old}"
    for share in (None, 20):
        with pytest.raises(CanaryStandsError, match="rulebook 'standard' has a canary"):
            await published(settings, THIRD, share)
    database = Database(settings.database_url)
    assert await Rulebooks(database).current("standard") == old
    assert (await Canaries(database).of("standard")) is not None
    await database.close()


async def test_a_program_that_starts_leaves_current_and_canary_as_they_are(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A third version in the folder kept `doorstep up`, and the publish job, from starting as long as a canary stood."""
    old = (await published(settings, FIRST)).split()[1]
    new = (await published(settings, SECOND, share=10)).split()[1]
    folder, told = tmp_path / "rules", list[str]()
    shutil.copytree(SHIPPED_RULES, folder)
    database = Database(settings.database_url)

    await Site(replace(settings, values={**settings.values, "DOORSTEP_RULES": str(folder)}), told.append)._publish_folder(
        database
    )
    code = await publish_rules(settings, folder, at_start=True)
    with pytest.raises(CanaryStandsError, match="rulebook 'standard' has a canary"):
        await publish_rules(settings, folder)

    assert code == 0
    assert told == [line for line in capsys.readouterr().out.splitlines() if line.startswith("standard ")]
    assert told[0].startswith(f"standard  {old}  stays current: rulebook 'standard' has a canary, {new[:12]}; first end it")
    assert await Rulebooks(database).current("standard") == old
    assert (await Rulebooks(database).canaries())["standard"].version == new
    await database.close()


async def test_what_is_current_is_no_canary_and_nothing_is_no_current_version(settings: Settings) -> None:
    with pytest.raises(UnknownRulebookError, match="no rulebook 'standard' is published"):
        await published(settings, FIRST, share=10)

    await published(settings, FIRST)

    assert (await published(settings, FIRST, share=10)).endswith("is current already: no canary")
    with pytest.raises(NoCanaryError, match="rulebook 'standard' has no canary"):
        await widen_canary(settings, "standard", 50, "text")


async def test_adopt_leaves_a_canary_alone_and_says_from_which_versions_it_can_come(settings: Settings) -> None:
    old = (await published(settings, FIRST)).split()[1]
    await published(settings, SECOND)
    new = (await published(settings, THIRD, share=10)).split()[1]

    with pytest.raises(UnknownRulebookError, match=rf"begins with '{new[:8]}'; there are: {old[:12]}$"):
        await adopt_rulebook(settings, "standard", 20, "text", new[:8])


@pytest.mark.parametrize("text", ["0", "100%", "1.5%", "half", "", "-3", "١٠%"])
def test_a_share_is_1_to_99_whole_percent(text: str) -> None:
    with pytest.raises(InputError, match="is no share of a canary: give 1% to 99%"):
        share_of(text)


def test_a_share_may_do_without_its_sign() -> None:
    assert [share_of(text) for text in ("10%", "50", " 7 % ")] == [10, 50, 7]


@pytest.mark.parametrize(
    "arguments",
    [
        ["canary", "--end", "--promote"],
        ["canary", "--share", "5%", "--end"],
        ["publish", "--canary", "5%", "--back", "x"],
        ["publish", "--at-start", "--canary", "5%"],
        ["publish", "--untested", "--back", "x"],
        ["publish", "--untested", "--at-start"],
    ],
)
def test_options_that_exclude_each_other_are_wrong_use(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["rules", *arguments])

    assert result.exit_code == 2
