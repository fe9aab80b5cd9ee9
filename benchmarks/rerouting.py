"""How long a reroute takes: from the report that a van is late, to the last delivery of its route that is told its new ETA.

Everything is real: server, worker, store, solver and the deliveries themselves. Half a second of it is what a route gathers.
"""

import asyncio
import random
import resource
import time
import uuid
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import healthy
from benchmarks.books import rerouting
from benchmarks.ground import Ground, ground
from domain.fleet import Driver, Fleet
from domain.instant import HOUR, MINUTE, Instant, iso, moment
from domain.route import Point, RoutePlan, Stop
from store.database import Database
from store.fleets import Fleets
from worker import working
from workflows.client import Deliveries
from workflows.clock import wall_clock
from workflows.routes import Routes

AIM_S = 2.0
"""From request to new ETAs told, for 60 stops on 2 cores."""

POLLS_S = 0.05


@dataclass(frozen=True, slots=True)
class Reroutes:
    """Seconds from the report to the last new ETA told, of each round; how many deliveries a round told.

    `cpu` are the seconds of one core that worker, client and solver took of it: on a busy machine the seconds say little.
    """

    stops: int
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    told: tuple[int, ...]

    def render(self) -> str:
        slow, quick = max(self.seconds), min(self.seconds)
        return (
            f"reroute of {self.stops} stops {median(self.seconds):.2f} s from report to the last of {median(self.told):.0f} new ETAs told, "
            f"{quick:.2f} to {slow:.2f} over {len(self.seconds)} rounds (aim: under {AIM_S:.0f} s); "
            f"{median(self.cpu):.2f} s of one core"
        )


async def measure(stops: int = 60, rounds: int = 5) -> Reroutes:
    """Each round is another route, with deliveries of its own."""
    seconds, cpu, told = [], [], []
    async with ground(books=[rerouting()]) as here, working(here.client, here.settings.but(DOORSTEP_ETA_MOVED_MINUTES=0)):
        await _round(here, 5, 0)  # what is read and compiled once
        for number in range(1, rounds + 1):
            took, worked, heard = await _round(here, stops, number)
            seconds.append(took)
            cpu.append(worked)
            told.append(heard)
    return Reroutes(stops, tuple(seconds), tuple(cpu), tuple(told))


async def _round(here: Ground, stops: int, number: int) -> tuple[float, float, int]:
    plan = _plan(stops, number)
    await _take_over(here, plan)
    deliveries, routes = Deliveries(here.client), Routes(here.client)
    for stop in plan.stops:
        await deliveries.start(_order(stop, plan))
    late = plan.stops[-1]
    began, worked = time.perf_counter(), _worked()
    await deliveries.report(late.delivery_id, [_is_late(late)])
    route = routes.handle(plan.route_id, plan.service_date)
    answer = await _answer(route)
    took, worked = time.perf_counter() - began, _worked() - worked
    if answer["outcome"] != "done":
        raise RuntimeError(f"the plan of the benchmark was not made better: {answer}")
    etas = [(await deliveries.query(stop.delivery_id, "snapshot"))["eta"] for stop in plan.stops]
    return took, worked, sum(eta is not None for eta in etas)


def _worked() -> float:
    """Seconds of one core so far, of this process and of solvers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def _answer(route: Any) -> dict[str, Any]:
    """What the route answered; by then it has told everyone."""
    while True:
        await asyncio.sleep(POLLS_S)
        try:
            answers = (await route.query("snapshot"))["answers"]
        except Exception as error:
            if "not found" not in str(error):
                raise
            continue
        if answers:
            return dict(answers[-1])


def _plan(stops: int, number: int) -> RoutePlan:
    """A van with stops all over a town of 8 by 8 km, in no good order; the last one is near, and promised soon."""
    somewhere, now = random.Random(number), wall_clock()
    places = [Point(60.17 + somewhere.uniform(0, 0.07), 24.90 + somewhere.uniform(0, 0.14)) for _ in range(stops - 1)]
    planned = [_stop(at, now + 12 * HOUR) for at in places]
    near = _stop(Point(60.171, 24.901), now + 30 * MINUTE)
    route_id = f"R-{uuid.uuid4().hex[:8]}"
    return RoutePlan(
        route_id,
        moment(now).date().isoformat(),
        1,
        Point(60.17, 24.90),
        now,
        (*planned, near),
        f"V-{route_id}",
        "acme",
        shift_ends=now + 20 * HOUR,
    )


def _stop(at: Point, latest: Instant) -> Stop:
    return Stop(f"B-{uuid.uuid4().hex[:12]}", at, None, latest, 2 * MINUTE)


async def _take_over(here: Ground, plan: RoutePlan) -> None:
    database = Database(here.settings.database_url)
    try:
        driver = Driver(str(plan.driver_id), "Ville", "acme")
        await Fleets(database).take_over(Fleet((driver,), (), (plan,)))
    finally:
        await database.close()


def _order(stop: Stop, plan: RoutePlan) -> dict[str, Any]:
    promised = {"start": None, "end": iso(stop.latest)}
    about = {"delivery_id": stop.delivery_id, "route_id": plan.route_id, "driver_id": plan.driver_id}
    return {**healthy.order(wall_clock()), **about, "promised": promised, "rulebook": "rerouting"}


def _is_late(stop: Stop) -> dict[str, Any]:
    now = wall_clock()
    eta = iso((stop.latest or now) + HOUR)
    return {"event_id": f"late-{stop.delivery_id}", "kind": "eta", "occurred_at": iso(now), "source": "acme", "eta": eta}


if __name__ == "__main__":
    print(asyncio.run(measure()).render())
