"""`doorstep delivery offers` and `answer`: who was offered a delivery, and what a dispatcher answers for them."""

from typing import Any

from cli.command import FINDINGS, FINE, as_json
from cli.connection import deliveries_of
from settings import Settings
from workflows.client import RefusedError


async def show_offers(settings: Settings, assignment_id: str, format: str) -> int:
    """Prints an assignment and how its offers stand."""
    told = await (await deliveries_of(settings)).offers(assignment_id)
    if format == "json":
        print(as_json(told))
        return FINE
    print(f"delivery {told['delivery_id']}: {told['outcome'] or 'still offered'}{': ' + told['note'] if told['note'] else ''}")
    for offer in told["offers"]:
        said = f", {offer['note']}" if offer["note"] else ""
        print(f"  {offer['candidate']}  {offer['state']}{said}  ({offer['offer']}; until {offer['until']})")
    if not told["offers"]:
        print("  nobody has been asked yet")
    return FINE


async def answer_offer(settings: Settings, assignment_id: str, answer: dict[str, Any]) -> int:
    """Answers for a driver or a carrier, and prints how the offer then stands, or why it is too late."""
    try:
        told = await (await deliveries_of(settings)).answer_offer(assignment_id, answer)
    except RefusedError as refused:
        print(f"refused ({refused.type}): {refused}")
        return FINDINGS
    print(as_json(told))
    return FINE
