"""`doorstep delivery mute`: an end as people say it, and a rule that is not there."""

import pytest
from temporalio.testing import WorkflowEnvironment

from cli import deliveries as of_deliveries
from cli import muting as of_muting
from cli.errors import InputError
from cli.muting import end_of, mute_rule
from domain.instant import iso
from settings import Settings
from tests.workflows.books import ATTEMPT, a_book
from tests.workflows.stage import stage
from workflows.client import Deliveries

SNAPSHOT = {"as_of": "2026-11-23T09:05:00Z", "timezone": "Europe/Helsinki"}


@pytest.mark.parametrize(
    ("until", "meant"),
    [
        pytest.param("18:00", "2026-11-23T16:00:00Z", id="a clock time of the recipient"),
        pytest.param("8:00", "2026-11-24T06:00:00Z", id="which is past today, so tomorrow's"),
        pytest.param("2026-11-23T18:00:00+01:00", "2026-11-23T17:00:00Z", id="with an offset"),
        pytest.param("2026-11-23T18:00", "2026-11-23T16:00:00Z", id="without one it is the recipient's"),
        pytest.param("2h", "2026-11-23T11:05:00Z", id="how long"),
    ],
)
def test_an_end_is_understood_as_people_say_it(until: str, meant: str) -> None:
    assert iso(end_of(until, SNAPSHOT)) == meant


@pytest.mark.parametrize(
    ("until", "said"),
    [
        pytest.param(
            "tonight", r"--until tonight cannot be read: .* allowed: 18:00 \(the recipient\'s clock\), 2026-", id="words"
        ),
        pytest.param("2", "a duration needs a unit", id="a bare number"),
        pytest.param("2026-11-23", "has no time of day; write for example 2026-11-23T18:00", id="a day"),
    ],
)
def test_an_end_that_cannot_be_read_is_answered_with_what_can(until: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        end_of(until, SNAPSHOT)


@pytest.mark.parametrize(("until", "lasting"), [(None, None), ("18:00", "2h")])
async def test_a_mute_has_one_end(until: str | None, lasting: str | None) -> None:
    with pytest.raises(InputError, match="say either --until or --for"):
        await mute_rule("D-1", "late", until, lasting, "", "Kim")


@pytest.mark.temporal
async def test_a_rule_is_muted_for_as_long_as_was_said_and_an_unknown_one_is_named(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stage(temporal.client, a_book(ATTEMPT)) as on:
        delivery_id = await on.start()
        _talk_to(on.deliveries, monkeypatch)

        done = await mute_rule(delivery_id, "attempt", None, "2h", "storm", "Kim")
        refused = await mute_rule(delivery_id, "atempt", "18:00", None, "", "Kim")

        muted = (await on.deliveries.query(delivery_id, "snapshot"))["muted"]
        assert (done, refused) == (0, 1)
        assert [mute["rule"] for mute in muted] == ["attempt"]
        assert 'rule: the rulebook standard has no rule atempt; did you mean "attempt"?' in capsys.readouterr().err


def _talk_to(deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    async def these(settings: Settings) -> Deliveries:
        return deliveries

    monkeypatch.setattr(of_deliveries, "deliveries_of", these)
    monkeypatch.setattr(of_muting, "deliveries_of", these)
