"""Whole sites on free ports of this machine."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


PORTS = iter(range(20_000 + os.getpid() % 1_000 * 10, 31_000))
"""Below those that the kernel gives to connections: one of these was free when it was chosen and taken by a connection of
another program when the site came to use it. No port is given out twice."""


def free_port(also: int = 0) -> int:
    """A port that is free, and so is the one `also` above it."""
    return next(port for port in PORTS if is_free(port) and (not also or is_free(port + also)))


@pytest.fixture
def site_environment(tmp_path: Path) -> Mapping[str, str]:
    """Settings of a site of its own; nothing of the machine's own settings reaches it."""
    foreign = ("DOORSTEP_", "TEMPORAL_", "TWILIO_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours = {"DOORSTEP_HOME": str(tmp_path / "site"), "DOORSTEP_TEMPORAL_PORT": str(free_port(also=1000))}
    return {**plain, **ours, "DOORSTEP_TEMPORAL_HTTP_PORT": str(free_port()), "DOORSTEP_PORT": str(free_port())}
