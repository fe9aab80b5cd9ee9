"""`doorstep delivery acknowledge|claim|resolve`: an incident is named by its id, or by its rule where one of that rule is open."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cli.connection import deliveries_of
from cli.deliveries import update_delivery
from settings import read_settings


async def acknowledge_incident(delivery_id: str, named: str, by: str) -> int:
    """Says that somebody has seen it; raises LookupError as `incident_named` does."""
    incident = incident_named(await _open_incidents(delivery_id), named)
    return await update_delivery(delivery_id, "acknowledge", json.dumps({"incident_id": incident, "by": by}))


async def claim_incident(delivery_id: str, named: str, owner: str, by: str) -> int:
    """Says who has it in hand; raises LookupError as `incident_named` does."""
    incident = incident_named(await _open_incidents(delivery_id), named)
    return await update_delivery(delivery_id, "claim", json.dumps({"incident_id": incident, "owner": owner, "by": by}))


async def resolve_incident(delivery_id: str, named: str, resolution: str, note: str, by: str) -> int:
    """Settles it by hand; raises LookupError as `incident_named` does."""
    incident = incident_named(await _open_incidents(delivery_id), named)
    request = {"incident_id": incident, "resolution": resolution, "note": note, "by": by}
    return await update_delivery(delivery_id, "resolve", json.dumps(request))


def incident_named(open_incidents: Sequence[Mapping[str, Any]], named: str) -> str:
    """The id of the open incident with this id, or of the only one of this rule. Raises LookupError that lists the open ones."""
    ids = [str(one["incident_id"]) for one in open_incidents]
    if named in ids:
        return named
    found = [str(one["incident_id"]) for one in open_incidents if one["rule"] == named]
    if len(found) == 1:
        return found[0]
    if found:
        raise LookupError(f"{len(found)} incidents of {named} are open, say which by its id: {', '.join(found)}")
    raise LookupError(f"no open incident is, or is of a rule, {named}; open are: {', '.join(ids) or 'none'}")


async def _open_incidents(delivery_id: str) -> Sequence[Mapping[str, Any]]:
    snapshot = await (await deliveries_of(read_settings())).query(delivery_id, "snapshot")
    found: Sequence[Mapping[str, Any]] = snapshot["open_incidents"]
    return found
