"""Where the recorded tracking payloads are. They are not part of this repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def recorded(*names: str) -> bytes:
    """A recorded payload; skips the test where the data are absent."""
    folder = ROOT / os.environ.get("DOORSTEP_TEST_DATA", "../shared/data")
    file = folder.joinpath("tracking", *names)
    if not file.exists():
        pytest.skip(f"{file} is absent; set DOORSTEP_TEST_DATA to the folder with the recorded payloads")
    return file.read_bytes()


def recorded_json(*names: str) -> Any:
    return json.loads(recorded(*names))
