"""Feeds: what their workflows are asked to watch, and what a look at one finds."""

from dataclasses import dataclass

from domain.instant import Instant, Span


@dataclass(frozen=True, slots=True)
class Expected:
    """A feed that should report at least every `cadence` milliseconds."""

    source: str
    cadence: Span


@dataclass(frozen=True, slots=True)
class FeedLook:
    """When a feed was heard of last (None: never), and whether it has been silent for longer than its cadence since."""

    last_seen: Instant | None
    is_silent: bool
