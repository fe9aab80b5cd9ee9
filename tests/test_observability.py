"""What people who watch Doorstep are handed: the page of metrics, the dashboard, the alerts. Each names only what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.metrics import METRICS, MetricKind

ROOT = Path(__file__).parents[1]
DASHBOARD = ROOT / "deploy" / "grafana" / "doorstep.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"

OF_THE_SDK = frozenset(
    {
        "temporal_activity_execution_failed",
        "temporal_activity_schedule_to_start_latency_bucket",
        "temporal_num_pollers",
        "temporal_request_failure",
        "temporal_sticky_cache_size",
        "temporal_worker_task_slots_available",
        "temporal_workflow_task_execution_failed",
        "temporal_workflow_task_execution_latency_bucket",
        "temporal_workflow_task_schedule_to_start_latency_bucket",
    }
)  # fmt: skip
"""Series of the SDK 1.35 that are looked at; of the process and of Prometheus itself there are `up` and `process_*`."""

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not there; Debian: apt-get install prometheus")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    """Every expression, with Grafana's own variables filled in."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [text.replace("$__rate_interval", "5m") for text in (*asked, *(rule["expr"] for rule in alerts()))]


def series() -> set[str]:
    """The names under which Prometheus keeps our metrics."""
    plain = {metric.name for metric in METRICS if metric.kind is not MetricKind.HISTOGRAM}
    spans = [metric.name for metric in METRICS if metric.kind is MetricKind.HISTOGRAM]
    return plain | {f"{name}_{part}" for name in spans for part in ("bucket", "sum", "count")}


def test_the_page_of_metrics_is_the_table() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]

    assert rows == [
        [
            f"`{metric.name}`",
            metric.kind.value,
            metric.process,
            ", ".join(f"`{label}`" for label in metric.labels) or "-",
            metric.unit,
            metric.meaning,
        ]
        for metric in METRICS
    ]


@pytest.mark.parametrize("metric", METRICS, ids=[metric.name for metric in METRICS])
def test_a_metric_is_named_as_prometheus_wants_it(metric: Any) -> None:
    assert re.fullmatch(r"doorstep_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") is (metric.kind is MetricKind.COUNTER)
    assert metric.name.endswith("_seconds") is (metric.unit == "seconds")
    assert bool(metric.buckets) is (metric.kind is MetricKind.HISTOGRAM)
    assert not {"delivery_id", "incident_id", "workflow_id", "customer"} & set(metric.labels)


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_only_metrics_that_there_are(expression: str) -> None:
    named = set(re.findall(r"\b((?:doorstep|temporal|process)_\w+|up)\s*[{[)]", re.sub(r'"[^"]*"', '""', expression) + ")"))

    assert named
    known = series() | OF_THE_SDK | {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
    assert named - known == set()


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_only_for_labels_that_there_are(expression: str) -> None:
    table = {metric.name: {*metric.labels, "le", "job", "instance"} for metric in METRICS}

    for name, asked in re.findall(r"(doorstep_\w+?)(?:_bucket)?\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*[=!]~?", re.sub(r'"[^"]*"', '""', asked))) <= table[name]
    grouped = {label for some in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", some)}
    for name in set(re.findall(r"(doorstep_\w+?)(?:_bucket)?\b[\[{)]", expression)):
        assert grouped <= table[name]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_has_its_brackets(expression: str) -> None:
    """The least that can be said where promtool is not there."""
    bare = re.sub(r'"[^"]*"', "", expression)

    assert [bare.count(left) - bare.count(right) for left, right in ("()", "[]", "{}")] == [0, 0, 0]


@needs_promtool
def test_prometheus_takes_the_alerts_and_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    every = tmp_path / "dashboard.yml"
    every.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    said = subprocess.run([str(PROMTOOL), "check", "rules", str(ALERTS), str(every)], capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_says_what_is_wrong_how_bad_it_is_and_where_to_read_on() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()

    assert len({rule["alert"] for rule in alerts()}) == len(alerts())
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == "docs/operations.md#alerts"
        assert f"`{rule['alert']}`" in page.split("## Alerts")[1].split("\n## ")[0], rule["alert"]


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    whole = DASHBOARD.read_text()

    assert [metric.name for metric in METRICS if metric.name not in whole] == []


def test_every_panel_has_a_place_of_its_own() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in panels()]

    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels()}) == len(places)
