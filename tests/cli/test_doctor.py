"""`doorstep doctor` finds each thing that is really wrong, and says how to mend it."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli.doctor import LOOKS, _show_settings, examine, found
from cli.finding import Finding
from cli.links import as_kept, with_links
from cli.looks import engine, stored
from cli.standins.twilio_standin import ACCOUNT, TOKEN, standing_in
from domain.arrival import Arrival
from domain.instant import HOUR
from settings import Settings, SettingsError, read_settings
from store.database import Database
from store.inbox import Inbox
from store.ledger import Ledger
from store.migrate import migrate, newest
from store.rulebooks import Rulebooks
from tests.gateway import port_of
from tests.temporal import temporal_server
from workflows.clock import wall_clock

NOTHING = Path("no-such-doorstep.toml")


def told(**given: str) -> Settings:
    return read_settings(given, NOTHING)


@pytest.fixture
def at(database_url: str) -> Settings:
    """The settings of a migrated database."""
    return told(DOORSTEP_DATABASE_URL=database_url)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A web server that always says the same."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def is_bad(finding: Finding, said: str, mend: str) -> bool:
    """Whether something is not well, with these words."""
    assert not finding.well, finding
    assert said in finding.said
    assert mend in finding.mend
    return True


async def test_a_temporal_that_is_away() -> None:
    settings = told(DOORSTEP_TEMPORAL_PORT="1")

    assert is_bad(await found("temporal", settings), "cannot reach Temporal at 127.0.0.1:1", "TEMPORAL_ADDRESS")


@pytest.mark.temporal
async def test_a_namespace_that_is_missing(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")

    finding = await found("temporal", told(DOORSTEP_TEMPORAL_PORT=str(port_of(temporal))))

    assert is_bad(finding, "there is no namespace nowhere", "deploy/create-namespace.sh")


@pytest.mark.temporal
async def test_search_attributes_that_are_missing(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "missing_attributes", _one_missing)

    finding = await found("temporal", told(DOORSTEP_TEMPORAL_PORT=str(port_of(temporal))))

    assert is_bad(finding, "search attributes are missing: Eta", "deploy/create-search-attributes.sh")


async def _one_missing(client: object) -> list[object]:
    """The real look is tested with the worker's; taking one away would break the server for every other test."""
    from workflows.attributes import SEARCH_ATTRIBUTES

    return [key for key in SEARCH_ATTRIBUTES if key.name == "Eta"]


@pytest.mark.temporal
async def test_nobody_who_works(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "pollers", _nobody)

    finding = await found("worker", told(DOORSTEP_TEMPORAL_PORT=str(port_of(temporal))))

    assert is_bad(finding, "nobody polls the task queue deliveries", "doorstep worker")


async def _nobody(client: object) -> int:
    return 0


@pytest.mark.temporal
async def test_a_version_to_which_nothing_is_given(temporal: WorkflowEnvironment) -> None:
    port = str(port_of(temporal))

    versioned = await found("version", told(DOORSTEP_TEMPORAL_PORT=port, DOORSTEP_DEPLOYMENT="doctor", DOORSTEP_BUILD_ID="2"))
    plain = await found("version", told(DOORSTEP_TEMPORAL_PORT=port))

    assert is_bad(versioned, "no delivery is given to this worker", "set-current-version --deployment-name doctor --build-id 2")
    assert (plain.well, plain.said.split(" (")[0]) == (True, "workers are not versioned")


@workflow.defn(name="Failing")
class Failing:
    """Cannot go on."""

    @workflow.run
    async def run(self) -> None:
        raise ValueError("a fault in the code")


AT_ONCE = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1"
"""By default a workflow is called failing after five tries, which takes a minute."""


@pytest.mark.temporal
async def test_workflows_whose_code_fails() -> None:
    async with (
        temporal_server("--dynamic-config-value", AT_ONCE) as server,
        Worker(server.client, task_queue="failing", workflows=[Failing], workflow_runner=UnsandboxedWorkflowRunner()),
    ):
        settings = told(DOORSTEP_TEMPORAL_PORT=str(port_of(server)))
        first = await found("tasks", settings)
        handle = await server.client.start_workflow(Failing.run, id="failing-1", task_queue="failing")
        finding = first
        while finding.well:
            finding = await found("tasks", settings)
        await handle.terminate()

    assert (first.well, first.said) == (True, "none fails")
    assert is_bad(finding, "failing-1", "their history in the Temporal UI says why")


