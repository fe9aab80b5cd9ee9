"""Who may import whom (docs/design.md), read from the source. `worker.py`, `cli/` and every `__main__.py` wire, so may import all."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "domain": (),
    "rules": ("domain",),
    "activities": ("domain",),
    "integrations": ("domain",),
    "telemetry": ("domain",),
    "store": ("domain",),
    "workflows": ("domain", "rules", "activities"),
    "intake": ("domain", "integrations", "telemetry", "store", "workflows.client"),
    "web": ("domain", "rules", "store", "workflows.client"),
}

WIRING = ("cli", "worker", "settings")
OURS = (*MAY_IMPORT, *WIRING)

NO_SUBJECT = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc", "tools_misc"})
"""Names that say nothing of what is inside."""


def modules(package: str) -> list[Path]:
    """The modules of a package, but for its `__main__.py`."""
    return [file for file in sorted((ROOT / package).rglob("*.py")) if file.name != "__main__.py"]


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Each imported module with its line; `from a import b` counts as `a.b`, so that a module of a package can be named."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            before = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*before, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def is_within(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(f"{allowed}.")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    allowed = (package, *MAY_IMPORT[package])

    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in modules(package)
        for line, module in imported(file)
        if module.split(".")[0] in OURS and not any(is_within(module, name) for name in allowed)
    ]

    assert wrong == []


def test_the_domain_imports_only_the_standard_library() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in modules("domain")
        for line, module in imported(file)
        if module.split(".")[0] not in sys.stdlib_module_names | {"domain"}
    ]

    assert wrong == []


def test_nothing_imports_the_tests() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}"
        for package in (*MAY_IMPORT, "cli")
        for file in modules(package)
        for line, module in imported(file)
        if module.split(".")[0] == "tests"
    ]

    assert wrong == []


def test_every_module_is_named_after_its_subject() -> None:
    files = [file for package in (*MAY_IMPORT, "cli", "tests") for file in (ROOT / package).rglob("*.py")]

    assert [str(file.relative_to(ROOT)) for file in files if file.stem in NO_SUBJECT] == []


def test_every_package_of_the_project_has_a_rule() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}

    assert packages - {"tests", "benchmarks", "examples"} <= {*MAY_IMPORT, "cli"}
