"""`doorstep demo`: everything of `up` in a folder of its own, a day played on it, and a verdict."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from cli.demo.day import Day
from cli.demo.evidence import gather, unfinished
from cli.demo.fleet import write_fleet
from cli.demo.folder import demo_folder, fresh, standard, write_rules
from cli.demo.forecast import deadlines
from cli.demo.ground import WIDE, playing
from cli.demo.player import Interruption, Player
from cli.demo.report import print_report
from cli.demo.scale import clock_sentences
from cli.demo.scenario import Scenario, scenario_of, speed_kmh
from cli.demo.verdict import Verdict, verdict_of
from cli.demo.watching import Eyes, show_lines, show_table
from cli.site import Site
from cli.standins.mail_catcher import MailCatcher
from cli.standins.twilio_standin import TwilioStandin
from cli.up import told_to_end
from rules.check import Check
from rules.compile import compile_book
from settings import Settings
from store.database import Database
from workflows.clock import wall_clock

FACTOR = 600
"""A minute of the day passes in a tenth of a second."""

LEAD_MS = 500
"""From the writing of the day to its beginning."""

ALL_END_WITHIN_MS = 90_000

Interrupt = Callable[[Site], Sequence[Interruption]]
"""Says which processes of a running site are to be killed in the middle of the day."""


@dataclass(slots=True)
class Stage:
    """How the demo shows itself. `notes` is what was told of the machinery, for the live table."""

    console: Console
    live: bool
    notes: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """For everybody to read, before or after the day."""
        self.console.print(line, highlight=False, markup=False)

    def tell(self, line: str) -> None:
        """Something that happens meanwhile; the live table has its own place for it."""
        self.notes.append(line)
        if not self.live:
            self.say(line)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the day is played on."""

    site: Site
    database: Database
    mail: MailCatcher
    twilio: TwilioStandin
    rules: Check


def run_demo(settings: Settings, *, once: bool, keep: bool, format: str) -> int:
    """Plays the day and says how it went: 0 only if every fault was noticed in time, nothing else was, and all was done once."""
    as_json = format == "json"
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = WIDE
    stage = Stage(console, live=console.is_terminal and not once and not as_json)
    return asyncio.run(_run(settings, stage, keep, as_json))


async def _run(settings: Settings, stage: Stage, keep: bool, as_json: bool) -> int:
    async with set_up(settings, stage) as scene:
        scenario, verdict = await perform(scene, stage)
        if as_json:
            print(json.dumps(verdict.shown(), indent=2), flush=True)
        else:
            print_report(verdict, scenario.day, stage.console)
        if keep:
            await _kept(scene, stage)
    return 1 if verdict.problems else 0


@asynccontextmanager
async def set_up(settings: Settings, stage: Stage) -> AsyncIterator[Scene]:
    """The stand-ins, then all of `up`, in a folder of its own; everything is ended afterwards."""
    Site(settings, stage.tell).refuse_taken_ports()
    folder = fresh(demo_folder(settings))
    rules, checked = write_rules(folder, FACTOR)
    stage.say(_said_of(checked, folder))
    async with playing(settings, stage.say, folder, rules, checked, stage.tell, {"DOORSTEP_SPEED_KMH": speed_kmh(FACTOR)}) as on:
        yield Scene(on.site, on.database, on.mail, on.twilio, checked)


async def perform(scene: Scene, stage: Stage, interrupt: Interrupt = lambda site: ()) -> tuple[Scenario, Verdict]:
    """Plays the day, waits until every delivery has ended, and judges it. `interrupt` says what is killed in the middle."""
    deliveries = await scene.site.deliveries()
    scenario = await scenario_of(Day(wall_clock() + LEAD_MS, FACTOR))
    due = deadlines(compile_book(standard(scene.rules), "reference"), scenario)
    await write_fleet(scenario, scene.database)
    player = Player(scenario, deliveries, stage.tell, interrupt(scene.site))
    watching = asyncio.create_task(_watch(scene, stage, scenario, player))
    try:
        played = await player.play()
        await _all_ended(scenario, scene.database)
        evidence = await gather(scenario, played, deliveries, scene.database, scene.mail.mails, scene.twilio.messages)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return scenario, verdict_of(scenario, due, evidence)


async def _watch(scene: Scene, stage: Stage, scenario: Scenario, player: Player) -> None:
    eyes = Eyes(scene.database, scene.mail, scene.twilio)
    if stage.live:
        total = len(scenario.lives)
        await show_table(eyes, scenario.day, stage.console, player.played, total, links(scene), stage.notes)
    else:
        stage.say("\n".join(links(scene)))
        await show_lines(eyes, scenario.day, stage.tell)


async def _all_ended(scenario: Scenario, database: Database) -> None:
    """The last reports are in; workflows end when their actions have. One that does not is told in the verdict."""
    give_up_at = wall_clock() + ALL_END_WITHIN_MS
    while wall_clock() < give_up_at and await unfinished(scenario, database):  # noqa: ASYNC110 - other processes write it
        await asyncio.sleep(0.2)


async def _kept(scene: Scene, stage: Stage) -> None:
    told = told_to_end()
    stage.say("\n".join(("It stays up for you to look around; Ctrl-C ends it.", *links(scene))))
    await told.wait()


def links(scene: Scene) -> tuple[str, ...]:
    """Where to click."""
    ui = f"http://127.0.0.1:{scene.site.settings.ui_port}/namespaces/default/workflows"
    return (
        f"  Deliveries     {ui}?query=WorkflowType%3D%22Delivery%22",
        f"  Incidents now  {ui}?query=OpenIncidents%20IS%20NOT%20NULL",
        f"  Late ones      {ui}?query=DeliveryCondition%3D%22late%22",
        f"  Status page    http://127.0.0.1:{scene.site.settings.port}/",
        f"  Mail sent      http://127.0.0.1:{scene.mail.web_port}/",
        f"  SMS sent       {scene.twilio.url}/",
    )


def _said_of(checked: Check, folder: Path) -> str:
    """What is not as in life."""
    clock = [sentence for book in checked.books for sentence in clock_sentences(book)]
    lines = [
        f"The day passes {FACTOR} times as fast: a minute of it takes {60 / FACTOR:g} s. Every span of the rules is divided by "
        f"{FACTOR}; clock times shown below are the day's, those in messages are real ones.",
        f"Everything is kept in {folder} until the next demo.",
    ]
    if clock:
        lines.append(f"Read off a clock, and taken to hold always: {'; '.join(clock)}.")
    return "\n".join(lines)
