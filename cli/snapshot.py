"""A delivery's snapshot as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules.local_time import LocalClock


def show(snapshot: Mapping[str, Any]) -> None:
    """Prints where the delivery stands, its incidents and what was done about them; times are the recipient's."""
    clock = LocalClock.of(snapshot)
    condition = snapshot["condition"].replace("_", " ")
    print(f"{snapshot['delivery_id']}  {snapshot['status'].replace('_', ' ')}, {condition}  ({clock.head})")
    for line in _lines(snapshot):
        print(clock.told(line))


def _lines(snapshot: Mapping[str, Any]) -> Iterator[str]:
    promised, assigned = snapshot["promised"], snapshot["assigned"]
    yield f"  promised  {promised['start'] or 'any time'} to {promised['end']}, expected {snapshot['eta'] or 'unknown'}"
    yield f"  with      carrier {assigned['carrier']}, driver {assigned['driver_id'] or 'unknown'}, route {assigned['route_id'] or 'none'}"
    yield f"  attempts  {snapshot['attempts']} failed"
    for incident in snapshot["incidents"]:
        yield from _incident(incident, snapshot["actions"])
    for proposal in snapshot["proposals"]:
        answer = f"{proposal['answer']}, {proposal['by'] or 'nobody'}" if proposal["answer"] else "awaits a decision"
        yield f"  proposal  {proposal['proposal_id']}: {proposal['says']}: {answer}"
        if not proposal["answer"]:
            yield f"            doorstep delivery decide {snapshot['delivery_id']} {proposal['proposal_id']} --approve --by NAME (or --reject)"
    for mute in snapshot["muted"]:
        reason = f": {mute['reason']}" if mute["reason"] else ""
        yield f"  muted     {mute['rule']} until {mute['until']}, by {mute['by']}{reason}"
    wake = snapshot["next_wake"]
    yield f"  next look {wake['at']}: {wake['because']}" if wake else "  nothing is due until something is reported"
    rejected = snapshot["rejected"]
    if rejected["count"]:
        yield f"  {rejected['count']} unreadable messages; the last: {rejected['last'][-1]}"


def _incident(incident: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    shadow = f" ({incident['mode']})" if incident["mode"] != "live" else ""
    ended = f"{incident['resolution']} at {incident['resolved_at']}" if incident["resolved_at"] else "open"
    yield f"  [{incident['severity']}] {incident['says']}{shadow}: {ended}"
    yield f"    {incident['incident_id']}, opened {incident['opened_at']}"
    if incident["owner"]:
        yield f"    in the hands of {incident['owner']}"
    for act in actions:
        if act["incident_id"] == incident["incident_id"]:
            yield f"    - {act['action']}: {act['outcome'].replace('_', ' ')}" + (f" ({act['note']})" if act["note"] else "")
