"""What `doorstep doctor` finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do when it is not well."""

    what: str
    well: bool
    said: str
    mend: str = ""


Look = Callable[[Settings], Awaitable[Finding]]
"""Looks at one thing. What it raises is the finding."""
