"""Free ports of this machine, and settings of a site that uses them."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _ours() -> range:
    """A part of the ports for each process of a run of tests, and in it another beginning for each run."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = 11_000 // count
    begin = 20_000 + number * size
    return range(begin + os.getpid() % 100 * (size // 200), begin + size)


PORTS = iter(_ours())
"""Below those that the kernel gives to connections: one of these was free when it was chosen and taken by a connection of
another program when the site came to use it. No port is given out twice."""


def free_port(also: int = 0) -> int:
    """A port that is free, and so is the one `also` above it."""
    return next(port for port in PORTS if is_free(port) and (not also or is_free(port + also)))


def settings_of_its_own(home: Path) -> Mapping[str, str]:
    """The environment of a site of its own; nothing of the machine's own settings reaches it."""
    foreign = ("DOORSTEP_", "TEMPORAL_", "TWILIO_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours = {"DOORSTEP_HOME": str(home), "DOORSTEP_TEMPORAL_PORT": str(free_port(also=1000))}
    return {**plain, **ours, "DOORSTEP_TEMPORAL_HTTP_PORT": str(free_port()), "DOORSTEP_PORT": str(free_port())}
