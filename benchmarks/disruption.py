"""500 deliveries of one hub that fail in the same minute: one disruption, one ticket, one message each, and how long that takes.

The scene `hub-down` of the demo, on a whole site of its own: server, worker, mail and clients share this machine's cores.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cli.demo.ground import playing
from cli.demo.hub_down.run import played
from cli.demo.hub_down.town import DOWN, write_book
from cli.demo.hub_down.verdict import Outcome
from settings import read_settings

DELIVERIES = 500


@dataclass(frozen=True, slots=True)
class Burst:
    """`told_s`: seconds from the first report until operations and every customer were told."""

    deliveries: int
    disruptions: int
    tickets: int
    most_messages_to_a_customer: int
    history_events: int
    told_s: float

    def render(self) -> str:
        return (
            f"{self.deliveries} deliveries of one hub fail: {self.disruptions} disruption, {self.tickets} ticket, at most "
            f"{self.most_messages_to_a_customer} message to a customer, {self.history_events} history events, "
            f"all told after {self.told_s:.1f} s"
        )


async def measure(deliveries: int = DELIVERIES) -> Burst:
    """Raises RuntimeError for what did not hold."""
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        rules, checked = write_book(Path(folder))
        home = read_settings({"DOORSTEP_TEMPORAL_PORT": "17833", "DOORSTEP_PORT": "18880"})
        async with playing(home, lambda line: None, Path(folder), rules, checked) as on:
            return _burst(await played(on, lambda line: None, deliveries))


def _burst(outcome: Outcome) -> Burst:
    if problems := outcome.problems():
        raise RuntimeError("; ".join(problems))
    at_hub = [one for one in outcome.disruptions if one.key == DOWN]
    tickets = [ticket for ticket in outcome.tickets if DOWN in ticket.title]
    addresses = [to for to, _ in outcome.mails if not to.startswith("shift-lead")]
    most = max(addresses.count(address) for address in set(addresses))
    return Burst(len(outcome.held), len(at_hub), len(tickets), most, outcome.histories[f"hub:{DOWN}"], outcome.told_ms / 1000)


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
