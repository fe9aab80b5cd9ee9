"""Addresses by which people reach us, and the secrets that links and calls are signed with."""

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from cli.connection import codec_of
from cli.finding import Finding
from cli.serve import keys_of
from intake.keys import SHORTEST, listed
from settings import Settings

PATIENCE_S = 5
ALIKE = 5
"""So few different characters are no random text."""


async def public_url(settings: Settings) -> Finding:
    """Customers can open the links that they get."""
    url = settings.public_url
    if not url:
        return Finding("links", True, _without_address(settings))
    parts = urlsplit(url)
    mend = "set DOORSTEP_PUBLIC_URL to the address at which customers reach the gateway, such as https://track.example.test"
    if _is_here(parts.hostname or ""):
        return Finding("links", False, f"{url} is an address of this machine: only somebody at it can open links", mend)
    if parts.scheme != "https":
        return Finding("links", False, f"{url} is not encrypted: links show who gets what", mend)
    if parts.query or parts.fragment or not parts.hostname:
        return Finding("links", False, f"{url} is no address that a path can be added to", mend)
    if not settings.secret_key:
        return Finding("links", False, "DOORSTEP_SECRET_KEY is not set: no links are sent", "set it: openssl rand -hex 24")
    return Finding("links", True, f"lead to {url}")


def _without_address(settings: Settings) -> str:
    """A site of `doorstep up` has links all the same: to itself."""
    if not settings.secret_key:
        return "not set up (DOORSTEP_PUBLIC_URL): messages have no links"
    own = f"those of doorstep up lead to http://127.0.0.1:{settings.port}, for somebody at this machine"
    return f"not set up for customers (DOORSTEP_PUBLIC_URL): {own}; what is started otherwise sends none"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return host in ("", "localhost") or host.endswith(".localhost")


async def secrets(settings: Settings) -> Finding:
    """Secrets are long and random; API keys can be read; codec keys are keys."""
    keys = keys_of(settings)
    codec = codec_of(settings)
    named = {name: settings[name] for name in ("DOORSTEP_SECRET_KEY", "DOORSTEP_TICKETS_SECRET", "DOORSTEP_CODEC_TOKEN")}
    named |= {f"key {number} of DOORSTEP_API_KEYS": key for number, key in enumerate(listed(settings["DOORSTEP_API_KEYS"]), 1)}
    weak = [name for name, value in named.items() if value and is_weak(value)]
    if weak:
        said = f"easily guessed: {', '.join(weak)}"
        return Finding("secrets", False, said, f"give at least {SHORTEST} random characters: openssl rand -hex 24")
    sealed = "payloads are sealed" if codec else "payloads are not sealed (DOORSTEP_CODEC_KEYS)"
    programs = "" if keys and settings["DOORSTEP_API_KEYS"] else "; no program may use the HTTP API (DOORSTEP_API_KEYS)"
    return Finding("secrets", True, f"{sealed}{programs}")


def is_weak(secret: str) -> bool:
    return len(secret) < SHORTEST or len(set(secret)) <= ALIKE


async def temporal_ui(settings: Settings) -> Finding:
    """The links of our pages lead to the Temporal UI."""
    told = settings["DOORSTEP_TEMPORAL_UI"]
    if not told and os.environ.get("TEMPORAL_ADDRESS"):
        said = f"DOORSTEP_TEMPORAL_UI is not set: links lead to {settings.temporal_ui}, where the embedded server's would be"
        return Finding("Temporal UI", False, said, "set DOORSTEP_TEMPORAL_UI to the address of your Temporal UI")
    if told and not told.startswith(("http://", "https://")):
        said = f"DOORSTEP_TEMPORAL_UI is {told!r}"
        return Finding("Temporal UI", False, said, "give an address with http:// or https://")
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            await client.get(settings.temporal_ui)
    except httpx.InvalidURL as error:
        return Finding(
            "Temporal UI", False, f"DOORSTEP_TEMPORAL_UI is {told!r}: {error}", "give an address with http:// or https://"
        )
    except httpx.HTTPError as error:
        said = f"{settings.temporal_ui} cannot be reached from here ({type(error).__name__})"
        if told:  # it is where browsers find it: in a container, that may be nowhere
            return Finding("Temporal UI", True, f"{said}; that is well if browsers reach it, which is who the links are for")
        return Finding("Temporal UI", False, said, "is it running? doorstep up starts it; else set DOORSTEP_TEMPORAL_UI")
    return Finding("Temporal UI", True, settings.temporal_ui)
