"""`make audit`: does anything in requirements.lock have a known hole? Run by CI.

Ends with 1 only for what pip-audit found and .ci/audit-ignored.txt does not name. Where the vulnerability service cannot be reached, it says
so and ends with 0: nothing was looked at, and nothing is claimed.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE.parent / "requirements.lock"
IGNORED = HERE / "audit-ignored.txt"

SECONDS = 60
"""For all of it."""


def ignored(text: str) -> dict[str, str]:
    """Id of a vulnerability -> why it is of no harm here; a line without a reason is a mistake."""
    rows = [line.partition(" ") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if unexplained := [id for id, _, why in rows if not why.strip()]:
        raise SystemExit(f"{IGNORED.name}: say why after {', '.join(unexplained)}")
    return {id: why.strip() for id, _, why in rows}


def found(report: str) -> list[tuple[str, str, str, list[str]]]:
    """Package, version, id and mending versions of each vulnerability in pip-audit's JSON. Raises ValueError for no report."""
    dependencies = json.loads(report)["dependencies"]
    return [
        (one["name"], one["version"], hole["id"], hole.get("fix_versions", []))
        for one in dependencies
        if "skip_reason" not in one
        for hole in one.get("vulns", [])
    ]


def skipped(report: str) -> list[str]:
    """The packages that the service does not know: nothing is known of them, neither good nor bad."""
    return [one["name"] for one in json.loads(report)["dependencies"] if "skip_reason" in one]


def audited() -> str | None:
    """pip-audit's report; None if its service did not answer."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--disable-pip", "--no-deps", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    try:
        found(done.stdout)
    except (ValueError, KeyError, TypeError):
        print(done.stderr.strip().splitlines()[-1][:300] if done.stderr.strip() else "", file=sys.stderr)
        return None
    return done.stdout


def main() -> int:
    """The exit code."""
    return judged(audited(), ignored(IGNORED.read_text("utf-8")))


def judged(report: str | None, known: dict[str, str]) -> int:
    """Says what was found; 1 if it is of harm."""
    unknown = [] if report is None else skipped(report)
    if report is None or len(unknown) == len(json.loads(report)["dependencies"]):
        print("WARNING: dependencies were NOT audited: the vulnerability service cannot be reached from here, or answers nothing")
        return 0
    if unknown:
        print(f"WARNING: not audited, since the service does not know them: {', '.join(unknown)}")
    holes = [hole for hole in found(report) if hole[2] not in known]
    for name, version, id, mended in holes:
        print(f"{name} {version}: {id}; mended in {', '.join(mended) or 'no version yet'}")
    print(f"{len(holes)} known vulnerabilities in requirements.lock, {len(known)} ignored with a reason")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
