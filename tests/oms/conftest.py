"""One whole site for the examples of order systems: what `doorstep up` starts, under a rulebook without time for corrections."""

import shutil
from collections.abc import AsyncIterator

import pytest

from cli.site import Site
from settings import SHIPPED_RULES, read_settings
from tests.ports import free_port

BOOK = """
rulebook: standard
owner: ops@example.test

rules:
  - id: late
    says: It was not there when its promise was over
    when: condition is late
    severity: low
    do:
      - open_ticket: {queue: hub-ops}
"""


@pytest.fixture(scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    home = tmp_path_factory.mktemp("oms")
    rules = home / "rules"
    rules.mkdir()
    (rules / "standard.yaml").write_text(BOOK)
    shutil.copy(SHIPPED_RULES / "directory.yaml", rules)
    ports = {
        "DOORSTEP_TEMPORAL_PORT": str(free_port(also=1000)),
        "DOORSTEP_TEMPORAL_HTTP_PORT": str(free_port()),
        "DOORSTEP_PORT": str(free_port()),
    }
    told = {"DOORSTEP_HOME": str(home / "site"), "DOORSTEP_RULES": str(rules), **ports}
    async with Site(read_settings(told, home / "none.toml"), lambda _: None) as running:
        yield running
