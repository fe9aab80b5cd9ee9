"""docs/testing-rules.md: its tests pass, and it names every key and every line that there is."""

import re
from pathlib import Path

import pytest

from rules.expectations import READ, SCOPES
from rules.happenings import WHATS
from rules.testfile import CASE_KEYS, SIMULATED
from tests.rules.readers import run

PAGE = (Path(__file__).parents[2] / "docs" / "testing-rules.md").read_text("utf-8")
BOOK = re.findall(r"```yaml book\n(.*?)```", PAGE, re.DOTALL)[0]
NEXT_BOOK = re.findall(r"```yaml next\n(.*?)```", PAGE, re.DOTALL)[0]
TESTS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("tests", TESTS)
def test_every_test_of_the_page_passes(tmp_path: Path, tests: str) -> None:
    (tmp_path / "page.yaml").write_text(BOOK)
    (tmp_path / "next.yaml").write_text(NEXT_BOOK)
    (tmp_path / "page.test.yaml").write_text(tests)

    report = run(tmp_path)

    assert report.ok, report.summary()
    assert report.passed


def test_every_key_of_a_test_is_on_the_page() -> None:
    for key in [*CASE_KEYS, *SCOPES, *READ]:
        assert re.search(rf"^\| `{key}[`:]", PAGE, re.MULTILINE), key
    for outcome in SIMULATED:
        assert f"`{outcome}`" in PAGE


@pytest.mark.parametrize("what", [*WHATS, "event"])
def test_every_kind_of_line_is_described_and_shown(what: str) -> None:
    table = PAGE[PAGE.index("| WHAT |") : PAGE.index("## Expectations")]

    assert re.search(rf"`{what}\b", table)
    assert re.search(rf"\d\d:\d\d {what}\b", PAGE)
