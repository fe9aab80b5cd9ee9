"""FAULTS: what goes wrong in the demo, on which calls, and the rule that is to notice it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cli.demo import stories
from cli.demo.stories import Story

Place = tuple[str, int]
"""A call: its route, and its number in driving order from 0."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`rule` is the id of the rule of the shipped book that is to notice it."""

    rule: str
    story: Story
    places: tuple[Place, ...]


FAULTS: Mapping[str, Fault] = {
    "late": Fault("late", stories.late, (("R1", 4), ("R2", 6))),
    "predicted_late": Fault("predicted-late", stories.predicted_late, (("R1", 8),)),
    "predicted_late_at_the_end": Fault("predicted-late", stories.predicted_late_at_the_end, (("R2", 9),)),
    "predicted_late_and_saved": Fault("predicted-late", stories.predicted_late_and_saved, (("R4", 2),)),
    "dwell_at_stop": Fault("stop-dwell", stories.stop_dwell, (("R3", 5),)),
    "dwell_at_hub": Fault("hub-dwell", stories.hub_dwell, (("R2", 0),)),
    "left_at_the_door": Fault("missed-scan", stories.left_at_the_door, (("R2", 3),)),
    "missed_hub_scan": Fault("missed-hub-scan", stories.missed_hub_scan, (("R3", 1),)),
    "missed_departure_scan": Fault("missed-departure-scan", stories.missed_departure_scan, (("R2", 7),)),
    "failed_attempt": Fault("failed-attempt", stories.failed_attempt, (("R3", 2),)),
    "address_problem": Fault("address-problem", stories.address_problem, (("R1", 5),)),
    "driver_silent": Fault("silent", stories.driver_silent, (("R3", 8), ("R3", 9))),
    "van_stopped": Fault("stopped", stories.van_stopped, (("R4", 8), ("R4", 9))),
}
"""Fault -> how it goes. To add one: a story and a row here."""

ODDITIES: Mapping[str, tuple[Story, tuple[Place, ...]]] = {
    "reported twice": (stories.reported_twice, (("R1", 0), ("R2", 5), ("R4", 4))),
    "reported twice at once": (stories.reported_in_one_breath_twice, (("R1", 1), ("R3", 3))),
    "hub scan comes late": (stories.hub_scan_comes_late, (("R1", 6), ("R3", 4), ("R4", 6))),
    "scans in the wrong order": (stories.scans_come_in_the_wrong_order, (("R1", 2), ("R2", 2), ("R4", 5))),
}
"""What is odd about healthy deliveries, and must change nothing."""


def fault_at(place: Place) -> str | None:
    """The fault that is injected on a call."""
    return next((name for name, fault in FAULTS.items() if place in fault.places), None)


def oddity_at(place: Place) -> str | None:
    return next((name for name, (_, places) in ODDITIES.items() if place in places), None)
