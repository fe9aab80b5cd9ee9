"""What the embedded server is started with."""

from pathlib import Path

from cli.temporal_server import READS_ONCE, note_attributes, server_command


def test_a_server_on_a_new_file_reads_its_search_attributes_once(tmp_path: Path) -> None:
    command = server_command(folder=tmp_path, port=1, ui_port=2, http_port=3)

    assert READS_ONCE[1] in command


def test_a_server_on_a_file_of_an_earlier_version_reads_them_at_each_use(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").touch()

    command = server_command(folder=tmp_path, port=1, ui_port=2, http_port=3)

    assert READS_ONCE[1] not in command


def test_after_a_run_with_all_attributes_it_reads_them_once_again(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").touch()
    note_attributes(tmp_path)

    command = server_command(folder=tmp_path, port=1, ui_port=2, http_port=3)

    assert READS_ONCE[1] in command
