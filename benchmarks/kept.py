"""benchmarks/results.json: figures by the name of their part. A part that is not measured anew keeps what it had."""

import json
import os
import platform
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"


def kept(path: Path = RESULTS) -> dict[str, Any]:
    """All that was measured last."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def keep(part: str, figures: Any, path: Path = RESULTS) -> None:
    """Writes at once, so that a run that is cut short leaves what it has measured."""
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
    }
    path.write_text(json.dumps({**kept(path), "machine": machine, part: rounded(figures)}, indent=2) + "\n")


def rounded(value: Any) -> Any:
    """Three digits behind the point are more than a measurement is worth."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in about.read_text().splitlines() if line.startswith("model name")]
        if about.exists()
        else []
    )
    return names[0] if names else platform.machine()
