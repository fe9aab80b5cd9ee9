"""The legs that were driven, as the plans in force and the copies of delivered deliveries tell; and the zones of the stops to come."""

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import RowMapping, and_, select

from domain.distance import air_line
from domain.instant import Instant
from domain.route import Point
from domain.speeds import Driven
from domain.status import Status
from store.database import Database
from store.forgetting import FORGOTTEN
from store.tables import deliveries, routes, stops

MOST = 50_000
"""Stops that are looked at: those of some weeks of a large fleet."""

_OF_STOP = and_(
    stops.c.route_id == routes.c.route_id, stops.c.service_date == routes.c.service_date, stops.c.version == routes.c.version
)

_IS_WHERE_IT_WAS = deliveries.c.order[FORGOTTEN].as_string().is_(None)
"""The place of a customer who was forgotten is no longer known."""


class Drives:
    """What was driven."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, at: Instant) -> list[Driven]:
        """The legs between deliveries that were handed over on one route one after the other since an instant."""
        served = deliveries.c.delivery_id == stops.c.delivery_id
        asked = (
            select(stops, deliveries.c.finished_at, deliveries.c.zone, _IS_WHERE_IT_WAS.label("is_where_it_was"))
            .select_from(stops.join(routes, _OF_STOP).join(deliveries, served))
            .where(deliveries.c.finished_at >= at, deliveries.c.status == Status.DELIVERED)
            .order_by(stops.c.service_date.desc(), stops.c.route_id, deliveries.c.finished_at)
            .limit(MOST)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked)).mappings().all()
        return [_driven(one, other) for one, other in pairwise(rows) if _is_known(one, other)]

    async def zones(self, points: Sequence[Point]) -> dict[Point, str]:
        """The zone of each point at which a stop of the latest plans is, where one is known."""
        asked = select(stops.c.lat, stops.c.lon, deliveries.c.zone).distinct()
        asked = asked.join(deliveries, deliveries.c.delivery_id == stops.c.delivery_id)
        asked = asked.where(stops.c.lat.in_([point.lat for point in points]), deliveries.c.zone.is_not(None), _IS_WHERE_IT_WAS)
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {Point(row.lat, row.lon): row.zone for row in rows}


def _is_known(one: RowMapping, other: RowMapping) -> bool:
    """Whether it is a leg of one route, between places that are still known."""
    is_of_one_route = (one["route_id"], one["service_date"]) == (other["route_id"], other["service_date"])
    return bool(is_of_one_route and one["is_where_it_was"] and other["is_where_it_was"])


def _driven(one: RowMapping, other: RowMapping) -> Driven:
    took = other["finished_at"] - one["finished_at"] - other["service_ms"]
    metres = air_line(one["lat"], one["lon"], other["lat"], other["lon"])
    return Driven(other["zone"], one["finished_at"], metres, took)
