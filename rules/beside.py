"""Which files of a folder are what: rulebooks, their tests, directory.yaml, blueprints, templates."""

from pathlib import Path

DIRECTORY_FILE = "directory.yaml"
TEST_ENDING = ".test.yaml"
TEST_ENDINGS = (TEST_ENDING, ".test.yml")
BLUEPRINT_ENDING = ".blueprint.yaml"
TEMPLATE_ENDING = ".liquid"


def is_test_file(path: Path) -> bool:
    return path.name.endswith(TEST_ENDINGS)


def rulebook_files(folder: Path) -> list[Path]:
    """The rulebooks of a folder, by name: its YAML files but for directory.yaml, tests and blueprints."""
    files = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    others = (*TEST_ENDINGS, BLUEPRINT_ENDING)
    return sorted(file for file in files if file.name != DIRECTORY_FILE and not file.name.endswith(others))


def test_files(folder: Path) -> list[Path]:
    """The test files of a folder, by name."""
    return sorted(file for ending in TEST_ENDINGS for file in folder.glob(f"*{ending}"))


def files_with_tests(path: Path) -> list[Path]:
    """The test files that a path means: a folder's (perhaps none), itself, or those beside a rulebook, of which the first named
    need not be there."""
    if path.is_dir():
        return test_files(path)
    return [path] if is_test_file(path) else tests_beside(path)


def tests_beside(book: Path) -> list[Path]:
    """The test files beside a rulebook, with every ending; where there is none, how one would be called."""
    named = [book.with_name(book.stem + ending) for ending in TEST_ENDINGS]
    return [file for file in named if file.exists()] or named[:1]
