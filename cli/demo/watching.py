"""Looks at the store while the day is played, and shows what is new: as a live table, or line by line."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.live import Live

from cli.demo.board import Sight, board, done_by
from cli.demo.day import Day
from cli.demo.player import Played
from cli.standins.mail_catcher import MailCatcher
from cli.standins.twilio_standin import TwilioStandin
from store.database import Database
from store.deliveries import Deliveries
from workflows.clock import wall_clock

EVERY_S = 0.5
"""A look is three small queries; more of them would be taken from the machine that the demo measures."""


class Eyes:
    """Takes a look at the store and at the stand-ins."""

    def __init__(self, database: Database, mail: MailCatcher, twilio: TwilioStandin) -> None:
        self._copies = Deliveries(database)
        self._mail = mail
        self._twilio = twilio

    async def look(self) -> Sight:
        return Sight(
            at=wall_clock(),
            counts=await self._copies.counts(),
            incidents=await self._copies.recent_incidents(limit=200),
            effects=await self._copies.effects(limit=1_000),
            mails=len(self._mail.mails),
            texts=len(self._twilio.messages),
        )


async def show_lines(eyes: Eyes, day: Day, tell: Callable[[str], None]) -> None:
    """Tells everything new, one line each, until it is cancelled."""
    told: set[str] = set()
    while True:
        for key, line in news(await eyes.look(), day):
            if key not in told:
                told.add(key)
                tell(line)
        await asyncio.sleep(EVERY_S)


async def show_table(
    eyes: Eyes, day: Day, console: Console, played: Played, total: int, links: Sequence[str], notes: Sequence[str]
) -> None:
    """Keeps the table on the screen until it is cancelled. `notes` grows: what happens to the machinery."""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(board(await eyes.look(), day, played, total, links, notes), refresh=True)
            await asyncio.sleep(EVERY_S)


def news(sight: Sight, day: Day) -> Iterator[tuple[str, str]]:
    """Everything that there is to tell, each with a key under which it is told once; by time."""
    return ((key, line) for _, key, line in sorted(_news(sight, day)))


def _news(sight: Sight, day: Day) -> Iterator[tuple[int, str, str]]:
    for copy in sight.incidents:
        incident, who = copy.incident, copy.delivery_id
        opened = f"{day.clock(incident.opened_at)}  {who}  {incident.rule} opened: {incident.says}"
        yield incident.opened_at, incident.incident_id, opened
        if incident.resolved_at is not None and incident.resolution is not None:
            ended = f"{day.clock(incident.resolved_at)}  {who}  {incident.rule} resolved: {incident.resolution.value}"
            yield incident.resolved_at, f"{incident.incident_id} resolved", ended
    for effect in sight.effects:
        if effect.closed_at is not None:
            note = f": {effect.note}" if effect.note else ""
            done = f"{day.clock(effect.closed_at)}  {effect.delivery_id}    {done_by(effect)}{note}"
            yield effect.closed_at, f"{effect.key} {effect.action}", done
