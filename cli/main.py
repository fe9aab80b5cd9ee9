"""`doorstep`: its commands, declared here and in `*_commands.py`; what each does is in its own module."""

import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.command import FINDINGS, FINE, WRONG_USE, Format, FormatOption, ends_with
from cli.delivery_commands import delivery
from cli.rule_commands import rules
from settings import SettingsError, read_settings


class SceneName(StrEnum):
    """What the demo plays."""

    DAY = "day"
    FALLBACK = "fallback"
    HUB_DOWN = "hub-down"


app = typer.Typer(no_args_is_help=True, add_completion=False, help="Durable exception management for last-mile delivery.")
fleet = typer.Typer(no_args_is_help=True, help="Drivers, carriers and routes: who could take a delivery over.")
disruption = typer.Typer(no_args_is_help=True, help="One cause behind many incidents: a hub down, a strike, snow in a zone.")
app.add_typer(rules, name="rules")
app.add_typer(delivery, name="delivery")
app.add_typer(fleet, name="fleet")
app.add_typer(disruption, name="disruption")


def run() -> None:
    """Runs a command and ends the process. Interpreter shutdown is skipped: the SDK's runtime may abort it (sdk-python#300)."""
    code = FINE
    try:
        # In its standalone mode Typer itself explains wrong use, and ends with the code of an Exit.
        app()
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception as error:
        code = _told(error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(error: Exception) -> int:
    """Says what went wrong in a line or two; only a mistake of ours shows a traceback."""
    from cli.errors import explained

    text = explained(error)
    if text is None:
        raise error
    print(text, file=sys.stderr)
    return WRONG_USE if isinstance(error, SettingsError) else FINDINGS


@app.command()
def up() -> None:
    """Start everything on this machine: Temporal, database, worker, gateway. Ctrl-C stops it; nothing is lost."""
    from cli.up import up as start

    ends_with(lambda: start(read_settings()))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="end by itself, without a live table")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="stay up afterwards, for clicking")] = False,
    format: FormatOption = Format.TEXT,
    scene: Annotated[
        SceneName,
        typer.Option("--scene", help="day; fallback: a van breaks down, others are asked; hub-down: a hub stands still"),
    ] = SceneName.DAY,
) -> None:
    """Play a delivery day in about a minute, with faults, and say which were noticed and what was done; or another scene."""
    from cli.demo.fallback.run import run_fallback
    from cli.demo.hub_down.run import run_hub_down
    from cli.demo.run import run_demo

    if scene is SceneName.FALLBACK:
        raise typer.Exit(run_fallback(read_settings(), keep=keep, as_json=format is Format.JSON))
    if scene is SceneName.HUB_DOWN:
        raise typer.Exit(run_hub_down(read_settings(), keep=keep, as_json=format is Format.JSON))
    raise typer.Exit(run_demo(read_settings(), once=once, keep=keep, format=format.value))


@app.command()
def worker() -> None:
    """Run a worker against the Temporal server of TEMPORAL_ADDRESS."""
    from worker import work_until_told

    asyncio.run(work_until_told(read_settings()))


@app.command()
def serve() -> None:
    """Run the gateway: the pages for people."""
    from cli.serve import serve as start

    start(read_settings())


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    from cli.database import migrate_database

    ends_with(lambda: migrate_database(read_settings()))


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="where to; must not exist yet")]) -> None:
    """Copy what `doorstep up` keeps, while it runs: Temporal's database, then ours. The copy holds personal data."""
    from cli.backup import back_up

    raise typer.Exit(back_up(read_settings(), folder))


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="what `doorstep backup` made")]) -> None:
    """Put a backup into an empty DOORSTEP_HOME, so that `doorstep up` goes on from it without doing anything twice."""
    from cli.restore import restore as put_back

    ends_with(lambda: put_back(read_settings(), folder))


