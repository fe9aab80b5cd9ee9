"""What will be reported about one delivery, and when: written down before the day begins."""

from dataclasses import dataclass, field, replace
from typing import Any

from cli.demo.day import Day
from cli.demo.rounds import Call
from domain.event import Event, Place
from domain.instant import Instant
from domain.status import FINAL, Kind, Status


@dataclass(frozen=True, slots=True)
class Report:
    """One event, and the instant at which it is reported: later than it happened for a late scan."""

    at: Instant
    event: Event


@dataclass(slots=True)
class Diary:
    """A page for each report. Times are real instants; event ids count up."""

    day: Day
    call: Call
    reports: list[Report] = field(default_factory=list)

    def tell(self, at: Instant, kind: Kind, *, known_after: int = 0, place: str | None = None, **told: Any) -> None:
        """It happens at an instant and is reported so many minutes of the day later."""
        known = at + self.day.minutes(known_after)
        event_id = f"{self.call.delivery_id}-{len(self.reports) + 1:02}"
        where = Place(name=place) if place else None
        event = Event(event_id, kind, at, known, self.call.round.carrier, location=where, **told)
        self.reports.append(Report(known, event))

    def again(self, minutes: int) -> None:
        """Everything is reported once more, under the same ids, so many minutes later (0: in the same breath)."""
        later = self.day.minutes(minutes)
        end = max(report.at for report in self.reports if report.event.status not in FINAL)
        self.reports += [replace(report, at=report.at + later) for report in self.reports if report.at + later <= end]

    @property
    def in_order(self) -> tuple[Report, ...]:
        """As they will be reported."""
        return tuple(sorted(self.reports, key=lambda report: report.at))

    @property
    def status(self) -> Status:
        """How it ends."""
        told = sorted((report.event.occurred_at, report.event.status) for report in self.reports if report.event.status)
        return told[-1][1]
