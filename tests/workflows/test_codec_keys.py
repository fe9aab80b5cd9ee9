"""Codec keys are read as DOORSTEP_CODEC_KEYS gives them; a mistake is told without showing a key."""

from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload

from cli.connection import codec_of, converter_of
from settings import SettingsError, read_settings
from workflows.codec import CodecKeysError, opened, read_keys, sealed, unmarked
from workflows.payloads import DATA_CONVERTER

KEY = "A" * 43 + "="
SECRET = "B" * 30

WRONG = (
    pytest.param(KEY, "codec key 1 is not ID:KEY", id="no id"),
    pytest.param(f"k 1:{KEY}", "codec key 1 is not ID:KEY", id="a space in the id"),
    pytest.param(f"k1:{KEY},k2:{SECRET}", "codec key k2 is not 32 bytes in base64; make one with: openssl rand", id="too short"),
    pytest.param("k1:not base64!", "codec key k1 is not 32 bytes", id="no base64"),
    pytest.param(f"k1:{KEY},k1:{KEY}", "same id", id="twice"),
)


def test_the_first_key_seals_and_all_of_them_open() -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b'{"a": 1}')
    old, both = read_keys(f"k1:{KEY}"), read_keys(f"\n k2:{KEY[::-1].lstrip('=')}= ,\nk1:{KEY}\n")
    assert old is not None
    assert both is not None

    assert (old.sealing, both.sealing) == ("k1", "k2")
    assert unmarked(opened(sealed(payload, old), both)) == payload
    assert unmarked(opened(sealed(payload, both), both)) == payload
    assert sealed(payload, old).data != sealed(payload, old).data


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_keys_that_cannot_be_used_are_told_without_the_key(text: str, said: str) -> None:
    with pytest.raises(CodecKeysError, match=said) as mistake:
        read_keys(text)
    assert SECRET not in str(mistake.value)


def test_without_keys_nothing_is_sealed() -> None:
    assert converter_of(read_settings({})) is DATA_CONVERTER


def test_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"k2:{KEY}\nk1:{KEY}\n")

    codec = codec_of(read_settings({"DOORSTEP_CODEC_KEYS_FILE": str(tmp_path / "keys")}))

    assert codec is not None
    assert list(codec.keys.by_id) == ["k2", "k1"]


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01T00:00:00", "12"])
def test_the_day_from_which_all_is_sealed_needs_an_offset(text: str) -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_CODEC_PLAIN_UNTIL is"):
        codec_of(read_settings({"DOORSTEP_CODEC_KEYS": f"k1:{KEY}", "DOORSTEP_CODEC_PLAIN_UNTIL": text}))


def test_a_wrong_key_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="DOORSTEP_CODEC_KEYS: codec key k1 is not 32 bytes"):
        converter_of(read_settings({"DOORSTEP_CODEC_KEYS": "k1:QUJD"}))
