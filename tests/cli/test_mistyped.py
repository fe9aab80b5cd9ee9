"""What is mistyped on the command line is answered with what was meant, before anything is sent."""

import asyncio
from collections.abc import Mapping

import pytest

from cli.deliveries import update_delivery
from cli.errors import InputError
from cli.reporting import report_one
from settings import Settings


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param(
            {"status": "out-for-delivery"}, 'status can not be "out-for-delivery"; did you mean "out_for_delivery"', id="status"
        ),
        pytest.param({"kind": "scann"}, 'kind can not be "scann"; did you mean "scan"', id="kind"),
        pytest.param({"eta": "16:20"}, 'eta can not be "16:20"; write date, time and offset', id="time"),
    ],
)
def test_a_mistyped_event_is_told_what_was_meant(told: Mapping[str, str | None], said: str) -> None:
    with pytest.raises(InputError, match=said):
        asyncio.run(report_one(Settings({}), "D-1", told))


def test_a_mistyped_update_is_told_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")

    with pytest.raises(InputError, match='no update "rescedule"; did you mean "reschedule"'):
        asyncio.run(update_delivery("D-1", "rescedule", "{}"))
