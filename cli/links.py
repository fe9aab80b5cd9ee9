"""Links of an installation on one machine: what is not set is made up, so that they work from the start."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from settings import Settings

FILE = "secret-key"

CODEC_FILE = "codec-token"

KEPT: Mapping[str, str] = {"DOORSTEP_SECRET_KEY": FILE, "DOORSTEP_CODEC_TOKEN": CODEC_FILE}
"""Setting -> the file in the home that holds what `doorstep up` made up for it."""


def with_links(settings: Settings) -> Settings:
    """The settings with an address and a secret for links; a secret of our own is kept in the home, and stays the same."""
    key = settings["DOORSTEP_SECRET_KEY"] or kept_secret(settings.home / FILE)
    url = settings["DOORSTEP_PUBLIC_URL"] or f"http://127.0.0.1:{settings.port}"
    return settings.but(DOORSTEP_SECRET_KEY=key, DOORSTEP_PUBLIC_URL=url)


def as_kept(settings: Settings) -> Settings:
    """The settings as a site here runs with them: with the secrets in its home where none are set. Nothing is made up."""
    found = {name: kept(settings.home, name) for name in KEPT if not settings[name]}
    return settings.but(**{name: secret for name, secret in found.items() if secret})


def kept(home: Path, name: str) -> str:
    """What was made up for a setting; empty if nothing was, or if the file is another user's."""
    try:
        return (home / KEPT[name]).read_text().strip()
    except OSError:
        return ""


def kept_secret(file: Path) -> str:
    """The secret in a file that only its owner can read; a new one if there is none."""
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_hex(24))
    return file.read_text().strip()
