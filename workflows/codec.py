"""Seals what goes to Temporal with AES-256-GCM, so that its database, its UI and its backups hold nothing that can be read
without a key.

A sealed payload looks as in Temporal's own encryption samples for every language, so that an order system can use those:
encoding `binary/encrypted`, the key's id under `encryption-key-id`, and 12 bytes of nonce before the sealed payload and its tag.

What cannot be opened becomes a payload that says why (`UNREADABLE`): an error here would fail a workflow's task for ever.
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from domain.instant import Instant

SEALED = b"binary/encrypted"
UNREADABLE = b"doorstep/unreadable"
KEY_ID = "encryption-key-id"
REASON = "doorstep-reason"

MARK = "doorstep-sealed"
"""Which sealed payload this was, in 8 hexadecimal digits: see workflows.unreadable."""

PLAIN_UNTIL = "doorstep-plain-until"
"""On a payload that came unsealed: until when, in milliseconds, such payloads are taken."""

NONCE, TAG, KEY = 12, 16, 32
"""Bytes."""


class CodecKeysError(ValueError):
    """The keys cannot be used; says why, without a key."""


@dataclass(frozen=True, slots=True)
class CodecKeys:
    """Keys by their id; the first seals, all of them open."""

    by_id: Mapping[str, AESGCM]

    @property
    def sealing(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.by_id))


def read_keys(text: str) -> CodecKeys | None:
    """The keys of `id:base64,id:base64`, one a line or with commas between; None if there are none. Raises CodecKeysError."""
    rows = [row.strip() for row in re.split(r"[,\n]", text) if row.strip()]
    found = [_key(number, row) for number, row in enumerate(rows, 1)]
    if len({id for id, _ in found}) < len(found):
        raise CodecKeysError("two codec keys have the same id; a new key needs a new id")
    return CodecKeys({id: AESGCM(key) for id, key in found}) if found else None


def _key(number: int, row: str) -> tuple[str, bytes]:
    id, colon, text = row.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", id):
        raise CodecKeysError(f"codec key {number} is not ID:KEY with an id of letters, digits, dots, _ or - (at most 40)")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY:
        raise CodecKeysError(f"codec key {id} is not {KEY} bytes in base64; make one with: openssl rand -base64 {KEY}")
    return id, key


@dataclass(frozen=True, slots=True)
class Codec(PayloadCodec):
    """The codec of every worker and client that has keys. `plain_until`: until when what comes unsealed is taken; None: always."""

    keys: CodecKeys
    plain_until: Instant | None = None

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [sealed(payload, self.keys) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._opened(payload) for payload in payloads]

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") == SEALED:
            return opened(payload, self.keys)
        if self.plain_until is None:
            return payload
        return Payload(metadata={**payload.metadata, PLAIN_UNTIL: str(self.plain_until).encode()}, data=payload.data)


def sealed(payload: Payload, keys: CodecKeys) -> Payload:
    """A payload that only who has the key can read."""
    nonce = os.urandom(NONCE)
    data = nonce + keys.by_id[keys.sealing].encrypt(nonce, payload.SerializeToString(), None)
    return Payload(metadata={"encoding": SEALED, KEY_ID: keys.sealing.encode()}, data=data)


def opened(payload: Payload, keys: CodecKeys) -> Payload:
    """What was sealed, with its MARK; one of UNREADABLE if it cannot be opened."""
    found = _opened(payload, keys)
    if isinstance(found, str):
        found = Payload(metadata={"encoding": UNREADABLE, REASON: found.encode()})
    found.metadata[MARK] = hashlib.sha256(payload.data).hexdigest()[:8].encode()
    return found


def _opened(payload: Payload, keys: CodecKeys) -> Payload | str:
    """What was sealed, or why it cannot be opened."""
    id = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
    if id not in keys.by_id:
        return f"it is sealed with the key {id[:40]!r}, which is not known here; known are {', '.join(keys.by_id)}"
    if len(payload.data) < NONCE + TAG:
        return "it is too short to be a sealed payload"
    try:
        return Payload.FromString(keys.by_id[id].decrypt(payload.data[:NONCE], payload.data[NONCE:], None))
    except InvalidTag:
        return f"it was changed on its way, or it is sealed with another key than ours that is called {id}"
    except DecodeError:
        return "there is no payload in what was sealed"


def unmarked(payload: Payload) -> Payload:
    """The payload without what is only for our own workflows."""
    kept = {name: value for name, value in payload.metadata.items() if name not in (MARK, PLAIN_UNTIL)}
    return Payload(metadata=kept, data=payload.data)
