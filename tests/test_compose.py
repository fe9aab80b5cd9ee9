"""docker-compose.yml names only what exists, is pinned, keeps to this machine, and holds no secret. Its scripts really run."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from cli.temporal_server import TYPE_NAMES, temporal_binary
from tests.databases import postgres_server
from tests.gateway import client_behind
from tests.temporal import temporal_server
from workflows.attributes import SEARCH_ATTRIBUTES

__all__ = ["postgres_server"]

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("doorstep:")}
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text()
PUBLIC = CADDYFILE.replace("#|", "").replace("\tauto_https off\n", "")
"""As it says that the public form is made."""

DOORSTEP_COMMANDS = ("migrate", "rules publish --at-start", "serve", "worker")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of deploy/ with nothing but PATH and what is given in its environment."""
    told = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def variables(text: str) -> set[str]:
    """The variables that compose takes from .env."""
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def test_the_production_shape_is_complete() -> None:
    assert {"postgres", "temporal-schema", "temporal", "temporal-namespace", "temporal-search-attributes", "temporal-ui"} <= set(
        SERVICES
    )
    assert {"migrate", "publish", "worker", "gateway", "mail-catcher"} == set(OURS)


@pytest.mark.parametrize("name", ["worker", "gateway"])
def test_one_of_two_may_die_and_nobody_waits(name: str) -> None:
    assert SERVICES[name]["deploy"]["replicas"] == 2
    assert "ports" not in SERVICES[name]  # two containers cannot have one port of the machine


def test_people_reach_all_gateways_at_one_address() -> None:
    told = SERVICES["front"]["environment"]

    assert told["DOORSTEP_GATEWAY_HOST"] in SERVICES
    assert set(re.findall(r"\{\$(\w+)", (ROOT / "deploy" / "Caddyfile").read_text())) == told.keys()
    assert SERVICES["front"]["ports"] == ["127.0.0.1:8080:8080"]


def test_clients_behind_the_front_are_told_apart() -> None:
    """All of them looked like Caddy: they shared one limit of requests."""
    told = SERVICES["gateway"]["environment"]["FORWARDED_ALLOW_IPS"]

    assert asyncio.run(client_behind("172.18.0.9", "198.51.100.7", told)) == "198.51.100.7"
    assert asyncio.run(client_behind("172.18.0.9", "1.1.1.1, 198.51.100.7, 172.18.0.1", told)) == "198.51.100.7"
    assert "trusted_proxies private_ranges" in CADDYFILE


def test_the_public_form_has_the_paths_of_the_ingress_and_no_control_tower() -> None:
    ingress = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "example" / "ingress.yaml").read_text())
    (rule,) = ingress["spec"]["rules"]

    (passed,) = re.findall(r"^\t@public path (.+)$", PUBLIC, re.MULTILINE)

    assert passed.split() == [f"{path['path']}/*" for path in rule["http"]["paths"]]


def test_caddy_takes_both_forms(tmp_path: Path) -> None:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy is not installed; apt-get install caddy")
    public = tmp_path / "Caddyfile"
    public.write_text(PUBLIC)

    for file in (ROOT / "deploy" / "Caddyfile", public):
        said = run(program, "validate", "--adapter", "caddyfile", "--config", str(file), HOME=str(tmp_path))
        assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("name", OURS)
