"""What a long-running program sets up before anything else, so that it can be watched: logs, metrics, traces."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from temporalio.client import Interceptor

from cli.logs import set_up_logs
from cli.runtime import set_up_runtime
from cli.tracing import tracing
from settings import Settings


@contextmanager
def observed(settings: Settings, program: Literal["worker", "gateway"]) -> Iterator[tuple[Interceptor, ...]]:
    """Within, the program can be watched; what its Temporal client needs for that. Raises SettingsError.

    The gateway shows its metrics at /metrics, without those of its Temporal client.
    """
    set_up_logs(settings)
    set_up_runtime(settings, is_measured=program == "worker")
    with tracing(settings, program) as interceptors:
        yield interceptors
