"""Publishing: what holds no rulebook is refused, not published as nothing."""

from pathlib import Path

import pytest

from cli.publishing import RulebookProblemsError, publish
from rules.check import check
from settings import SHIPPED_RULES
from store.database import Database


@pytest.mark.parametrize("file", ["standard.test.yaml", "directory.yaml"])
async def test_a_file_that_is_no_rulebook_is_not_published(tmp_path: Path, file: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/doorstep.db")

    with pytest.raises(RulebookProblemsError, match="there is no rulebook in what is to be published"):
        await publish(check(SHIPPED_RULES / file), database)
    await database.close()
