"""`doorstep serve`: the gateway."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException as NoSuchDoor
from temporalio.client import Interceptor

from cli.codec import add_codec
from cli.connection import client_of
from cli.desks import BUILT_IN, SECRET, Clock, chosen
from cli.observing import observed
from cli.openapi import describe
from cli.receipts import bounce_door_of, status_door_of
from cli.replies import handing_on_of, parts_of, reply_door_of, taking_of, working_off
from domain.endpoint import DISPATCH
from domain.links import Signer
from intake.counting import CountedDoors, DoorFigures
from intake.keys import Keys, listed
from intake.limits import Limits, Shield
from intake.offers import OfferDoor, Secrets
from intake.orders import OrderDoor
from intake.plans import PlanDoor
from intake.problems import RefusedRequestError, problem
from intake.revoking import RevokingDoor
from intake.tickets import Deciding, TicketDoor
from intake.tracing import TracedDoors
from intake.updates import UpdateDoor
from rules.directory_reader import read_directory_file
from settings import Settings, SettingsError, secret_named
from store.database import Database
from store.plans import Plans
from store.revocations import Revocations
from web.app import Gateway, add_tracking, gateway_app, page_templates
from web.deciding import Desk, add_deciding
from web.metrics import add_metrics
from workflows.client import UPDATES, Deliveries
from workflows.clock import wall_clock

PATIENCE = 10.0
"""Seconds that a door waits for a delivery's answer: a desk that calls waits about as long."""


US: Mapping[str, str] = {"zendesk": "DOORSTEP_ZENDESK_EMAIL", "rt": "DOORSTEP_RT_USER"}
"""Desk -> the setting that names the account with which we write there."""


class Connecting:
    """The deliveries, connected to at first use, so that the pages are there before Temporal is."""

    def __init__(self, settings: Settings, interceptors: Sequence[Interceptor] = ()) -> None:
        self._settings = settings
        self._interceptors = interceptors
        self._deliveries: Deliveries | None = None
        self._turn = asyncio.Lock()

    async def __call__(self) -> Deliveries:
        """Raises UnreachableError."""
        async with self._turn:
            if self._deliveries is None:
                client = await client_of(self._settings, interceptors=self._interceptors)
                self._deliveries = Deliveries(client, patience=PATIENCE)
            return self._deliveries


def application(settings: Settings, interceptors: Sequence[Interceptor] = ()) -> FastAPI:
    """The gateway with every door that is set up. `interceptors` are those of its Temporal client. Raises SettingsError."""
    gateway = Gateway(Database(settings.database_url), settings.temporal_ui, wall_clock)
    deliveries = Connecting(settings, interceptors)
    handing_on = handing_on_of(gateway.database, deliveries, wall_clock)
    app = gateway_app(gateway, working_off(handing_on, gateway.database))
    taking = taking_of(gateway.database, handing_on)
    replies = reply_door_of(settings, gateway.database, taking, wall_clock)
    app.add_api_route("/v1/twilio/inbound", replies.replied, methods=["POST"], summary="a customer's reply, from Twilio")
    revoking = RevokingDoor(keys_of(settings), Revocations(gateway.database), wall_clock)
    app.add_api_route("/v1/deliveries/{delivery_id}/links", revoking.revoke, methods=["DELETE"], summary="voids sent links")
    if settings.secret_key:
        add_tracking(app, parts_of(settings, gateway.database, deliveries, taking, wall_clock))
        add_deciding(app, Desk(Signer(settings.secret_key), deliveries, wall_clock), page_templates())
    statuses = status_door_of(settings, gateway.database, taking)
    app.add_api_route("/v1/twilio/status", statuses.reported, methods=["POST"], summary="what became of a message, from Twilio")
    bounces = bounce_door_of(settings, gateway.database, taking, keys_of(settings))
    app.add_api_route("/v1/mail/bounces", bounces.came_back, methods=["POST"], summary="a mail that came back")
    add_orders(app, OrderDoor(keys_of(settings), taking, deliveries, wall_clock))
    add_updates(app, UpdateDoor(keys_of(settings), deliveries))
    add_plans(app, PlanDoor(keys_of(settings), Plans(gateway.database), wall_clock))
    offers = OfferDoor(keys_of(settings), signing_secrets(settings), deliveries, wall_clock)
    path = "/v1/assignments/{assignment_id}/answer"
    app.add_api_route(path, offers.answered, methods=["POST"], summary="the answer of who was offered a delivery")
    app.add_exception_handler(NoSuchDoor, no_such_door)
    add_codec(app, settings)
    app.add_middleware(
        Shield, limits=Limits(settings.requests_a_second, wall_clock), https=settings.public_url.startswith("https://")
    )
    if door := door_of(settings, deliveries, wall_clock):
        app.add_api_route(f"/v1/tickets/{door.desk}", door.changed, methods=["POST"], summary="a change at the ticket desk")
    describe(app)
    watch(app, gateway, settings)  # last, so that it is around everything else
    return app