def test_nothing_of_ours_writes_into_its_image(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert "/tmp" in SERVICES[name]["tmpfs"]


def test_every_command_of_ours_runs_natively_too() -> None:
    programs = {name: service["command"] for name, service in OURS.items() if "entrypoint" not in service}

    assert sorted(" ".join(command) for command in programs.values()) == sorted(DOORSTEP_COMMANDS)


def test_a_rulebook_is_published_before_there_is_a_worker() -> None:
    """Nothing published one: every order of a fresh installation was refused for want of its rulebook."""
    assert SERVICES["publish"]["command"] == ["rules", "publish", "--at-start"]
    assert SERVICES["publish"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["worker"]["depends_on"]["publish"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", ["publish", "worker", "gateway"])
def test_the_rules_are_a_folder_of_the_operator_which_nothing_writes_to(name: str) -> None:
    assert SERVICES[name]["environment"]["DOORSTEP_RULES"] == "/rules"
    assert SERVICES[name]["volumes"] == ["${DOORSTEP_RULES:-./rules/books}:/rules:ro"]
    assert (ROOT / "rules" / "books" / "directory.yaml").exists()


def test_the_mail_catcher_is_a_module_of_ours() -> None:
    python, flag, module = SERVICES["mail-catcher"]["entrypoint"]

    assert (python, flag) == ("python", "-m")
    assert ROOT.joinpath(*module.split(".")).with_suffix(".py").exists()


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")

    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-[a-z]+)?", tag)


def test_the_images_that_ours_is_built_from_are_pinned_too() -> None:
    tags = re.findall(r"^FROM python:(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert len(tags) == 2
    assert len(set(tags)) == 1
    assert re.match(r"3\.1[12]\.\d+-", tags[0])


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "ports" in service])
def test_every_port_is_on_this_machine_only(name: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service.get("restart") == "unless-stopped"])
def test_everything_that_stays_up_has_a_health_check(name: str) -> None:
    in_image = name == "gateway" and "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()

    assert in_image or SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_waits_for_what_is_not_there(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        ends = SERVICES[other]["restart"] == "on-failure"
        assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()

    assert re.findall(r"\$\{[A-Z_]*PASSWORD(?!:\?)", text) == []
    assert re.findall(r"(?:TOKEN|SID):-[^}]", text) == []


def test_the_secrets_that_are_made_are_all_that_compose_asks_for() -> None:
    made = run("sh", "deploy/new-env.sh").stdout

    given = dict(line.split("=", 1) for line in made.splitlines() if line and not line.startswith("#"))
    assert given.keys() == variables((ROOT / "docker-compose.yml").read_text())
    assert len({value for name, value in given.items() if name.endswith("PASSWORD")}) == 3
    assert made != run("sh", "deploy/new-env.sh").stdout


def test_the_number_of_history_shards_is_not_the_default() -> None:
    assert SERVICES["temporal"]["environment"]["NUM_HISTORY_SHARDS"] == "512"


def test_the_interface_cannot_end_or_reset_a_delivery() -> None:
    environment = SERVICES["temporal-ui"]["environment"]

    assert environment["TEMPORAL_WORKFLOW_TERMINATE_DISABLED"] == "true"
    assert environment["TEMPORAL_WORKFLOW_RESET_DISABLED"] == "true"


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_file_exists(name: str) -> None:
    volumes = [re.sub(r"\$\{\w+:-(.+?)\}", r"\1", volume) for volume in SERVICES[name].get("volumes", ())]
    sources = [volume.split(":")[0] for volume in volumes]

    assert all((ROOT / source).exists() for source in sources if source.startswith("."))
    assert {source for source in sources if not source.startswith(".")} <= COMPOSE["volumes"].keys()


def test_the_search_attributes_are_those_of_the_code() -> None:
    script = (ROOT / "deploy" / "create-search-attributes.sh").read_text()

    lines = re.findall(r"^register (\w+) (.+)$", script, re.MULTILINE)
    registered = {name: type for type, names in lines for name in names.split()}
    assert registered == {key.name: TYPE_NAMES[int(key.indexed_value_type)] for key in SEARCH_ATTRIBUTES}


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").glob("*.sh")), ids=lambda path: str(path.name))
def test_every_script_is_plain_sh_and_stops_at_the_first_mistake(script: Path) -> None:
    assert run("sh", "-n", str(script)).returncode == 0
    assert "\nset -eu\n" in script.read_text()


@pytest.mark.parametrize(
    "script", ["create-databases.sh", "temporal-schema.sh", "create-namespace.sh", "create-search-attributes.sh"]
)
def test_a_script_says_which_variable_is_missing(script: str) -> None:
    said = run("sh", f"deploy/{script}")

    assert said.returncode != 0
    assert "is not set" in said.stderr


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed; apt-get install docker-compose")
    secrets = tmp_path / "secrets.env"
    secrets.write_text(run("sh", "deploy/new-env.sh").stdout)

    said = run(program, "--env-file", str(secrets), "config")

    assert said.returncode == 0, said.stderr
    assert set(yaml.safe_load(said.stdout)["services"]) == set(SERVICES)


@pytest.mark.temporal
async def test_the_namespace_and_its_search_attributes_are_made_on_a_real_server_and_made_only_once() -> None:
    async with temporal_server() as server:
        told = {
            "PATH": f"{Path(temporal_binary()).parent}:{os.environ['PATH']}",
            "TEMPORAL_ADDRESS": server.client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": "fresh",
        }
        scripts = ["create-namespace.sh", "create-search-attributes.sh"] * 2
        said = [await asyncio.to_thread(run, "sh", f"deploy/{script}", **told) for script in scripts]
        listed = await asyncio.to_thread(run, "temporal", "operator", "search-attribute", "list", **told)

    assert [each.returncode for each in said] == [0, 0, 0, 0], said
    assert {key.name for key in SEARCH_ATTRIBUTES} <= set(listed.stdout.split())


@pytest.mark.postgres
def test_the_databases_are_made_on_a_real_server_and_closed_to_each_other(postgres_server: str) -> None:
    pgserver = pytest.importorskip("pgserver")
    (socket,) = parse_qs(urlsplit(postgres_server).query)["host"]
    told = {"PATH": f"{Path(pgserver.__file__).parent / 'pginstall' / 'bin'}:{os.environ['PATH']}", "PGHOST": socket}

    made = run(
        "sh", "deploy/create-databases.sh", POSTGRES_USER="postgres", TEMPORAL_DB_PASSWORD="a'b", DOORSTEP_DB_PASSWORD="c", **told
    )

    assert made.returncode == 0, made.stderr
    for user, database, allowed in (
        ("doorstep", "doorstep", True),
        ("temporal", "temporal_visibility", True),
        ("doorstep", "temporal", False),
    ):
        asked = run("psql", "-U", user, "-d", database, "-c", "create table t (n int)", **told)
        assert (asked.returncode == 0) is allowed, asked.stderr
