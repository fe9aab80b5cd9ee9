"""`doorstep`: every command, declared here; what each does is in its own module."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from settings import SettingsError, read_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Durable exception management for last-mile delivery.")
rules = typer.Typer(no_args_is_help=True, help="Check, test and publish rulebooks. No server is needed but for publish.")
delivery = typer.Typer(no_args_is_help=True, help="Start a delivery, report events, see where it stands and why.")
fleet = typer.Typer(no_args_is_help=True, help="Drivers, carriers and routes: who could take a delivery over.")
app.add_typer(rules, name="rules")
app.add_typer(delivery, name="delivery")
disruption = typer.Typer(no_args_is_help=True, help="One cause behind many incidents: a hub down, a strike, snow in a zone.")
app.add_typer(fleet, name="fleet")
app.add_typer(disruption, name="disruption")

FINE, FINDINGS, WRONG_USE = 0, 1, 2


class Format(StrEnum):
    """How a command prints."""

    TEXT = "text"
    JSON = "json"


class InputFormat(StrEnum):
    """What a file of events is written in."""

    JSON = "json"
    EASYPOST = "easypost"
    UPS = "ups"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]


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


def ends_with(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Runs a command's coroutine and exits with what it returns."""
    raise typer.Exit(asyncio.run(work()))


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
) -> None:
    """Play a delivery day in about a minute, with faults, and say which were noticed and what was done."""
    from cli.demo.run import run_demo

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
def doctor(format: FormatOption = Format.TEXT) -> None:
    """Show every setting and look whether Temporal, database, worker, mail and SMS can be reached."""
    from cli.doctor import examine

    ends_with(lambda: examine(read_settings(), format.value))


@rules.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="a rulebook, a test file or a folder; default: DOORSTEP_RULES")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="warnings count for the exit code")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show every mistake at once, with its place and a suggestion."""
    from cli.rules import check_rules

    raise typer.Exit(check_rules(path or read_settings().rules, strict, format.value))


@rules.command()
def test(
    path: Annotated[Path | None, typer.Argument(help="a test file, a rulebook or a folder; default: DOORSTEP_RULES")] = None,
    junit: Annotated[Path | None, typer.Option(help="also write JUnit XML to this file")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="show which sentence was true, false, unknown; which steps ran")
    ] = False,
    fail_under: Annotated[int, typer.Option(help="exit with 1 if a book's coverage is less than so many percent")] = 0,
    mutate: Annotated[bool, typer.Option("--mutate", help="shift each threshold a little: some test has to notice")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Run the tests beside the rules on a simulated clock."""
    from cli.rules import Wanted, test_rules

    raise typer.Exit(test_rules(path or read_settings().rules, junit, format.value, Wanted(coverage, fail_under, mutate)))


