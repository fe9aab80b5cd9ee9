"""What can go wrong in the store that somebody catches.

StoreError
    BadDatabaseUrlError      the URL names no database that we can use
    DatabaseUnreachableError the database does not answer; worth trying again
    SchemaTooNewError        the database was migrated by a newer program
    ClaimLostError           a later claim has taken the effect over
    ReservationLostError     room that was kept for a delivery was given back
    UnknownRulebookError     no rulebook of that name or version was published
    CanaryStandsError        a rulebook has a canary, which has to end or be promoted first
    NoCanaryError            a rulebook has no canary
    UnknownDriversError      routes have drivers whom nobody ever named
"""


class StoreError(Exception):
    """Any of the below."""


class BadDatabaseUrlError(StoreError):
    """The URL names no database that we can use."""


class DatabaseUnreachableError(StoreError):
    """The database does not answer; worth trying again."""


class SchemaTooNewError(StoreError):
    """The database was migrated by a newer program."""


class ClaimLostError(StoreError):
    """A later claim has taken the effect over, so this one may not write about it any more."""


class ReservationLostError(StoreError):
    """Room that was kept for a delivery was given back, so the delivery can no longer go there."""


class UnknownRulebookError(StoreError, LookupError):
    """No rulebook of that name or version was published."""


class CanaryStandsError(StoreError):
    """A rulebook has a canary: no third version becomes current before it is promoted or ended."""


class NoCanaryError(StoreError, LookupError):
    """A rulebook has no canary."""


class UnknownDriversError(StoreError, LookupError):
    """Routes have drivers whom nobody ever named."""
