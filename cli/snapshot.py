"""A delivery's snapshot as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any


def show(snapshot: Mapping[str, Any]) -> None:
    """Prints where the delivery stands, its incidents and what was done about them."""
    promised, assigned = snapshot["promised"], snapshot["assigned"]
    condition = snapshot["condition"].replace("_", " ")
    print(f"{snapshot['delivery_id']}  {snapshot['status'].replace('_', ' ')}, {condition}  (as of {snapshot['as_of']})")
    print(f"  promised  {promised['start'] or 'any time'} to {promised['end']}, expected {snapshot['eta'] or 'unknown'}")
    print(
        f"  with      carrier {assigned['carrier']}, driver {assigned['driver_id'] or 'unknown'}, route {assigned['route_id'] or 'none'}"
    )
    print(f"  attempts  {snapshot['attempts']} failed")
    for incident in snapshot["incidents"]:
        _show_incident(incident, snapshot["actions"])
    for proposal in snapshot["proposals"]:
        answer = f"{proposal['answer']}, {proposal['by'] or 'nobody'}" if proposal["answer"] else "awaits a decision"
        print(f"  proposal  {proposal['proposal_id']}: {proposal['says']}: {answer}")
    for mute in snapshot["muted"]:
        print(
            f"  muted     {mute['rule']} until {mute['until']}, by {mute['by']}"
            + (f": {mute['reason']}" if mute["reason"] else "")
        )
    wake = snapshot["next_wake"]
    print(f"  next look {wake['at']}: {wake['because']}" if wake else "  nothing is due until something is reported")
    rejected = snapshot["rejected"]
    if rejected["count"]:
        print(f"  {rejected['count']} unreadable messages; the last: {rejected['last'][-1]}")


def _show_incident(incident: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]) -> None:
    shadow = f" ({incident['mode']})" if incident["mode"] != "live" else ""
    ended = f"{incident['resolution']} at {incident['resolved_at']}" if incident["resolved_at"] else "open"
    print(f"  [{incident['severity']}] {incident['says']}{shadow}: {ended}")
    print(f"    {incident['incident_id']}, opened {incident['opened_at']}")
    if incident["owner"]:
        print(f"    in the hands of {incident['owner']}")
    for act in actions:
        if act["incident_id"] == incident["incident_id"]:
            print(f"    - {act['action']}: {act['outcome'].replace('_', ' ')}" + (f" ({act['note']})" if act["note"] else ""))
