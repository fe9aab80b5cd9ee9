"""Travel times by road: what a Valhalla server is asked, and what becomes of its answers. Once against the real one, where it is."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.planning import travel_of
from domain.instant import MINUTE, SECOND
from domain.route import Point
from integrations.routing.closures import Closures, ClosuresError, ClosuresFile, read_closures
from integrations.routing.learnt import LearntSpeeds
from integrations.routing.travel import GreatCircle
from integrations.routing.valhalla import SIDE, Valhalla
from settings import SettingsError, read_settings
from store.database import Database
from tests.endpoints import Recorder, recording

ESTIMATE = GreatCircle(metres_per_hour=60_000, detour_percent=100)
A, B, C = Point(60.170, 24.940), Point(60.171, 24.941), Point(60.172, 24.942)


def matrix(sources: int, targets: int, cell: Callable[[int, int], dict[str, Any]]) -> str:
    rows = [[{**cell(row, to), "from_index": row, "to_index": to} for to in range(targets)] for row in range(sources)]
    return json.dumps({"sources_to_targets": rows, "units": "kilometers"})


def some_way(row: int, to: int) -> dict[str, Any]:
    return {"time": 60 * abs(row - to), "distance": 0.5 * abs(row - to)}


async def test_the_server_is_asked_for_every_leg_as_it_documents(recorder: Recorder) -> None:
    recorder.answer(200, matrix(3, 3, some_way))

    legs = await Valhalla(recorder.url, ESTIMATE).legs((A, B, C))

    assert recorder.calls[0].json == {
        "sources": [{"lat": point.lat, "lon": point.lon} for point in (A, B, C)],
        "targets": [{"lat": point.lat, "lon": point.lon} for point in (A, B, C)],
        "costing": "auto",
        "units": "kilometers",
    }
    assert legs.time(A, C) == 2 * MINUTE
    assert legs.distance(C, B) == 500


async def test_closed_roads_are_left_out(recorder: Recorder) -> None:
    closed = Closures((B,), ((A, B, C, A),))
    recorder.answer(200, matrix(2, 2, some_way))

    await Valhalla(recorder.url, ESTIMATE, lambda: closed).legs((A, C))

    asked = recorder.calls[0].json
    assert asked["exclude_locations"] == [{"lat": B.lat, "lon": B.lon}]
    assert asked["exclude_polygons"] == [[[point.lon, point.lat] for point in (A, B, C, A)]]


async def test_a_leg_that_it_knows_no_way_for_is_estimated(recorder: Recorder) -> None:
    recorder.answer(200, matrix(2, 2, lambda row, to: {"time": None, "distance": None} if row < to else some_way(row, to)))

    legs = await Valhalla(recorder.url, ESTIMATE).legs((A, C))

    assert legs.time(A, C) == ESTIMATE.time(ESTIMATE.metres(A, C)) > 0
    assert legs.time(C, A) == MINUTE


async def test_more_points_than_a_server_takes_at_once_are_asked_in_blocks(recorder: Recorder) -> None:
    points = tuple(Point(60 + number / 1_000, 25) for number in range(SIDE + 10))
    recorder.answer(200, matrix(SIDE, SIDE, lambda row, to: {"time": row, "distance": to}))
    recorder.answer(200, matrix(SIDE, 10, lambda row, to: {"time": row, "distance": SIDE + to}))
    recorder.answer(200, matrix(10, SIDE, lambda row, to: {"time": SIDE + row, "distance": to}))
    recorder.answer(200, matrix(10, 10, lambda row, to: {"time": SIDE + row, "distance": SIDE + to}))

    legs = await OneByOne(recorder.url, ESTIMATE).legs(points)

    assert [(len(call.json["sources"]), len(call.json["targets"])) for call in recorder.calls] == [
        (SIDE, SIDE),
        (SIDE, 10),
        (10, SIDE),
        (10, 10),
    ]
    assert [legs.times[row][0] for row in (0, 49, 50, 59)] == [0, 49 * SECOND, 50 * SECOND, 59 * SECOND]
    assert [legs.metres[0][to] for to in (0, 49, 50, 59)] == [0, 49_000, 50_000, 59_000]


class OneByOne(Valhalla):
    """Asks one block after the other, so that a recorder can answer in turn."""

    _turns = asyncio.Lock()

    async def _asked(self, session: Any, body: dict[str, Any]) -> Any:
        async with self._turns:
            return await super()._asked(session, body)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        pytest.param(503, "", "the road engine answered 503", id="trouble"),
        pytest.param(400, "{}", "check DOORSTEP_ROUTING_URL and its service limits", id="refused"),
        pytest.param(200, "<html>", "does not answer", id="no JSON"),
        pytest.param(200, "{}", "something else than a matrix", id="no matrix"),
        pytest.param(200, matrix(1, 2, some_way), "something else than a matrix", id="a row too few"),
    ],
)
async def test_a_server_in_trouble_is_an_error_that_says_so(recorder: Recorder, status: int, body: str, said: str) -> None:
    recorder.answer(status, body)

    with pytest.raises(ConnectionError, match=said):
        await Valhalla(recorder.url, ESTIMATE).legs((A, B))


async def test_a_server_that_hangs_is_not_waited_for(recorder: Recorder) -> None:
    recorder.hangs = 1

    with pytest.raises(ConnectionError, match="does not answer"):
        await Valhalla(recorder.url, ESTIMATE, timeout=100).legs((A, B))


def collection(*geometries: dict[str, Any]) -> bytes:
    return json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": one} for one in geometries]}
    ).encode()


POINT = {"type": "Point", "coordinates": [24.94, 60.17]}


def test_closures_are_read_again_when_the_file_changes_and_stay_when_it_breaks(tmp_path: Path) -> None:
    file = tmp_path / "closed.geojson"
    file.write_bytes(
        collection(POINT, {"type": "Polygon", "coordinates": [[[24.9, 60.1], [24.95, 60.1], [24.9, 60.2], [24.9, 60.1]]]})
    )
    closures = ClosuresFile(file)

    first = closures()
    file.write_bytes(collection())
    os.utime(file, ns=(1, 1))
    emptied = closures()
    file.write_bytes(b"{")
    os.utime(file, ns=(2, 2))
    broken = closures()

    assert first == Closures((A,), ((Point(60.1, 24.9), Point(60.1, 24.95), Point(60.2, 24.9), Point(60.1, 24.9)),))
    assert emptied == broken == Closures()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"[]", "is no GeoJSON FeatureCollection", id="a list"),
        pytest.param(collection({"type": "LineString", "coordinates": []}), "write closures as Point or Polygon", id="a line"),
        pytest.param(collection({"type": "Point", "coordinates": [24.9, 95]}), "no longitude and latitude", id="off the earth"),
    ],
)
def test_what_holds_no_closures_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ClosuresError, match=said):
        read_closures(data, "closed.geojson")


async def test_the_setting_chooses_the_engine_and_a_missing_file_is_named(tmp_path: Path, sqlite_database: Database) -> None:
    built_in = travel_of(read_settings({}, tmp_path / "none"), sqlite_database)
    by_road = travel_of(read_settings({"DOORSTEP_ROUTING_URL": "http://127.0.0.1:8002"}, tmp_path / "none"), sqlite_database)

    assert isinstance(built_in, LearntSpeeds)
    assert isinstance(by_road, Valhalla)
    lost = {"DOORSTEP_ROUTING_URL": "http://127.0.0.1:8002", "DOORSTEP_ROUTING_CLOSURES": "nowhere.geojson"}
    with pytest.raises(SettingsError, match=r"DOORSTEP_ROUTING_CLOSURES: nowhere\.geojson"):
        travel_of(read_settings(lost, tmp_path / "none"), sqlite_database)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    async with recording() as recorder:
        yield recorder


# The real engine

MAP = Path(os.environ.get("DOORSTEP_TEST_DATA", "../shared/data")) / "map" / "Helsinki.osm.pbf"


PYTHON = Path(os.environ.get("DOORSTEP_VALHALLA", sys.executable))
"""A Python with the package pyvalhalla-weekly, which is too heavy to be installed with ours."""

CONFIGURE = """
import json, sys
from valhalla import get_config
config = get_config(tile_extract="", tile_dir=sys.argv[1])
config["httpd"]["service"].update(
    listen="tcp://127.0.0.1:" + sys.argv[2], **{name: f"ipc://{sys.argv[1]}/{name}" for name in ("loopback", "interrupt")}
)
json.dump(config, open(sys.argv[3], "w"))
"""


async def ran(*command: str | Path) -> int:
    program = await asyncio.create_subprocess_exec(PYTHON, *command, stdout=DEVNULL, stderr=DEVNULL, env=ENVIRONMENT)
    return await program.wait()


ENVIRONMENT = {"PATH": f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


@asynccontextmanager
async def valhalla(folder: Path) -> AsyncIterator[str]:
    """The real server on a free port, with the map of central Helsinki."""
    if await ran("-c", "import valhalla"):
        pytest.skip("pyvalhalla-weekly is not installed; DOORSTEP_VALHALLA may name a Python that has it")
    if not MAP.is_file():
        pytest.skip(f"{MAP} is absent; set DOORSTEP_TEST_DATA to the folder of real data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "tiles").mkdir()
    assert await ran("-c", CONFIGURE, folder / "tiles", str(port), folder / "valhalla.json") == 0
    assert await ran("-m", "valhalla", "valhalla_build_tiles", "-c", folder / "valhalla.json", MAP.absolute()) == 0
    served = (PYTHON, "-m", "valhalla", "valhalla_service", folder / "valhalla.json", "1")
    service = await asyncio.create_subprocess_exec(
        *served, stdout=DEVNULL, stderr=DEVNULL, env=ENVIRONMENT, start_new_session=True
    )
    try:
        await _listens(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(service.pid, signal.SIGKILL)
        await service.wait()


async def _listens(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def test_the_real_engine_knows_the_roads_and_heeds_closures(tmp_path: Path) -> None:
    """A closed block in between makes the way longer, or leaves none."""
    here, there = Point(60.170, 24.940), Point(60.171, 24.945)
    corners = ((60.1695, 24.941), (60.1695, 24.943), (60.1712, 24.943), (60.1712, 24.941), (60.1695, 24.941))
    closed = Closures(rings=(tuple(Point(lat, lon) for lat, lon in corners),))
    async with valhalla(tmp_path) as url:
        legs = await Valhalla(url, ESTIMATE).legs((here, there))
        around = await Valhalla(url, ESTIMATE, lambda: closed).legs((here, there))
        many = tuple(Point(60.168 + number / 20_000, 24.938 + number / 12_000) for number in range(60))
        whole = await Valhalla(url, ESTIMATE).legs(many)

    air = ESTIMATE.metres(here, there)
    assert air < legs.distance(here, there) < 5 * air
    assert 20 * SECOND < legs.time(here, there) < 10 * MINUTE
    assert legs.time(here, there) != legs.time(there, here)
    assert around.time(here, there) != legs.time(here, there)
    assert [len(row) for row in whole.times] == [60] * 60
