"""The SDK's runtime of a long-running program: one for each process, made before any client. Short commands have the SDK's own."""

from logging import getLogger

from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig, TelemetryFilter

from domain.metrics import METRICS, SOON
from settings import Settings, SettingsError

WAITING = ("workflow_task_schedule_to_start_latency", "activity_schedule_to_start_latency", "workflow_task_execution_latency")
"""The SDK's spans that alerts look at; its own buckets are 0.1, 0.5, 1, 5 and more seconds."""

CORE_LOGS = TelemetryFilter(core_level="WARN", other_level="ERROR")


def set_up_runtime(settings: Settings, *, is_measured: bool) -> None:
    """Makes the runtime that every client of this process uses. `is_measured`: it shows its metrics at DOORSTEP_METRICS_BIND.

    Raises SettingsError.
    """
    Runtime.set_default(runtime_of(settings.metrics_bind if is_measured else ""))


def runtime_of(bind: str) -> Runtime:
    """A runtime that shows the SDK's metrics and ours at `host:port`; nothing is counted where that is empty."""
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=_prometheus(bind) if bind else None, logging=_logging()))
    except (RuntimeError, ValueError, OSError) as error:
        raise SettingsError(f"DOORSTEP_METRICS_BIND is {bind!r}, where nothing can listen: {error}") from None


def _prometheus(bind: str) -> PrometheusConfig:
    return PrometheusConfig(
        bind_address=bind,
        durations_as_seconds=True,
        histogram_bucket_overrides={
            **{metric.name: list(metric.buckets) for metric in METRICS if metric.buckets},
            **{name: list(SOON) for name in WAITING},
        },
    )


def _logging() -> LoggingConfig:
    """What the SDK's core says goes the way of all logs; what it tells besides is chosen there (cli.core_lines): it quotes failures."""
    forwarding = LogForwardingConfig(logger=getLogger("temporalio.core"), append_log_fields_to_message=False)
    return LoggingConfig(filter=CORE_LOGS, forwarding=forwarding)
