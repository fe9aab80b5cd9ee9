"""Bodies and parts of paths that no HTTP door can use."""

from collections.abc import Sequence

BODIES: Sequence[tuple[str, bytes]] = (
    ("application/json", b""),
    ("application/json", b"{oops"),
    ("application/json", b"[1, 2]"),
    ("application/json", b"null"),
    ("application/json", b"\xff\xfe\x00"),
    ("application/json", b'{"by": 7, "text": {"a": []}}'),
    ("application/json", b"[" * 5_000 + b"]" * 5_000),
    ("application/json", b'{"x": "' + b"a" * 300_000 + b'"}'),
    ("application/json", b'{"text": "\\ud800", "by": "operator"}'),
    ("text/plain", b"{}"),
    ("application/x-www-form-urlencoded", b"MessageSid=SM1&From=%00&Body=" + b"a" * 70_000),
    ("application/x-www-form-urlencoded", b"a=1&" * 300),
    ("multipart/form-data", b"--x"),
)

PARTS_OF_PATHS = ("nobody", "a" * 2_000, "..%2f..%2fetc", "%00", "%ff%fe", "😀", "1' OR '1'='1", "{{7*7}}")

IN_ANY_CASE = (b"", b"{}")
"""Nothing, and an object without anything: what Temporal's HTTP API takes for a call without arguments."""
