"""What every command has: how it prints and what it ends with."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Annotated, Any

import typer

FINE, FINDINGS, WRONG_USE = 0, 1, 2
"""Exit codes: all is well; something was found or failed; the command was used wrongly."""


class Format(StrEnum):
    """How a command prints."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]


def ends_with(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Runs a command's coroutine and exits with what it returns."""
    raise typer.Exit(asyncio.run(work()))


def as_json(value: Any) -> str:
    """JSON for people: indented, with every character as it is."""
    return json.dumps(value, indent=2, ensure_ascii=False)
