"""`make audit` fails for what is known to be bad, and claims nothing where nothing was looked at."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "audit.py"))

GOOD = {"name": "fine", "version": "1.0", "vulns": []}
BAD = {"name": "holey", "version": "2.0", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "unheard", "skip_reason": "not found"}


def report(*rows: dict[str, Any]) -> str:
    return json.dumps({"dependencies": rows})


@pytest.mark.parametrize(
    ("given", "known", "code", "said"),
    [
        pytest.param(report(GOOD), {}, 0, "0 known vulnerabilities", id="nothing is known"),
        pytest.param(report(GOOD, BAD), {}, 1, "holey 2.0: GHSA-1; mended in 2.1", id="a hole"),
        pytest.param(report(GOOD, BAD), {"GHSA-1": "not used"}, 0, "1 ignored with a reason", id="an ignored hole"),
        pytest.param(report(UNKNOWN, UNKNOWN), {}, 0, "NOT audited", id="a service that knows nothing"),
        pytest.param(report(BAD, UNKNOWN), {}, 1, "does not know them: unheard", id="one that is not known"),
        pytest.param(None, {}, 0, "NOT audited", id="no service"),
    ],
)
def test_an_audit_says_what_it_found(given: str | None, known: dict[str, str], code: int, said: str, capsys: Any) -> None:
    assert AUDIT["judged"](given, known) == code
    assert said in capsys.readouterr().out


def test_what_is_ignored_has_a_reason() -> None:
    assert AUDIT["ignored"]("# why\nGHSA-1 not reachable\n") == {"GHSA-1": "not reachable"}
    with pytest.raises(SystemExit, match="say why after GHSA-2"):
        AUDIT["ignored"]("GHSA-2\n")
