"""What the reading of a rule needs, handed from reader to reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rules.actions_reader import ActionReader
from rules.conditions_reader import ConditionReader
from rules.directory import Directory
from rules.source import Node, Source


@dataclass(frozen=True, slots=True)
class Reader:
    """The readers of one file's parts."""

    source: Source
    directory: Directory
    conditions: ConditionReader
    actions: ActionReader


Read = Callable[[Reader, Node, str], Any]
"""Reads the value of a key: (reader, value, key) -> the value; None, with a problem noted, if it is not what it should be."""