@rules.command()
def schema(
    path: Annotated[Path | None, typer.Argument(help="a folder of rulebooks; default: DOORSTEP_RULES")] = None,
    into: Annotated[
        Path | None, typer.Option(help="the folder that the schemas are written into; default: beside the rulebooks")
    ] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Write JSON Schemas of rulebooks, tests and directory.yaml, with which editors complete and check while you write."""
    from cli.rules import write_schemas

    raise typer.Exit(write_schemas(path or read_settings().rules, into, format.value))


@rules.command()
def record(
    delivery_id: str,
    into: Annotated[Path, typer.Option(help="the folder that the files are written into")] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace files that are there already")] = False,
) -> None:
    """Make a test, and a history file, from what really happened to a delivery. Names and addresses of customers are left out."""
    from cli.recording import record_delivery

    ends_with(lambda: record_delivery(read_settings(), delivery_id, into, overwrite))


@rules.command()
def publish(
    path: Annotated[Path | None, typer.Argument(help="a rulebook or a folder; default: DOORSTEP_RULES")] = None,
    back: Annotated[str | None, typer.Option(help="instead: the version of this rulebook that was current before")] = None,
) -> None:
    """Publish rulebooks: new deliveries get them at once; those that run keep their version until they adopt another."""
    from cli.rules import publish_back, publish_rules

    settings = read_settings()
    ends_with(lambda: publish_rules(settings, path) if back is None else publish_back(settings, back))


@rules.command()
def adopt(
    name: Annotated[str, typer.Argument(help="the rulebook, by name")] = "standard",
    rate: Annotated[int, typer.Option(min=1, max=1000, help="at most so many deliveries a second")] = 20,
    format: FormatOption = Format.TEXT,
) -> None:
    """Let running deliveries adopt the current version of their rulebook. Cut off, another run goes on with those left."""
    from cli.adoption import adopt_rulebook

    ends_with(lambda: adopt_rulebook(read_settings(), name, rate, format.value))


@delivery.command()
def start(
    file: Annotated[Path, typer.Argument(help="a DeliveryOrder as JSON; - for standard input")],
    format: FormatOption = Format.TEXT,
) -> None:
    """Start a delivery and wait for its acknowledgement."""
    from cli.deliveries import start_delivery

    ends_with(lambda: start_delivery(file, format.value))


@delivery.command()
def example() -> None:
    """Print an order to start from: promised in two hours, with a new id."""
    from cli.deliveries import print_example

    print_example()


@delivery.command()
def report(
    file: Annotated[Path | None, typer.Argument(help="events or a carrier's payload; - for standard input")] = None,
    delivery_id: Annotated[str | None, typer.Option("--delivery", help="the delivery; default: found by tracking number")] = None,
    format: Annotated[InputFormat, typer.Option("--format", help="what the file is written in")] = InputFormat.JSON,
    status: Annotated[str | None, typer.Option(help="instead of a file: this status, now")] = None,
    kind: Annotated[
        str | None, typer.Option(help="instead of a file: an event of this kind, now (scan, attempt_failed, ...)")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="with --status or --kind: why")] = None,
    eta: Annotated[
        str | None, typer.Option(help="instead of a file: this expected arrival, as 2026-11-23T16:20:00+02:00")
    ] = None,
) -> None:
    """Report events: our JSON (one event, a list, or one a line), a carrier's tracking payload, or one event by options."""
    from cli.deliveries import report_events, report_one

    if file is not None:
        ends_with(lambda: report_events(read_settings(), file, delivery_id, format.value))
    ends_with(lambda: report_one(read_settings(), delivery_id, {"status": status, "kind": kind, "reason": reason, "eta": eta}))


@delivery.command()
def update(
    delivery_id: str,
    name: Annotated[
        str, typer.Argument(help="amend, reschedule, cancel, acknowledge, resolve, correct, mute, decide or adopt_rulebook")
    ],
    request: Annotated[str, typer.Argument(help='what is asked, as JSON: {"incident_id": "...", "by": "Kim"}')],
) -> None:
    """Decide something about a delivery: move its promise, acknowledge or resolve an incident, withdraw an event, cancel."""
    from cli.deliveries import update_delivery

    ends_with(lambda: update_delivery(delivery_id, name, request))


@delivery.command()
def mute(
    delivery_id: str,
    rule: Annotated[str, typer.Argument(help="the rule, by name")],
    until: Annotated[str, typer.Option(help="until when, as 2026-11-23T18:00:00+02:00")],
    by: Annotated[str, typer.Option(help="who wishes so")],
    reason: Annotated[str, typer.Option(help="why")] = "",
) -> None:
    """Let a rule do nothing on a delivery for a while; what is still called for then is done when the mute ends."""
    from cli.deliveries import mute_rule

    ends_with(lambda: mute_rule(delivery_id, {"rule": rule, "until": until, "reason": reason, "by": by}))


@delivery.command()
def decide(
    delivery_id: str,
    approve: Annotated[bool, typer.Option("--approve/--reject", help="the answer")],
    by: Annotated[str, typer.Option(help="who decides")],
    proposal: Annotated[
        str | None, typer.Argument(help="its id, from `show`; default: the only one that awaits an answer")
    ] = None,
) -> None:
    """Approve or reject what a rule proposes."""
    from cli.deliveries import decide_proposal

    ends_with(lambda: decide_proposal(delivery_id, proposal, approve, by))


@delivery.command()
def show(delivery_id: str, format: FormatOption = Format.TEXT) -> None:
    """Where a delivery stands, its incidents, what was done, and what is due next."""
    from cli.deliveries import show_delivery

    ends_with(lambda: show_delivery(delivery_id, format.value))


@delivery.command()
def why(
    delivery_id: str,
    rule: Annotated[str | None, typer.Argument(help="one rule; default: all")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Why each rule is or is not open, sentence by sentence, and what it would take."""
    from cli.deliveries import explain_delivery

    ends_with(lambda: explain_delivery(delivery_id, rule, format.value))


@fleet.command(name="import")
def import_fleet(
    file: Annotated[Path, typer.Argument(help="JSON or YAML, see examples/fleet.json; - for standard input")],
    format: FormatOption = Format.TEXT,
) -> None:
    """Take over drivers, carriers and the routes of a day; the same file again changes nothing."""
    from cli.fleet import take_over

    ends_with(lambda: take_over(read_settings(), file, format.value))


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


@disruption.command(name="list")
def list_disruptions(format: FormatOption = Format.TEXT) -> None:
    """List the disruptions that are open."""
    from cli.disruptions import show_open

    ends_with(lambda: show_open(read_settings(), format.value))
