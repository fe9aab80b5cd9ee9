"""Whole sites on free ports of this machine."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.ports import settings_of_its_own


@pytest.fixture
def site_environment(tmp_path: Path) -> Mapping[str, str]:
    """Settings of a site of its own."""
    return settings_of_its_own(tmp_path / "site")
