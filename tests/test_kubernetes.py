"""deploy/kubernetes is what Kubernetes takes, and names only commands, settings, ports and paths that there are."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from typer.main import get_command

from cli.doctor import LOOKS
from cli.main import app
from cli.serve import application
from settings import SETTINGS, read_settings
from tests.gateway import client_behind
from worker import ENDS_WITHIN

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy" / "kubernetes"
FILES = [file for file in sorted(FOLDER.rglob("*.yaml")) if file.name != "kustomization.yaml"]
SCHEMAS = json.loads((ROOT / "tests" / "kubernetes_schemas.json").read_text())
OBJECTS: list[dict[str, Any]] = [thing for file in FILES for thing in yaml.safe_load_all(file.read_text())]
NOT_OURS = ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "FORWARDED_ALLOW_IPS")
"""Names of the Temporal SDK, and of uvicorn."""


def named(thing: dict[str, Any]) -> str:
    return f"{thing['kind']}/{thing['metadata']['name']}"


def mistakes(thing: dict[str, Any]) -> list[str]:
    """What Kubernetes would not take, by its own strict schemas."""
    group, _, version = thing["apiVersion"].rpartition("/")
    parts = [thing["kind"].lower(), *([group.split(".")[0]] if group else []), version]
    schema = {"$ref": f"#/definitions/{'-'.join(parts)}", "definitions": SCHEMAS["definitions"]}
    found = Draft7Validator(schema).iter_errors(thing)
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in found]


def pods(things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pod templates, by what makes the pods."""
    found = {}
    for thing in things:
        if thing["kind"] == "CronJob":
            found[named(thing)] = thing["spec"]["jobTemplate"]["spec"]["template"]
        elif "template" in thing.get("spec", {}):
            found[named(thing)] = thing["spec"]["template"]
    return found


PODS = pods(OBJECTS)
CONTAINERS = [
    pytest.param(container, id=f"{name}/{container['name']}")
    for name, pod in PODS.items()
    for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
]


def object_of(name: str) -> dict[str, Any]:
    return next(thing for thing in OBJECTS if named(thing) == name)


@pytest.mark.parametrize("thing", OBJECTS, ids=named)
def test_kubernetes_takes_it(thing: dict[str, Any]) -> None:
    assert mistakes(thing) == []


def test_a_misspelt_key_would_be_noticed() -> None:
    wrong = json.loads(json.dumps(object_of("Deployment/doorstep-worker")))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    wrong["spec"]["replicas"] = "2"

    assert [said.split(":")[0] for said in mistakes(wrong)] == ["spec.replicas", "spec.template.spec.containers.0"]


def test_every_file_is_part_of_an_installation() -> None:
    listed = set()
    for file in FOLDER.rglob("kustomization.yaml"):
        told = yaml.safe_load(file.read_text())
        listed |= {file.parent / name for name in told["resources"]}
        listed |= {file.parent / patch["path"] for patch in told.get("patches", ())}

    assert set(FILES) <= listed


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_runs_a_command_that_there_is(container: dict[str, Any]) -> None:
    command: Any = get_command(app)
    for word in (word for word in container["args"] if not word.startswith("-")):
        command = getattr(command, "commands", {}).get(word, command)

    assert not hasattr(command, "commands"), f"{container['args']} is no command"
    if "--only" in container["args"]:
        assert container["args"][-1] in LOOKS
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in container["args"] if word.startswith("--")} <= known


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_may_do_as_little_as_possible(container: dict[str, Any]) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/var/lib/doorstep", "/tmp"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_nobody_with_the_user_of_the_image(name: str) -> None:
    spec = PODS[name]["spec"]

    assert "USER 10001" in (ROOT / "Dockerfile").read_text()
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["automountServiceAccountToken"] is False
    assert PODS[name]["metadata"]["labels"]["app.kubernetes.io/name"] == "doorstep"  # else no network policy is about it