@app.command()
def purge(
    before: Annotated[str | None, typer.Option("--before", help="delete what ended before this day, such as 2026-01-01")] = None,
    personal_before: Annotated[
        str | None, typer.Option("--personal-before", help="take people out of what ended before this day")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="only say how much it would be")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Take out what ended longer ago than DOORSTEP_KEEP_DAYS and DOORSTEP_KEEP_PERSONAL_DAYS say. Run it every night."""
    from cli.forgetting import purge as take_out

    ends_with(lambda: take_out(read_settings(), before, personal_before, dry, format.value))


@app.command()
def erase(
    email: Annotated[str | None, typer.Option("--email", help="the person's mail address")] = None,
    phone: Annotated[
        str | None, typer.Option("--phone", help="the person's number with its country, such as +358401234567")
    ] = None,
    delivery_id: Annotated[str | None, typer.Option("--delivery", help="one delivery")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Erase what is known of a person (GDPR, article 17), and say what has to wait. Exit 1 if something has."""
    from cli.forgetting import erase as forget

    ends_with(lambda: forget(read_settings(), email, phone, delivery_id, format.value))


@app.command()
def doctor(
    links: Annotated[
        bool, typer.Option("--links", help="only links to views of the Temporal UI: late now, at risk, ...")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="look at this alone: temporal, worker, database, ...; may be given again")
    ] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show every setting, look at all that Doorstep needs, and say of each thing that is not well how to mend it."""
    from cli.doctor import examine
    from cli.views import show_links

    settings, shown = read_settings(), format.value
    ends_with(lambda: show_links(settings, shown) if links else examine(settings, shown, only or ()))


@app.command()
def replay(
    paths: Annotated[list[Path] | None, typer.Argument(help="recorded histories: files, or folders of them")] = None,
    server: Annotated[bool, typer.Option("--server", help="what runs on the Temporal server of TEMPORAL_ADDRESS now")] = False,
    at_most: Annotated[int | None, typer.Option("--at-most", min=1, help="with --server: the newest so many")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Try a new version before it is deployed: could it go on with what earlier ones began? Changes nothing anywhere."""
    from cli.replaying import replay_recordings, replay_running

    if server == bool(paths):
        raise typer.BadParameter("give recorded histories (such as tests/workflows/histories), or --server; one of the two")
    settings = read_settings()
    ends_with(
        lambda: (
            replay_running(settings, at_most, format.value) if server else replay_recordings(paths or [], settings, format.value)
        )
    )


@fleet.command(name="import")
def import_fleet(
    file: Annotated[Path, typer.Argument(help="JSON or YAML, see examples/fleet.json; - for standard input")],
    format: FormatOption = Format.TEXT,
) -> None:
    """Take over drivers, carriers and the routes of a day; the same file again changes nothing."""
    from cli.fleet import take_over

    ends_with(lambda: take_over(read_settings(), file, format.value))


@fleet.command(name="speeds")
def learnt_speeds(format: FormatOption = Format.TEXT) -> None:
    """Show how fast vans have driven in the last four weeks, by zone and hour, and how far off that is."""
    from cli.speeds import speeds

    ends_with(lambda: speeds(read_settings(), format.value))


PlaceArgument = Annotated[str, typer.Argument(metavar="SCOPE:KEY", help="hub:HEL1, carrier:acme, route:R12, zone:north-2")]
KindOption = Annotated[str | None, typer.Option("--kind", help="snow, strike, down, ...; rules may ask for one kind")]


@disruption.command()
def declare(
    place: PlaceArgument,
    kind: KindOption = None,
    lasts: Annotated[str | None, typer.Option("--for", help="when it ends by itself, for example 4h")] = None,
    by: Annotated[str, typer.Option("--by", help="who says so")] = "operator",
    note: Annotated[str | None, typer.Option("--note", help="for people")] = None,
) -> None:
    """Declare a disruption: rules that say `disruption open on hub` and the like are true there from now on."""
    from cli.disruptions import declare as open_one

    ends_with(lambda: open_one(read_settings(), place, kind, lasts, by, note))


@disruption.command(name="close")
def close_disruption(place: PlaceArgument, kind: KindOption = None) -> None:
    """Close what is open on a place, of one kind or of all."""
    from cli.disruptions import close

    ends_with(lambda: close(read_settings(), place, kind))


@disruption.command()
def affected(place: PlaceArgument) -> None:
    """The ids of the open deliveries on a place, one a line; exit 1 if there are none."""
    from cli.disruptions import affected_by

    ends_with(lambda: affected_by(read_settings(), place))


@disruption.command(name="list")
def list_disruptions(format: FormatOption = Format.TEXT) -> None:
    """List the disruptions that are open, and whom they concern."""
    from cli.disruptions import show_open

    ends_with(lambda: show_open(read_settings(), format.value))