async def no_such_door(request: Request, error: Exception) -> Response:
    """The answer to a path, or a method, that no door has."""
    status = HTTPStatus(error.status_code) if isinstance(error, NoSuchDoor) else HTTPStatus.NOT_FOUND
    said = f"{status.phrase.lower()}: {request.method} {request.url.path[:100]}; /openapi.json lists what there is"
    return problem(RefusedRequestError(status, said, headers=getattr(error, "headers", None)))


def add_orders(app: FastAPI, door: OrderDoor) -> None:
    """The doors for order systems that do not speak to Temporal."""
    path = "/v1/deliveries"
    app.add_api_route(path, door.ordered, methods=["POST"], summary="an order, with which a delivery begins")
    app.add_api_route(f"{path}/{{delivery_id}}", door.asked, methods=["GET"], summary="how a delivery stands")


def watch(app: FastAPI, gateway: Gateway, settings: Settings) -> None:
    """What goes through the doors is counted from now on, shown at /metrics, and traced if that is wanted."""
    registry = CollectorRegistry()
    app.add_middleware(CountedDoors, figures=DoorFigures(registry))
    add_metrics(app, registry, gateway.database, gateway.clock)
    if settings.traces_to:
        app.add_middleware(TracedDoors)


def add_updates(app: FastAPI, door: UpdateDoor) -> None:
    """The doors for what people decide through other programs."""
    path = "/v1/deliveries/{delivery_id}"
    app.add_api_route(f"{path}/proposals/{{proposal_id:path}}", door.decide, methods=["POST"], summary="decides a proposal")
    app.add_api_route(f"{path}/{{update}}", door.update, methods=["POST"], summary=f"an update: {', '.join(UPDATES)}")


def add_plans(app: FastAPI, door: PlanDoor) -> None:
    """The door for the plans of routes."""
    app.add_api_route("/v1/routes/{route_id}/plan", door.plan, methods=["GET"], summary="the plan of a route that is in force")


def signing_secrets(settings: Settings) -> Secrets:
    """With what carriers and the dispatch system sign: the secrets of their endpoints in directory.yaml."""
    read = read_directory_file(settings.rules / "directory.yaml")

    def secret(carrier: str | None) -> str | None:
        row = None if carrier is None else read.directory.carriers.get(carrier)
        name = DISPATCH if carrier is None else row.requests if row else None
        endpoint = read.endpoints.get(name) if name else None
        return secret_named(endpoint.secret) if endpoint else None

    return secret


def keys_of(settings: Settings) -> Keys:
    """Raises SettingsError."""
    try:
        return Keys(listed(settings["DOORSTEP_API_KEYS"]))
    except ValueError as error:
        raise SettingsError(str(error)) from None


def door_of(settings: Settings, deliveries: Callable[[], Awaitable[Deciding]], clock: Clock) -> TicketDoor | None:
    """The door of the desk that is set; None for the built-in one, which is no other system."""
    desk = chosen(settings)
    if desk == BUILT_IN:
        return None
    us = settings[US[desk]] if desk in US else "doorstep"
    return TicketDoor(desk, settings[SECRET], us, deliveries, clock)


def serve(settings: Settings) -> None:
    """Serves until it is told to end. uvicorn ends with the signal that ended it, which would end us before all is told."""
    signal.signal(signal.SIGTERM, _end)
    with observed(settings, "gateway") as interceptors:
        app = application(settings, interceptors)
        uvicorn.run(app, host=settings["DOORSTEP_HOST"], port=settings.port, log_config=None, access_log=False)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
