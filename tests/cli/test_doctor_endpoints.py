"""`doorstep doctor` says whether other systems can be told."""

from pathlib import Path

import pytest

from cli.looks.outside import endpoints
from settings import Settings, read_settings, secret_named

DIRECTORY = 'endpoints: {order-system: {url: "https://orders.example.test", secret: ORDER_SYSTEM_SECRET}}\n'


def settings(folder: Path, directory: str) -> Settings:
    (folder / "directory.yaml").write_text(directory)
    return read_settings({"DOORSTEP_RULES": str(folder)})


async def test_an_endpoint_without_its_secret_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDER_SYSTEM_SECRET", raising=False)

    found = await endpoints(settings(tmp_path, DIRECTORY))

    assert (found.well, found.said) == (False, "without a secret: ORDER_SYSTEM_SECRET; calls wait")


async def test_an_endpoint_with_its_secret_is_well_and_the_secret_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_SYSTEM_SECRET", "hush")

    found = await endpoints(settings(tmp_path, DIRECTORY))

    assert (found.well, found.said) == (True, "order-system: each has its secret")


async def test_without_endpoints_nobody_is_told(tmp_path: Path) -> None:
    found = await endpoints(settings(tmp_path, "queues: [hub-ops]\n"))

    assert (found.well, found.said) == (True, "none: other systems are not told")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")

    assert secret_named("S", {"S_FILE": str(tmp_path / "secret")}) == "hush"
    assert secret_named("S", {"S_FILE": str(tmp_path / "secret"), "S": "mine"}) == "mine"
    assert secret_named("S", {"S_FILE": str(tmp_path / "missing")}) is None
    assert secret_named("S", {}) is None
