"""`doorstep delivery start|update|mute|decide|show|why|forecast|example`: against a running server."""

import json
import sys
import uuid
from pathlib import Path

from cli.command import FINDINGS, FINE, as_json
from cli.connection import deliveries_of
from cli.errors import InputError
from cli.forecast import foreseen
from cli.given_files import object_of, read
from cli.snapshot import show
from cli.why import told
from domain.instant import HOUR, MINUTE, iso
from rules.local_time import LocalClock
from rules.problems import suggestion
from settings import read_settings
from workflows.client import UPDATES, RefusedError
from workflows.clock import wall_clock

KNOWN = (*UPDATES, "adopt_rulebook")


async def start_delivery(file: Path, format: str) -> int:
    """Starts a delivery from a DeliveryOrder in a file."""
    order = object_of(read(file), file)
    deliveries = await deliveries_of(read_settings())
    try:
        accepted = await deliveries.start(order)
    except RefusedError as refused:
        _show_refusal(refused, format)
        return FINDINGS
    if format == "json":
        print(as_json(accepted))
    else:
        print(f"{accepted['delivery_id']} accepted: generation {accepted['generation']}, watched by {accepted['rulebook']}")
    return FINE


def print_example(delivery_id: str | None) -> None:
    """An order with a promise in two hours, with an id or a new one."""
    now = wall_clock() // MINUTE * MINUTE
    print(
        as_json(
            {
                "schema_version": 1,
                "delivery_id": delivery_id or f"D-{uuid.uuid4().hex[:6]}",
                "carrier": "acme",
                "tracking_numbers": ["1Z023E2X0214323462"],
                "service_level": "same_day",
                "zone": "north-2",
                "hub": "HEL1",
                "promised": {"start": iso(now + HOUR), "end": iso(now + 2 * HOUR)},
                "destination": {
                    "lat": 60.17,
                    "lon": 24.94,
                    "address": "Kauppakatu 3",
                    "timezone": "Europe/Helsinki",
                    "country": "FI",
                },
                "customer": {"name": "Aino Example", "email": "aino@example.test", "phone": "+358401234567", "language": "en"},
                "parcels": [{"parcel_id": "P1", "weight_kg": "1.2"}],
            }
        )
    )


async def update_delivery(delivery_id: str, name: str, request: str) -> int:
    """Executes one of the delivery's updates and prints its answer, or why it was refused. Raises InputError if there is no such update."""
    if name not in KNOWN:
        raise InputError(f'there is no update "{name}"; {suggestion(name, KNOWN)}')
    deliveries = await deliveries_of(read_settings())
    try:
        print(as_json(await deliveries.ask(delivery_id, name, object_of(request.encode(), Path("request")))))
    except RefusedError as refused:
        _show_refusal(refused, "text")
        return FINDINGS
    return FINE


async def decide_proposal(delivery_id: str, proposal: str | None, approve: bool, by: str) -> int:
    """Answers a proposal; without an id the only one that awaits an answer. Raises LookupError if that is not one."""
    if proposal is None:
        told = (await (await deliveries_of(read_settings())).query(delivery_id, "snapshot"))["proposals"]
        awaiting = [one["proposal_id"] for one in told if one["answer"] is None]
        if not awaiting:
            raise LookupError(f"no proposal of {delivery_id} awaits an answer")
        if len(awaiting) > 1:
            raise LookupError(f"say which proposal; awaiting an answer are: {', '.join(awaiting)}")
        proposal = awaiting[0]
    request = {"proposal_id": proposal, "approve": approve, "by": by}
    return await update_delivery(delivery_id, "decide", json.dumps(request))


async def show_delivery(delivery_id: str, format: str) -> int:
    """Prints the snapshot."""
    snapshot = await (await deliveries_of(read_settings())).query(delivery_id, "snapshot")
    if format == "json":
        print(as_json(snapshot))
    else:
        show(snapshot)
    return FINE


async def explain_delivery(delivery_id: str, rule: str | None, format: str) -> int:
    """Prints why each rule is or is not open."""
    answer = await (await deliveries_of(read_settings())).query(delivery_id, "why", {"rule": rule} if rule else {})
    if format == "json":
        print(as_json(answer))
    else:
        clock = LocalClock.of(answer)
        print("\n".join([clock.head, *map(clock.told, told(answer["rules"], in_full=rule is not None))]))
    return FINE


async def forecast_delivery(delivery_id: str, rule: str | None, format: str) -> int:
    """Prints what is to come if nothing changes."""
    answer = await (await deliveries_of(read_settings())).query(delivery_id, "forecast", {"rule": rule} if rule else {})
    print(as_json(answer) if format == "json" else "\n".join(foreseen(answer)))
    return FINE


def _show_refusal(refused: RefusedError, format: str) -> None:
    if format == "json":
        print(as_json({"type": refused.type, "message": str(refused), "problems": refused.problems}))
        return
    print(f"refused ({refused.type})", file=sys.stderr)
    for found in refused.problems or [{"loc": "", "msg": str(refused)}]:
        print(f"  {found['loc']}: {found['msg']}" if found["loc"] else f"  {found['msg']}", file=sys.stderr)
