"""What can be read, but not evaluated yet: a book that uses it is refused when it is compiled, never half understood."""

from collections.abc import Iterator

from domain.incident import Mode
from rules.book import Rule, Rulebook

KEYS: tuple[str, ...] = ()
"""Keys of a rule that nothing heeds yet."""


class NotBuiltError(ValueError):
    """A book asks for what cannot be evaluated yet."""


def refuse_unbuilt(book: Rulebook) -> None:
    """Raises NotBuiltError for the first part of a book, in rules that are not off, that cannot be evaluated yet."""
    for rule in book.rules:
        for _, what in unbuilt(rule):
            raise NotBuiltError(f"rule {rule.id}: {what} can be read, but is not supported yet when rules are evaluated")


def unbuilt(rule: Rule) -> Iterator[tuple[str, str]]:
    """What cannot be evaluated yet in a rule that is not off: the key that it stands under, and how it is written."""
    if rule.mode is Mode.OFF:
        return
    for key in KEYS:
        if getattr(rule, key) not in (None, ()):
            yield key, f'"{key}"'