def test_only_settings_that_there_are_are_told_and_secrets_stand_in_secrets() -> None:
    rows = {row.name: row for row in SETTINGS}
    open_ones = {name for thing in OBJECTS if thing["kind"] == "ConfigMap" for name in thing["data"]}
    secret = {name for thing in OBJECTS if thing["kind"] == "Secret" for name in thing["stringData"]}

    assert open_ones | secret <= {*rows, *NOT_OURS}
    assert [name for name in open_ones if name in rows and rows[name].secret] == []


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_told_both(container: dict[str, Any]) -> None:
    sources = [next(iter(source.values()))["name"] for source in container["envFrom"]]

    assert sources == ["doorstep-config", "doorstep-secrets"]
    assert {"ConfigMap/doorstep-config", "Secret/doorstep-secrets"} <= {named(thing) for thing in OBJECTS}


def test_a_worker_gets_time_to_end_its_actions() -> None:
    assert PODS["Deployment/doorstep-worker"]["spec"]["terminationGracePeriodSeconds"] > 2 * ENDS_WITHIN.total_seconds()


def test_probes_ask_at_the_ports_that_are_told() -> None:
    told = read_settings(object_of("ConfigMap/doorstep-config")["data"], Path("none.toml"))
    worker = PODS["Deployment/doorstep-worker"]["spec"]["containers"][0]
    gateway = PODS["Deployment/doorstep-gateway"]["spec"]["containers"][0]

    assert [port["containerPort"] for port in worker["ports"]] == [told.worker_port, int(told.metrics_bind.rpartition(":")[2])]
    assert [port["containerPort"] for port in gateway["ports"]] == [told.port]
    for container in (worker, gateway):
        port = container["ports"][0]
        paths = {kind: container[kind]["httpGet"] for kind in ("readinessProbe", "livenessProbe")}
        assert paths["readinessProbe"] == {"path": "/readyz", "port": port["name"]}
        assert paths["livenessProbe"] == {"path": "/healthz", "port": port["name"]}


def test_what_is_public_is_served_and_the_control_tower_is_not_public() -> None:
    secrets = {"DOORSTEP_SECRET_KEY": "signs the links of tests", "DOORSTEP_DATABASE_URL": "sqlite:///none.db"}
    served = {str(getattr(route, "path", "")) for route in application(read_settings(secrets, Path("none.toml"))).routes}
    (rule,) = object_of("Ingress/doorstep-public")["spec"]["rules"]
    public = {path["path"] for path in rule["http"]["paths"]}

    assert [path for path in public if not any(one == path or one.startswith(f"{path}/") for one in served)] == []
    assert "/" not in public


def test_what_is_told_to_be_used_is_let_through() -> None:
    out = {port["port"] for rule in object_of("NetworkPolicy/doorstep")["spec"]["egress"] for port in rule["ports"]}
    (scraped,) = object_of("NetworkPolicy/doorstep-worker")["spec"]["ingress"]
    shown = object_of("ConfigMap/doorstep-config")["data"]["DOORSTEP_METRICS_BIND"]

    assert {4318, 8002} <= out  # OTLP over HTTP, Valhalla
    assert [str(port["port"]) for port in scraped["ports"]] == [shown.rpartition(":")[2]]


def test_clients_behind_the_ingress_are_told_apart() -> None:
    told = object_of("ConfigMap/doorstep-config")["data"]["FORWARDED_ALLOW_IPS"]

    assert asyncio.run(client_behind("10.1.2.3", "198.51.100.7, 10.1.2.3", told)) == "198.51.100.7"
    assert (
        asyncio.run(client_behind("10.1.2.3", "1.1.1.1, 198.51.100.7", told)) == "198.51.100.7"
    )  # 1.1.1.1 is what it says itself
    assert asyncio.run(client_behind("203.0.113.9", "198.51.100.7", told)) == "203.0.113.9"


@pytest.mark.parametrize("folder", ["base", "example"])
def test_kustomize_puts_it_together(folder: str, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    told = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    made = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / folder)], env=told, capture_output=True, text=True, timeout=60, check=False
    )

    assert made.returncode == 0, made.stderr
    things = list(yaml.safe_load_all(made.stdout))
    assert [said for thing in things for said in mistakes(thing)] == []
    images = {c["image"] for pod in pods(things).values() for c in pod["spec"]["containers"]}
    assert images == {"doorstep:0.1.0"}
