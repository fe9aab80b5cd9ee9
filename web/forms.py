"""Forms of pages that people reach by a link, and the headers of such pages."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

LONGEST = 16 * 1024
"""Bytes of a form."""

PRIVATE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
"""The address is what lets people in: it is neither kept nor passed on."""


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form; none of one that is too long or no form."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            return {}
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=20))
    except ValueError:
        return {}