@pytest.mark.temporal
async def test_a_clock_that_is_wrong(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = told(DOORSTEP_TEMPORAL_PORT=str(port_of(temporal)))

    right = await found("clock", settings)
    monkeypatch.setattr(engine, "wall_clock", lambda: wall_clock() + HOUR)
    wrong = await found("clock", settings)

    assert right.well, right
    assert is_bad(wrong, "s ahead of Temporal's", "NTP")


async def test_a_database_clock_that_is_wrong(at: Settings, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await found("database-clock", at)).well
    monkeypatch.setattr(stored, "wall_clock", lambda: wall_clock() - HOUR)

    wrong = await found("database-clock", at)

    assert wrong.well if kind == "sqlite" else is_bad(wrong, "s behind the database's", "NTP")


async def test_a_database_that_is_away(tmp_path: Path) -> None:
    nowhere = told(DOORSTEP_DATABASE_URL="postgresql://doorstep:hush@127.0.0.1:1/doorstep")
    no_file = told(DOORSTEP_HOME=str(tmp_path))

    finding = await found("database", nowhere)

    assert is_bad(finding, "does not answer", "")
    assert "hush" not in finding.said
    assert is_bad(await found("database", no_file), "does not exist yet", "doorstep migrate")


async def test_tables_that_are_not_there_or_older_or_newer(empty_database_url: str) -> None:
    settings = told(DOORSTEP_DATABASE_URL=empty_database_url)
    database = Database(empty_database_url)
    try:
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE t (n INTEGER)"))
        assert is_bad(await found("database", settings), "its tables are not made yet", "doorstep migrate")
        await migrate(empty_database_url)
        assert (await found("database", settings)).well
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert is_bad(await found("database", settings), f"at 0001, {newest()} is wanted", "doorstep migrate")
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        newer = await found("database", settings)
    finally:
        await database.close()

    assert newer.well, newer  # a release that was put back goes on with them, and its pods start
    assert "by a newer Doorstep (its tables are at 9999" in newer.said


async def test_rulebooks_with_mistakes_or_without_the_one_that_orders_take(sqlite_database: Database, tmp_path: Path) -> None:
    url = f"sqlite:///{sqlite_database.place}"
    shipped = told(DOORSTEP_DATABASE_URL=url)
    folder = tmp_path / "mine"
    folder.mkdir()
    mine = told(DOORSTEP_DATABASE_URL=url, DOORSTEP_RULES=str(folder))

    assert is_bad(await found("rulebooks", shipped), "no rulebook 'standard' is published", "doorstep rules publish")
    await Rulebooks(sqlite_database).publish("standard", "{}", now=wall_clock())
    assert (await found("rulebooks", shipped)).well
    (folder / "directory.yaml").write_text("hubs: {HEL1: {calender: nights}}\n")
    (folder / "book.yaml").write_text("rulebook: standard\nrules: [{id: halted, when: stopped for 20m}]\n")
    assert is_bad(await found("rulebooks", mine), "directory.yaml", "doorstep rules check")
    assert is_bad(await found("rulebooks", told(DOORSTEP_RULES=str(tmp_path / "none"))), "is no folder", "DOORSTEP_RULES")


async def test_what_waits_in_the_inbox(at: Settings, database: Database) -> None:
    inbox, long_ago = Inbox(database), wall_clock() - HOUR
    await inbox.put("twilio", "SM1", [Arrival("D-1", {"event_id": "e"}, None, None)], now=long_ago)
    await inbox.put("twilio", "SM2", [Arrival("D-2", {"event_id": "e"}, None, None)], now=wall_clock())

    assert is_bad(await found("inbox", at), "1 messages wait to be handed on, to D-1", "doorstep serve")
    (entry,) = await inbox.next_of("D-1")
    await inbox.handed(entry.entry, None, now=wall_clock())
    assert (await found("inbox", at)).well


async def test_actions_that_were_cut_off(at: Settings, database: Database) -> None:
    long_ago, ledger = wall_clock() - HOUR, Ledger(database)
    about = {"action": "notify", "delivery_id": "D-1", "incident_id": "D-1/1/late/1"}
    claim = await ledger.claim("D-1/1/late/1/do.0/0", **about, deadline=long_ago + 1, now=long_ago)
    await ledger.claim("D-1/1/late/1/do.1/0", **about, deadline=wall_clock() + HOUR, now=long_ago)

    assert is_bad(await found("doubts", at), "1 were begun and neither ended nor tried again: D-1/1/late/1/do.0/0", "worker")
    await ledger.release(claim.key, claim.attempt, "nothing was done")
    assert (await found("doubts", at)).well


async def test_a_disk_that_is_full_or_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = told(DOORSTEP_HOME=str(tmp_path / "site"))
    assert "MB free" in (await found("disk", settings)).said
    monkeypatch.setattr(stored, "LITTLE_SPACE", 10**18)

    assert is_bad(await found("disk", settings), "MB free at", "make room")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert is_bad(await found("disk", settings), "cannot be written to", "DOORSTEP_HOME")


async def test_a_mail_server_that_is_away_or_misspelt() -> None:
    for url, said in (("smtp://ops:hush@127.0.0.1:1", "127.0.0.1:1 cannot be used"), ("mail://host", "must start with smtp://")):
        finding = await found("mail", told(DOORSTEP_SMTP_URL=url))

        assert is_bad(finding, said, "DOORSTEP_SMTP_URL")
        assert "hush" not in finding.said


async def test_twilio_credentials_that_are_wrong_or_half_set(tmp_path: Path) -> None:
    async with standing_in(tmp_path) as standin:
        given = {"TWILIO_ACCOUNT_SID": ACCOUNT, "DOORSTEP_TWILIO_BASE_URL": standin.url, "DOORSTEP_TWILIO_FROM": "+15005550006"}
        right = await found("sms", told(**given, TWILIO_AUTH_TOKEN=TOKEN))
        wrong = await found("sms", told(**given, TWILIO_AUTH_TOKEN="wrong"))
    half = await found("sms", told(TWILIO_ACCOUNT_SID=ACCOUNT))

    assert right.well, right
    assert is_bad(wrong, "", "TWILIO_AUTH_TOKEN")
    assert is_bad(half, "TWILIO_AUTH_TOKEN and DOORSTEP_TWILIO_FROM not set", "set TWILIO_AUTH_TOKEN")


async def test_a_road_engine_that_is_none() -> None:
    with answering(200, b'{"version": "3.5.1"}') as valhalla, answering(200, b"hello") as other:
        right = await found("roads", told(DOORSTEP_ROUTING_URL=valhalla))
        wrong = await found("roads", told(DOORSTEP_ROUTING_URL=other))
    away = await found("roads", told(DOORSTEP_ROUTING_URL="http://127.0.0.1:1"))

    assert (right.well, right.said) == (True, "Valhalla 3.5.1 answers")
    assert is_bad(wrong, "is no Valhalla server", "DOORSTEP_ROUTING_URL")
    assert is_bad(away, "cannot be reached (ConnectError)", "start Valhalla")


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        pytest.param("track.example.test", "k" * 16, "give an address with https://", id="no scheme"),
        pytest.param("http://track.example.test", "k" * 16, "is not encrypted", id="not encrypted"),
        pytest.param("https://localhost:8080", "k" * 16, "an address of this machine", id="of this machine"),
        pytest.param("https://127.0.0.1", "k" * 16, "an address of this machine", id="its number"),
        pytest.param("https://track.example.test/?a=b", "k" * 16, "a path can be added to", id="with a query"),
        pytest.param("https://track.example.test", "", "DOORSTEP_SECRET_KEY is not set", id="no key"),
        pytest.param("https://track.example.test", "short", "DOORSTEP_SECRET_KEY is too short", id="short key"),
    ],
)
async def test_links_that_nobody_could_open(url: str, key: str, said: str) -> None:
    assert is_bad(await found("links", told(DOORSTEP_PUBLIC_URL=url, DOORSTEP_SECRET_KEY=key)), said, "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("DOORSTEP_SECRET_KEY", "a" * 30, "easily guessed: DOORSTEP_SECRET_KEY", id="one character"),
        pytest.param("DOORSTEP_TICKETS_SECRET", "hush", "easily guessed: DOORSTEP_TICKETS_SECRET", id="short"),
        pytest.param("DOORSTEP_CODEC_KEYS", "k1:abc", "DOORSTEP_CODEC_KEYS", id="no codec key"),
    ],
)
async def test_secrets_that_protect_nothing(name: str, value: str, said: str) -> None:
    finding = await found("secrets", told(**{name: value}))

    assert is_bad(finding, said, "")
    assert value not in finding.said


