"""Who drives and carries, and the day's plans, as a planning system hands them over."""

from dataclasses import dataclass

from domain.route import RoutePlan


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver of a carrier, how they are reached, and what they can do."""

    driver_id: str
    name: str
    carrier: str
    phone: str | None = None
    email: str | None = None
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetCarrier:
    """A carrier, whom it stands in for, in which zones (globs; none: all), and what a drop costs: cents of `currency`."""

    carrier: str
    name: str
    backup_for: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    cost_cents: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is handed over at once. The version of a plan is its first if the route is new, and of no meaning otherwise."""

    drivers: tuple[Driver, ...] = ()
    carriers: tuple[FleetCarrier, ...] = ()
    plans: tuple[RoutePlan, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What became of a fleet that was handed over; route ids."""

    drivers: int
    carriers: int
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
