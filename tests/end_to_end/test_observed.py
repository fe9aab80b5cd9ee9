"""A site that is watched: one trace from the door to the mail, figures that say what happened, lines of the log; and nobody's name."""

import re

import pytest

from domain.metrics import METRICS
from tests.end_to_end.observing import PERSONAL, SECRETS, Seen, Span, a_watched_day


@pytest.fixture(scope="module")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return await a_watched_day(tmp_path_factory.mktemp("watched"))


def the_span(seen: Seen, name: str, under: str) -> Span:
    """The one of a name that has another among its parents."""
    found = [span for span in seen.collector.spans if span.name == name and under in seen.collector.ancestors(span)]
    assert len(found) == 1, sorted(span.name for span in seen.collector.spans)
    return found[0]


WAY = ["Evaluate", "HandleSignal:report", "SignalWorkflow:report", "inbox: hand on", "POST /v1/twilio/status"]


def test_one_trace_leads_from_the_door_over_inbox_signal_and_evaluation_to_the_mail(seen: Seen) -> None:
    mail = the_span(seen, "SMTP send", "POST /v1/twilio/status")

    assert seen.collector.ancestors(mail) == ["effect notify.email", "RunActivity:notify", "StartActivity:notify", *WAY]


def test_the_ticket_desk_is_told_the_trace_that_led_to_its_call(seen: Seen) -> None:
    (call,) = [call for call in seen.desk.calls if call.json["type"] == "ticket.open"]
    _, trace_id, span_id, _ = call.headers["traceparent"].split("-")

    (span,) = [span for span in seen.collector.spans if span.span_id == span_id]
    assert (span.trace_id, span.name) == (trace_id, "webhook POST")
    assert seen.collector.ancestors(span) == ["effect open_ticket", "RunActivity:open_ticket", "StartActivity:open_ticket", *WAY]


def test_an_order_by_http_and_the_start_of_its_delivery_are_one_trace(seen: Seen) -> None:
    admitted = the_span(seen, "RunActivity:admit", "POST /v1/deliveries")

    assert seen.collector.ancestors(admitted) == [
        "StartActivity:admit",
        "StartUpdateWithStartWorkflow:Delivery",
        "inbox: hand on",
        "POST /v1/deliveries",
    ]
    assert {span.service for span in seen.collector.spans if span.trace_id == admitted.trace_id} == {
        "doorstep-gateway",
        "doorstep-worker",
    }


def test_no_span_figure_or_line_names_a_person_or_a_secret(seen: Seen) -> None:
    everything = "\n".join(
        [span.whole for span in seen.collector.spans]
        + [seen.worker_metrics, seen.gateway_metrics, seen.worker_log, seen.gateway_log]
    )

    assert seen.mail.mails, "there was somebody to name"
    assert [word for word in (*PERSONAL, *SECRETS) if word.lower() in everything.lower()] == []


def test_labels_of_figures_name_no_delivery(seen: Seen) -> None:
    assert seen.delivery_id not in seen.worker_metrics + seen.gateway_metrics


def test_what_happened_was_counted(seen: Seen) -> None:
    worker, gateway = ours(seen.worker_metrics), ours(seen.gateway_metrics)

    assert worker['doorstep_incidents_opened_total{mode="live",rule="not-reached",severity="high"}'] == 1
    assert worker['doorstep_messages_total{channel="email",outcome="done"}'] == 1
    assert worker['doorstep_effects_total{action="open_ticket",outcome="done"}'] == 1
    assert worker['doorstep_detect_seconds_count{severity="high"}'] == 1
    assert gateway['doorstep_open_incidents{severity="high"}'] == 1
    assert gateway['doorstep_rejected_total{door="/v1/deliveries",type="unauthorized"}'] == 1
    assert gateway['doorstep_http_requests_total{door="/v1/deliveries",method="POST",status="202"}'] == 1


def ours(text: str) -> dict[str, float]:
    """Our figures by name and labels, without the labels that the SDK adds."""
    found = dict[str, float]()
    for name, labels, value in re.findall(r"^(doorstep_\w+)(?:\{(.*)\})? (\S+)$", text, re.MULTILINE):
        kept = sorted(
            one
            for one in re.findall(r'\w+="[^"]*"', labels)
            if not re.match(r"(namespace|\w+_type|task_queue|service_name)=", one)
        )
        found[f"{name}{{{','.join(kept)}}}" if kept else name] = float(value)
    return found


def families(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (doorstep_\w+) ", text, re.MULTILINE))


def test_nothing_is_shown_that_the_table_does_not_know(seen: Seen) -> None:
    told = {metric.name: metric.kind.value for metric in METRICS}

    for text in (seen.worker_metrics, seen.gateway_metrics):
        shown = dict(re.findall(r"^# TYPE (doorstep_\w+) (\w+)$", text, re.MULTILINE))
        assert {name: kind for name, kind in shown.items() if told.get(name) != kind} == {}
    gateway = {metric.name for metric in METRICS if "gateway" in metric.process}
    assert families(seen.gateway_metrics) == gateway, "the gateway shows all of its own from the start"


def test_the_sdk_shows_its_figures_too(seen: Seen) -> None:
    for name in (
        "temporal_workflow_task_schedule_to_start_latency",
        "temporal_worker_task_slots_available",
        "temporal_num_pollers",
    ):
        assert f"# TYPE {name} " in seen.worker_metrics


def test_lines_of_the_log_tell_the_delivery_the_incident_the_action_and_the_trace(seen: Seen) -> None:
    told = [line for line in seen.logged if line.get("action") == "notify.email"]

    mail = the_span(seen, "effect notify.email", "POST /v1/twilio/status")
    assert [(line["level"], line["delivery_id"], line["outcome"], line["trace_id"]) for line in told] == [
        ("info", seen.delivery_id, "done", mail.trace_id)
    ]
    assert told[0]["incident_id"] == f"{seen.delivery_id}:1:not-reached:1"


def test_each_refusal_is_one_line(seen: Seen) -> None:
    told = [(line["door"], line["status"], line["level"]) for line in seen.logged if line["logger"] == "doorstep.doors"]

    assert told == [("/v1/deliveries", 401, "warning"), ("/v1/deliveries", 422, "info"), ("unknown", 404, "info")]


def test_every_line_but_the_words_for_the_supervisor_is_json(seen: Seen) -> None:
    others = [line for line in (seen.worker_log + seen.gateway_log).splitlines() if not line.startswith("{")]

    assert others == ["ready"]