async def test_good_secrets_are_well_and_not_told() -> None:
    key = "3f9a1c7be04d52886a"
    finding = await found("secrets", told(DOORSTEP_SECRET_KEY=key, DOORSTEP_API_KEYS=f"{key},{key[::-1]}"))

    assert finding.well
    assert key not in finding.said


async def test_a_temporal_ui_that_is_not_told_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.test:7233")
    assert is_bad(await found("ui", told()), "DOORSTEP_TEMPORAL_UI is not set", "set DOORSTEP_TEMPORAL_UI")
    assert is_bad(await found("ui", told(DOORSTEP_TEMPORAL_UI="ui.example.test")), "is 'ui.example.test'", "http://")
    with answering(200, b"") as url:
        assert (await found("ui", told(DOORSTEP_TEMPORAL_UI=url))).well


async def test_a_temporal_ui_that_only_browsers_reach_is_well_but_the_embedded_one_has_to_be_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a container the host's address leads nowhere: a healthy installation was called sick."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)

    elsewhere = await found("ui", told(DOORSTEP_TEMPORAL_UI="http://127.0.0.1:1"))
    embedded = await found("ui", told(DOORSTEP_TEMPORAL_PORT="1"))

    assert elsewhere.well, elsewhere
    assert "cannot be reached from here (ConnectError); that is well if browsers reach it" in elsewhere.said
    assert is_bad(embedded, "http://127.0.0.1:1001 cannot be reached", "is it running?")


