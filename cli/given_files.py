"""Files that commands are given, with JSON in them; - is standard input."""

import json
import sys
from pathlib import Path
from typing import Any

from cli.errors import InputError


def read(file: Path) -> bytes:
    """What a file holds."""
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def json_of(text: bytes, file: Path) -> Any:
    """The JSON in a text that came from a file; raises InputError."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{file}: not JSON: {error}") from None


def object_of(text: bytes, file: Path) -> dict[str, Any]:
    """The one object in it; raises InputError."""
    value = json_of(text, file)
    if not isinstance(value, dict):
        raise InputError(f"{file}: holds a JSON {type(value).__name__}; a DeliveryOrder is one object")
    return value
