"""`doorstep delivery`: its commands, declared here; what each does is in its own module."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.command import Format, FormatOption, ends_with
from settings import read_settings

delivery = typer.Typer(no_args_is_help=True, help="Start a delivery, report events, see where it stands and why.")


class InputFormat(StrEnum):
    """What a file of events is written in."""

    JSON = "json"
    EASYPOST = "easypost"
    UPS = "ups"


class ByHand(StrEnum):
    """How people resolve an incident."""

    HANDLED = "handled"
    FALSE_ALARM = "false_alarm"


IncidentArgument = Annotated[str, typer.Argument(metavar="RULE_OR_INCIDENT", help="the incident's id, or its rule's name")]


@delivery.command()
def start(
    file: Annotated[Path, typer.Argument(help="a DeliveryOrder as JSON; - for standard input")],
    format: FormatOption = Format.TEXT,
) -> None:
    """Start a delivery and wait for its acknowledgement."""
    from cli.deliveries import start_delivery

    ends_with(lambda: start_delivery(file, format.value))


@delivery.command()
def example(
    delivery_id: Annotated[str | None, typer.Option("--id", help="what it is called; default: a new id")] = None,
) -> None:
    """Print an order to start from: promised in two hours, with a new id unless you name one."""
    from cli.deliveries import print_example

    print_example(delivery_id)


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
    from cli.reporting import report_events, report_one

    if file is not None:
        ends_with(lambda: report_events(read_settings(), file, delivery_id, format.value))
    ends_with(lambda: report_one(read_settings(), delivery_id, {"status": status, "kind": kind, "reason": reason, "eta": eta}))


@delivery.command()
def update(
    delivery_id: str,
    name: Annotated[
        str,
        typer.Argument(
            help="amend, reschedule, confirm_availability, instruct, cancel, acknowledge, claim, resolve, correct, mute, decide, reassign or adopt_rulebook"
        ),
    ],
    request: Annotated[str, typer.Argument(help='what is asked, as JSON: {"incident_id": "...", "by": "Kim"}')],
) -> None:
    """Decide something about a delivery: move its promise, acknowledge or resolve an incident, withdraw an event, cancel."""
    from cli.deliveries import update_delivery

    ends_with(lambda: update_delivery(delivery_id, name, request))


@delivery.command()
def acknowledge(delivery_id: str, incident: IncidentArgument, by: Annotated[str, typer.Option(help="who has seen it")]) -> None:
    """Say that somebody has seen an incident; escalations that stop when it is acknowledged go no further."""
    from cli.incidents import acknowledge_incident

    ends_with(lambda: acknowledge_incident(delivery_id, incident, by))


@delivery.command()
def resolve(
    delivery_id: str,
    incident: IncidentArgument,
    how: Annotated[ByHand, typer.Option("--as", help="settled, or there was nothing to settle")],
    by: Annotated[str, typer.Option(help="who says so")],
    note: Annotated[str, typer.Option(help="what was done")] = "",
) -> None:
    """Resolve an incident by hand; its rule opens again only after its condition was false."""
    from cli.incidents import resolve_incident

    ends_with(lambda: resolve_incident(delivery_id, incident, how.value, note, by))


@delivery.command()
def mute(
    delivery_id: str,
    rule: Annotated[str, typer.Argument(help="the rule, by name")],
    by: Annotated[str, typer.Option(help="who wishes so")],
    until: Annotated[
        str | None,
        typer.Option(help="until when: 18:00 (the recipient's clock), 2026-11-23T18:00:00+02:00, or how long, as 2h"),
    ] = None,
    lasting: Annotated[str | None, typer.Option("--for", help="instead of --until: how long, as 2h, 90m or 1h30m")] = None,
    reason: Annotated[str, typer.Option(help="why")] = "",
) -> None:
    """Let a rule do nothing on a delivery for a while; what is still called for then is done when the mute ends."""
    from cli.muting import mute_rule

    ends_with(lambda: mute_rule(delivery_id, rule, until, lasting, reason, by))


@delivery.command()
def claim(
    delivery_id: str,
    incident: IncidentArgument,
    by: Annotated[str, typer.Option(help="who says so")],
    owner: Annotated[str | None, typer.Option(help="who has it in hand; default: who says so")] = None,
) -> None:
    """Say who has an incident in hand; escalations that stop when it is claimed go no further."""
    from cli.incidents import claim_incident

    ends_with(lambda: claim_incident(delivery_id, incident, owner or by, by))


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


AssignmentArgument = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="its id, INCIDENT-NUMBER, from `show`")]


@delivery.command()
def offers(assignment: AssignmentArgument, format: FormatOption = Format.TEXT) -> None:
    """Who was offered a delivery, and how each offer stands."""
    from cli.offers import show_offers

    ends_with(lambda: show_offers(read_settings(), assignment, format.value))


@delivery.command()
def answer(
    assignment: AssignmentArgument,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="the answer")],
    by: Annotated[str, typer.Option(help="who says so")],
    driver: Annotated[str | None, typer.Option(help="for this driver")] = None,
    carrier: Annotated[str | None, typer.Option(help="for this carrier")] = None,
    tracking_number: Annotated[str | None, typer.Option(help="the carrier's own number of the delivery")] = None,
    note: Annotated[str, typer.Option(help="what else was said")] = "",
) -> None:
    """Answer an offer for a driver or a carrier who was asked to take a delivery over."""
    from cli.offers import answer_offer

    said = {"driver_id": driver, "carrier": carrier, "tracking_number": tracking_number, "note": note or None}
    known = {name: value for name, value in said.items() if value is not None}
    ends_with(lambda: answer_offer(read_settings(), assignment, {**known, "accept": accept, "by": by}))


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


@delivery.command()
def forecast(
    delivery_id: str,
    rule: Annotated[str | None, typer.Argument(help="one rule; default: all")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """What opens, escalates, is sent and resolves, and when, if nothing is reported and nobody does anything."""
    from cli.deliveries import forecast_delivery

    ends_with(lambda: forecast_delivery(delivery_id, rule, format.value))
