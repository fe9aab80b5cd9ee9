"""Column types of our own: words of a closed list, texts written by strangers, JSON."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Words(TypeDecorator[StrEnum]):
    """One word of a closed list: written as text, read as the enum. A word outside the list is a ValueError."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Prose(TypeDecorator[str]):
    """Text that strangers wrote. NUL and lone surrogates, which PostgreSQL refuses, become replacement marks."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text without what no database takes."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def json_or_null() -> JSON:
    """JSON in which None is SQL NULL. Not JSONB: that refuses the escape of NUL, which a stranger may send."""
    return JSON(none_as_null=True)
