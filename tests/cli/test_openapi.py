"""/openapi.json says what the doors for machines really take and answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from fastapi.openapi.utils import get_openapi
from httpx import Response
from jsonschema import Draft202012Validator
from temporalio.testing import WorkflowEnvironment

from cli.openapi import ANY_UPDATE, document
from cli.openapi_doors import DOORS, ORDER
from cli.serve import application
from intake.limits import too_many
from settings import read_settings
from store.database import Database
from tests.gateway import API_KEY, SECRET, Gateway, port_of, serving
from tests.workflows.books import LATE, a_book
from tests.workflows.stage import an_order, stage
from workflows.client import UPDATES, check_order

BEARER = {"Authorization": f"Bearer {API_KEY}"}
DESKS = {
    "builtin": {},
    "webhook": {"DOORSTEP_TICKETS_URL": "https://desk.example.test"},
    "zendesk": {},
    "rt": {},
}


def app_with(desk: str = "builtin") -> Any:
    given = {"DOORSTEP_TICKETS": desk, "DOORSTEP_TICKETS_SECRET": SECRET, "DOORSTEP_DATABASE_URL": "sqlite:///nowhere.db"}
    return application(read_settings({**given, **DESKS[desk]}))


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(app_with())


def declared(desk: str) -> set[str]:
    """The doors for machines, as they are declared."""
    paths = get_openapi(title="", version="", routes=app_with(desk).routes)["paths"]
    return {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/") and path != ANY_UPDATE
    }


def nodes(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from nodes(inner)


def fits(told: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is as a schema of the document says; the first mistake is shown."""
    mistakes = list(Draft202012Validator({**schema, "components": told["components"]}).iter_errors(value))
    assert not mistakes, mistakes[0]
    return True


def test_every_door_for_machines_is_described_and_no_other() -> None:
    assert set().union(*map(declared, DESKS)) == set(DOORS)


def test_the_document_is_whole(told: dict[str, Any]) -> None:
    """It is OpenAPI 3.1, what it refers to is there, its schemas are JSON Schemas, and no two operations have one name."""
    OpenAPI.model_validate(told)
    operations = [operation for methods in told["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]

    assert told["openapi"].startswith("3.1")
    assert len(names) == len(set(names))
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in {str(node["$ref"]) for node in nodes(told) if "$ref" in node}:
        assert reference.removeprefix("#/components/schemas/") in told["components"]["schemas"], reference
    ways = {way for operation in operations for one in operation.get("security", ()) for way in one}
    assert ways <= set(told["components"]["securitySchemes"])


def test_what_a_path_names_is_a_parameter(told: dict[str, Any]) -> None:
    for path, methods in told["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, path


def test_examples_are_as_their_schemas_say(told: dict[str, Any]) -> None:
    shown = [node for node in nodes(told["paths"]) if "example" in node]

    assert len(shown) > 20
    for node in shown:
        assert fits(told, node["schema"], node["example"])
    check_order(ORDER)


def test_each_update_has_its_own_path_and_argument(told: dict[str, Any]) -> None:
    of_updates = {path.rpartition("/")[2] for path in told["paths"] if path.startswith("/v1/deliveries/{delivery_id}/")}
    taken = told["paths"]["/v1/deliveries/{delivery_id}/reschedule"]["post"]["requestBody"]["content"]["application/json"]

    assert set(UPDATES) <= of_updates
    assert taken["schema"] == {"$ref": "#/components/schemas/RescheduleIn"}


class Asking:
    """A gateway whose answers are held against its own document."""

    def __init__(self, gateway: Gateway, told: dict[str, Any]) -> None:
        self._client = gateway.client
        self.told = told

    async def ask(self, door: str, path: str, *, key: bool = True, **request: Any) -> int:
        """The status of an answer that is as the document says of that door."""
        method = door.partition(" ")[0]
        answer = await self._client.request(method, path, headers=BEARER if key else {}, **request)
        self.hold(door, answer)
        return answer.status_code

    def hold(self, door: str, answer: Response) -> None:
        method, _, template = door.partition(" ")
        responses = self.told["paths"][template][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (door, answer.status_code, answer.text)
        content = responses[str(answer.status_code)].get("content", {})
        if not content:
            assert answer.content == b""
            return
        assert fits(self.told, content[answer.headers["content-type"]]["schema"], answer.json())


@pytest.mark.temporal
async def test_answers_of_the_running_gateway_are_as_it_says(temporal: WorkflowEnvironment, sqlite_database: Database) -> None:
    order, door, one = an_order(), "POST /v1/deliveries", "GET /v1/deliveries/{delivery_id}"
    path = f"/v1/deliveries/{order['delivery_id']}"
    cancel = "POST /v1/deliveries/{delivery_id}/cancel"
    async with (
        stage(temporal.client, a_book(LATE), queue="deliveries"),
        serving(sqlite_database, port_of(temporal)) as gateway,
    ):
        asking = Asking(gateway, (await gateway.client.get("/openapi.json")).json())

        assert await asking.ask(door, "/v1/deliveries", json=order) == 202
        assert await asking.ask(door, "/v1/deliveries", json={**order, "service_level": "express"}) == 409
        assert await asking.ask(door, "/v1/deliveries", json={"delivery_id": "D"}) == 422
        assert await asking.ask(door, "/v1/deliveries", json=["no order"]) == 422
        assert await asking.ask(door, "/v1/deliveries", json=order, key=False) == 401
        assert await asking.ask(door, "/v1/deliveries", content=b"hello") == 415
        assert await asking.ask(door, "/v1/deliveries", json={"tags": ["x" * 300_000]}) == 413
        assert await asking.ask(one, path) == 200
        assert await asking.ask(one, "/v1/deliveries/nobody-knows-it") == 404
        assert await asking.ask(cancel, f"{path}/cancel", json={"reason": 1}) == 422
        assert await asking.ask(cancel, f"{path}/cancel", json={"reason": "sold out", "by": "oms"}) == 200
        assert await asking.ask(cancel, "/v1/deliveries/nobody-knows-it/cancel", json={"reason": "r", "by": "oms"}) == 404
        assert await asking.ask("GET /v1/routes/{route_id}/plan", "/v1/routes/R1/plan") == 404
        assert await asking.ask("GET /v1/routes/{route_id}/plan", "/v1/routes/R1/plan", params={"service_date": "x"}) == 422
        offered = "POST /v1/assignments/{assignment_id}/answer"
        assert await asking.ask(offered, "/v1/assignments/A-1/answer", json={"accept": True}) == 422
        assert await asking.ask("DELETE /v1/deliveries/{delivery_id}/links", f"{path}/links") == 204


async def test_who_asks_while_temporal_is_away_or_too_often_is_answered_as_it_says(sqlite_database: Database) -> None:
    async with serving(sqlite_database, 1) as gateway:
        asking = Asking(gateway, (await gateway.client.get("/openapi.json")).json())

        assert await asking.ask("POST /v1/deliveries", "/v1/deliveries", json=an_order()) == 202
        assert await asking.ask("GET /v1/deliveries/{delivery_id}", "/v1/deliveries/D-1") == 503
        told, sent = asking.told["paths"]["/v1/deliveries"]["post"]["responses"]["429"], too_many()

    assert fits(asking.told, told["content"][sent.headers["content-type"]]["schema"], json.loads(bytes(sent.body)))
    assert set(told["headers"]) == {"Retry-After"}
