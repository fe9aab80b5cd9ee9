"""The garbage of the storm knows every door: what is added to the gateway or to a workflow is thrown at, or this fails."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from httpx import ASGITransport, AsyncClient, MockTransport, Response
from starlette.routing import BaseRoute
from temporalio.workflow import _Definition

from cli.desks import ELSEWHERE
from cli.serve import application
from settings import Settings, read_settings
from tests.chaos.bodies import BODIES
from tests.chaos.doors import OPEN_TO_ALL, Door, doors_of
from tests.chaos.garbage import STARTS, Garbage, Thrown, is_clear_refusal
from tests.chaos.handlers import ACCEPTED, HANDLERS, HEEDED_WHATEVER_COMES, told_of, type_name
from tests.chaos.standing import standing
from workflows.contract import DELIVERY
from workflows.workflow_types import WORKFLOW_TYPES

STORM: Mapping[str, str] = {
    "DOORSTEP_API_KEYS": "a-key-of-the-control-room",
    "DOORSTEP_SECRET_KEY": "signs the links of the storm",
}
"""Settings by which the gateway of the storm has its doors."""

TOKEN = "a-token-of-the-control-room"
SEALING = {"DOORSTEP_CODEC_KEYS": "k1:" + "A" * 43 + "=", "DOORSTEP_CODEC_TOKEN": TOKEN}
SETTINGS = [SEALING, *({"DOORSTEP_TICKETS": desk, "DOORSTEP_TICKETS_SECRET": "whsec_" + "c2VjcmV0" * 4} for desk in ELSEWHERE)]
"""Those by which it has more."""

NO_PAYLOADS = "{}"
"""What the codec server makes of an object in which it finds no payloads."""

TAKES_NOTHING = {"/static", "/openapi.json"}
"""What is no door: files, and the list of the doors."""


def settings_of(folder: Path, more: Mapping[str, str]) -> Settings:
    return read_settings({"DOORSTEP_HOME": str(folder), **STORM, **more}, folder / "none.toml")


def methods(route: BaseRoute) -> set[str]:
    return set(getattr(route, "methods", None) or ("any method",)) - {"HEAD"}


@pytest.mark.parametrize("more", [{}, *SETTINGS], ids=lambda more: more.get("DOORSTEP_TICKETS", "+".join(more) or "storm"))
def test_every_route_of_the_gateway_is_a_door_at_which_garbage_is_thrown(tmp_path: Path, more: Mapping[str, str]) -> None:
    settings = settings_of(tmp_path, more)
    known = {(door.method, door.template) for door in doors_of(settings)}

    routes = [(method, str(getattr(one, "path", one))) for one in application(settings).routes for method in methods(one)]

    assert [one for one in routes if one not in known and one[1] not in OPEN_TO_ALL | TAKES_NOTHING] == []


def test_what_anybody_may_see_can_only_be_looked_at(tmp_path: Path) -> None:
    routes = application(settings_of(tmp_path, {})).routes

    found = {str(getattr(one, "path", one)): methods(one) for one in routes}

    assert [path for path in OPEN_TO_ALL if found[path] != {"GET"}] == []


@pytest.mark.parametrize("more", SETTINGS, ids=lambda more: more.get("DOORSTEP_TICKETS", "codec"))
async def test_doors_that_the_storm_does_not_have_refuse_its_garbage_as_clearly(tmp_path: Path, more: Mapping[str, str]) -> None:
    settings = settings_of(tmp_path, more)
    others = sorted(set(doors_of(settings)) - set(doors_of(settings_of(tmp_path, {}))), key=lambda door: door.name)

    transport = ASGITransport(application(settings), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://gateway") as gateway:
        answers = [
            (door.name, body[:40], await thrown(gateway, door, *body)) for door in others if door.takes_a_body for body in BODIES
        ]

    assert others
    assert [
        (*what, one.status_code, one.text[:80]) for *what, one in answers if not is_clear_refusal(one) and one.text != NO_PAYLOADS
    ] == []


async def thrown(gateway: AsyncClient, door: Door, type: str, body: bytes) -> Response:
    path = door.path(lambda name: TOKEN if name == "token" else "decode")
    headers = {"Content-Type": type, "Authorization": f"Bearer {TOKEN}"}
    return await gateway.request(door.method, path, headers=headers, content=body)


def test_every_workflow_type_is_started_with_garbage_and_stands_for_more() -> None:
    types = {type_name(type) for type in WORKFLOW_TYPES}

    assert set(STARTS) == types
    assert {one.kind for one in standing()} == types - {DELIVERY}
    assert set(HEEDED_WHATEVER_COMES) <= types


@pytest.mark.parametrize("type", WORKFLOW_TYPES, ids=type_name)
def test_every_handler_of_a_workflow_is_sent_garbage(type: type) -> None:
    told, thrown_at = _Definition.must_from_class(type), HANDLERS[type_name(type)]
    spared = HEEDED_WHATEVER_COMES.get(type_name(type), frozenset())

    assert None not in (*told.updates, *told.queries), "a handler for updates or queries of any name needs names to throw at"
    assert {*thrown_at.updates, ACCEPTED} >= set(map(str, told.updates))
    assert {*thrown_at.queries} >= set(map(str, told.queries))
    assert {*thrown_at.signals} >= {*told_of(type)} - spared
    assert {*told_of(type)} >= spared, (
        "the description of a handler for signals of any name says what each is: `name: what; name: what`"
    )


@pytest.mark.parametrize(
    ("type", "signals"),
    [
        ("Delivery", {"report", "answer", "adopt_rulebook"}),
        ("Route", {"replan", "changed"}),
        ("Disruption", {"opened", "closed"}),
        ("Feed", {"expect"}),
        ("Assignment", set[str]()),
    ],
)
def test_the_signals_that_a_workflow_reads_are_known_by_their_names(type: str, signals: set[str]) -> None:
    assert {*HANDLERS[type].signals} == {*signals, "no_such_signal"}


async def test_garbage_goes_by_grpc_by_http_and_to_the_gateway_in_turns(tmp_path: Path) -> None:
    doors = doors_of(settings_of(tmp_path, {}))
    async with AsyncClient(base_url="http://nobody.example.test") as nobody:
        garbage = Garbage(NOBODY, nobody, nobody, doors, [], {}, Thrown())  # type: ignore[arg-type]

        names = [name for name, _ in garbage.ways()]

    wanted = {f"{what} {kind} by {by}" for what in DEEDS for kind in STARTS for by in ("gRPC", "HTTP API")}
    assert {*names} >= wanted | {door.name for door in doors}


DEEDS = ("start", "signal-with-start", "signal", "update", "query")


class Nobody:
    namespace = "default"


NOBODY = Nobody()


async def test_being_told_to_wait_is_no_refusal_and_counted_for_itself() -> None:
    thrown, answer = Thrown(), Response(429, text="too many requests from one client")

    await thrown.note_limit(answer)

    assert not is_clear_refusal(answer)
    assert thrown.told_to_wait == 1


@pytest.mark.parametrize(
    ("answer", "refused"),
    [(Response(200, json={}), False), (Response(400, json={"code": 3, "message": "the query cannot be read"}), True)],
    ids=["answered", "refused"],
)
async def test_a_query_that_is_answered_is_not_counted_as_refused(tmp_path: Path, answer: Response, refused: bool) -> None:
    thrown = Thrown()
    async with AsyncClient(transport=MockTransport(lambda _: answer), base_url="http://temporal") as temporal:
        garbage = Garbage(NOBODY, temporal, temporal, [], [], {"Route": "route-R1"}, thrown)  # type: ignore[arg-type]
        query = dict(garbage.ways())["query Route by HTTP API"]

        for seed in range(40):
            await query(Random(seed))

    assert (thrown.refused > 0, thrown.answered > 0, thrown.wrong != []) == (refused, not refused, not refused)
    assert thrown.refused + thrown.answered + len(thrown.wrong) == 40
    assert [line for line in thrown.wrong if not line.startswith("query no_such_query: ")] == []
