"""`doorstep rules`: its commands, declared here; what each does is in its own module."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command import Format, FormatOption, ends_with
from settings import read_settings

rules = typer.Typer(no_args_is_help=True, help="Check, test and publish rulebooks. No server is needed but for publish.")


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
def explain(
    rule: Annotated[str, typer.Argument(help="the rule, by name")],
    book: Annotated[Path | None, typer.Option(help="a rulebook or a folder; default: DOORSTEP_RULES")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Say in plain words when a rule opens, what holds it back, what is done, and how it ends."""
    from cli.explaining import explain_rule

    raise typer.Exit(explain_rule(book or read_settings().rules, rule, format.value))


@rules.command(name="try")
def try_rule(
    events: Annotated[
        Path, typer.Option(help="events as JSON (a list, one a line, a history file), or lines as in a test's timeline")
    ],
    rule: Annotated[str | None, typer.Argument(help="the rule, by name; default: every rule of the book")] = None,
    book: Annotated[Path | None, typer.Option(help="a rulebook or a folder; default: DOORSTEP_RULES")] = None,
    delivery: Annotated[
        Path | None, typer.Option(help="the DeliveryOrder, or what a test says under delivery; default: a plain one")
    ] = None,
    day: Annotated[str | None, typer.Option(help="the day of the timeline's clock times, as 2026-11-23")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Play a file of events through a rule: what it did when, and why; what it came near to; what is to come."""
    from cli.trying import try_rules

    raise typer.Exit(try_rules(book or read_settings().rules, rule, events, delivery, day, format.value))


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
    canary: Annotated[
        str | None,
        typer.Option(help="only this share of new deliveries gets them, such as 10%; the rest get the current version"),
    ] = None,
    at_start: Annotated[
        bool,
        typer.Option(
            "--at-start", help="for jobs: run no tests, and leave a rulebook whose canary stands as it is, with a warning"
        ),
    ] = False,
    untested: Annotated[bool, typer.Option("--untested", help="do not run the tests beside the rulebooks")] = False,
) -> None:
    """Publish rulebooks whose tests pass: new deliveries get them at once; those that run keep their version until they adopt another."""
    from cli.canary import share_of
    from cli.rules import publish_back, publish_rules

    if canary is not None and back is not None:
        raise typer.BadParameter("give --canary or --back, one of the two")
    if at_start and (canary is not None or back is not None):
        raise typer.BadParameter("--at-start goes with neither --canary nor --back")
    if untested and (at_start or back is not None):
        raise typer.BadParameter("--untested goes with neither --at-start nor --back, which run no tests")
    settings, share = read_settings(), None if canary is None else share_of(canary)
    if back is not None:
        ends_with(lambda: publish_back(settings, back))
    ends_with(lambda: publish_rules(settings, path, share, at_start=at_start, untested=untested))


@rules.command()
def adopt(
    name: Annotated[str, typer.Argument(help="the rulebook, by name")] = "standard",
    rate: Annotated[int, typer.Option(min=1, max=1000, help="at most so many deliveries a second")] = 20,
    only: Annotated[
        str | None, typer.Option("--from", help="only those under this version: its SHA-256, or how it begins")
    ] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Let running deliveries adopt the current version of their rulebook. Cut off, another run goes on with those left."""
    from cli.adoption import adopt_rulebook

    ends_with(lambda: adopt_rulebook(read_settings(), name, rate, format.value, only))


@rules.command()
def rollback(
    name: Annotated[str, typer.Argument(help="the rulebook, by name")] = "standard",
    to: Annotated[
        str | None, typer.Option(help="the version, by its SHA-256 or how it begins; default: the one that was current before")
    ] = None,
    rate: Annotated[int, typer.Option(min=1, max=1000, help="at most so many deliveries a second")] = 20,
    format: FormatOption = Format.TEXT,
) -> None:
    """Go back to the version that was current before: for new deliveries at once, then for those that run. If it is cut off, or ends
    with 1, `adopt` goes on: another rollback without --to would go forth again."""
    from cli.adoption import roll_back

    ends_with(lambda: roll_back(read_settings(), name, rate, format.value, to))


@rules.command()
def canary(
    name: Annotated[str, typer.Argument(help="the rulebook, by name")] = "standard",
    share: Annotated[str | None, typer.Option(help="from now on this share of new deliveries gets it, such as 50%")] = None,
    promote: Annotated[bool, typer.Option("--promote", help="all new deliveries get it; adopt lets running ones follow")] = False,
    end: Annotated[bool, typer.Option("--end", help="no new delivery gets it; running ones adopt the current version")] = False,
    rate: Annotated[int, typer.Option(min=1, max=1000, help="with --end: at most so many deliveries a second")] = 20,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show how the canary of a rulebook does beside the current version; widen, promote or end it."""
    from cli.canary import end_canary, promote_canary, share_of, show_canary, widen_canary

    if (share is not None) + promote + end > 1:
        raise typer.BadParameter("give --share, --promote or --end, one of the three")
    settings = read_settings()
    if end:
        ends_with(lambda: end_canary(settings, name, rate, format.value))
    if promote:
        ends_with(lambda: promote_canary(settings, name, format.value))
    percent = None if share is None else share_of(share)
    ends_with(
        lambda: (
            show_canary(settings, name, format.value) if percent is None else widen_canary(settings, name, percent, format.value)
        )
    )
