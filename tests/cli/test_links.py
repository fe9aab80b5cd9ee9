"""Links of an installation on one machine."""

from pathlib import Path

from cli.links import FILE, with_links
from settings import read_settings


def test_what_is_not_set_is_made_up_and_stays_the_same(tmp_path: Path) -> None:
    settings = read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_PORT": "8099"})

    first, again = with_links(settings), with_links(settings)

    assert first.public_url == "http://127.0.0.1:8099"
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) == 48
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_what_is_set_stays_as_it_is(tmp_path: Path) -> None:
    told = {"DOORSTEP_SECRET_KEY": "0123456789abcdef", "DOORSTEP_PUBLIC_URL": "https://track.example.test/"}

    settings = with_links(read_settings({"DOORSTEP_HOME": str(tmp_path), **told}))

    assert (settings.secret_key, settings.public_url) == ("0123456789abcdef", "https://track.example.test")
    assert not (tmp_path / FILE).exists()
