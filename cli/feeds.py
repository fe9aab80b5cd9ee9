"""Feeds: wired for the worker, which has those watched that directory.yaml gives a cadence; and heard of by whoever reports."""

from activities.feeds import Feeding
from cli.heralds import Herald
from cli.planning import WorkflowsRunning
from domain.feed import Expected
from domain.instant import Instant
from rules.directory import Directory
from store.database import Database
from store.feeds import Feeds
from workflows.clock import wall_clock
from workflows.feeds import WatchedFeeds


def of_feeds(database: Database, herald: Herald, running: WorkflowsRunning) -> list[object]:
    """The activities of the workflows of feeds."""
    feeding = Feeding(Feeds(database), herald.rows, herald, running.deliveries, wall_clock)
    return [feeding.look, feeding.back]


async def watch_feeds(directory: Directory, database: Database, running: WorkflowsRunning) -> None:
    """Has each carrier with a cadence watched."""
    for name, carrier in directory.carriers.items():
        if carrier.cadence is not None:
            await Feeds(database).expect(name, carrier.cadence)
            await running.feeds.expect(Expected(name, carrier.cadence))


async def heard_of(feeds: Feeds, watched: WatchedFeeds, source: str, at: Instant) -> None:
    """Notes that a feed has reported, and says so where its workflow does not know."""
    if await feeds.seen(source, at=at):
        await watched.heard(source)
