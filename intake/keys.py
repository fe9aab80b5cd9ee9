"""Who may speak at a door for machines: a bearer key (RFC 6750), one of those that DOORSTEP_API_KEYS lists."""

import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from intake.problems import RefusedRequestError

SHORTEST = 16
"""Characters of a key; a shorter one could be guessed."""

CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Keys:
    """The keys of an installation; without any the doors are shut."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError for a key that is too short, without quoting it."""
        if any(len(key) < SHORTEST for key in keys):
            raise ValueError(
                f"a key of DOORSTEP_API_KEYS has fewer than {SHORTEST} characters; make one with: openssl rand -hex 24"
            )
        self._keys = tuple(key.encode() for key in keys)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises RefusedRequestError unless the request bears one of the keys."""
        if not self._keys:
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED, "no key is set for this door: set DOORSTEP_API_KEYS", headers=CHALLENGE
            )
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # All are compared, so that the time taken tells nothing.
        found = [hmac.compare_digest(key, given.strip().encode()) for key in self._keys]
        if scheme.lower() != "bearer" or not any(found):
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED,
                "send Authorization: Bearer KEY with a key that is known: one of DOORSTEP_API_KEYS",
                headers=CHALLENGE,
            )


def listed(text: str) -> tuple[str, ...]:
    """The keys of `key-1,key-2`: two are good while one takes the place of the other."""
    return tuple(key for part in text.split(",") if (key := part.strip()))