def test_the_default_of_temporals_address_is_that_of_the_port(capsys: pytest.CaptureFixture[str]) -> None:
    _show_settings(told(DOORSTEP_TEMPORAL_PORT="7300"))

    assert "the Temporal server (the SDK's own settings); default: 127.0.0.1:7300" in capsys.readouterr().out


async def test_one_thing_can_be_looked_at_alone(at: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """What starts before the tables are migrated waits for this."""
    assert await examine(at, "json", ["database"]) == 0

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["what"], finding["well"]) == ("database", True)
    with pytest.raises(SettingsError, match="--only nothing: there is no such thing to look at; there are temporal, worker"):
        await examine(at, "text", ["nothing"])


async def test_what_a_site_made_up_for_itself_is_seen_from_another_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doorstep up` makes up a secret, and links to itself; the doctor said that there were none."""
    settings = told(DOORSTEP_HOME=str(tmp_path), DOORSTEP_PORT="8099")
    secret = with_links(settings)["DOORSTEP_SECRET_KEY"]

    assert await examine(settings, "text", ["links", "secrets"]) == 0
    said = capsys.readouterr().out
    _show_settings(as_kept(settings))
    shown = capsys.readouterr().out

    assert "those of doorstep up lead to http://127.0.0.1:8099, for somebody at this machine" in said
    assert f"DOORSTEP_SECRET_KEY=***  (made up by doorstep up, in {tmp_path / 'secret-key'})" in shown
    assert secret not in said + shown


async def test_the_secret_of_a_site_signs_links_to_an_address_that_is_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = told(DOORSTEP_HOME=str(tmp_path), DOORSTEP_PUBLIC_URL="https://track.example.test")
    with_links(settings)

    assert await examine(settings, "text", ["links"]) == 0
    assert "lead to https://track.example.test" in capsys.readouterr().out


async def test_whatever_a_look_meets_is_a_finding_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = told(DOORSTEP_HOME=str(tmp_path), DOORSTEP_TEMPORAL_PORT="1", DOORSTEP_PUBLIC_URL="ftp://x", DOORSTEP_RULES="/none")

    assert await examine(broken, "text") == 1

    said = capsys.readouterr().out
    assert said.count("\nok  ") + said.count("\nBAD ") == len(LOOKS)
    assert "doorstep migrate" in said
