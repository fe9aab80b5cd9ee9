"""What a backup says of itself: versions, times, and the SHA-256 of each file."""

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from cli.errors import InputError
from cli.temporal_server import temporal_binary
from domain.instant import Instant
from store.migrate import knows

FILE, FORMAT = "manifest.json", 1

OURS = "doorstep.db"
"""The name that our database has in a backup, wherever it is outside."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Times are milliseconds; `schema` is the revision of our tables, `files` each file's SHA-256 by its name."""

    format: int
    doorstep: str
    temporal: str
    schema: str
    temporal_from: Instant
    temporal_until: Instant
    ours_from: Instant
    ours_until: Instant
    files: dict[str, str]

    def write(self, folder: Path) -> None:
        """Puts it beside the files."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        (folder / FILE).chmod(0o600)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup that this program can restore, all of whose files are as they were. Raises InputError."""
    try:
        told = json.loads((folder / FILE).read_text("utf-8"))
        if told["format"] != FORMAT:
            raise InputError(
                f"{folder}: a backup of format {told['format']}; this program knows {FORMAT}; install a newer Doorstep"
            )
        manifest = Manifest(**told)
    except FileNotFoundError:
        raise InputError(f"{folder}: no backup, there is no {FILE}; give a folder that `doorstep backup` made") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / FILE}: cannot be read: {error}") from None
    if not knows(manifest.schema):
        made_by = f"made by Doorstep {manifest.doorstep} with schema {manifest.schema}"
        raise InputError(f"{folder}: {made_by}, which is newer than this program; install a newer Doorstep")
    _check_files(folder, manifest)
    return manifest


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, wanted in manifest.files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise InputError(f"{file}: is missing from the backup; restore another one")
        if digest(file) != wanted:
            raise InputError(f"{file}: is not as it was when the backup was made (SHA-256); restore another one")


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def our_version() -> str:
    """Of this program."""
    return version("doorstep")


def temporal_version() -> str:
    """Of the embedded server."""
    return subprocess.run([temporal_binary(), "--version"], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
