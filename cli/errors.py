"""What the command line says of errors that its user can do something about; anything else is a mistake of ours."""

from temporalio.service import RPCError

from cli.publishing import RulebookProblemsError
from cli.rehearsal import RehearsalFailedError
from cli.supervisor import StartError
from integrations.carriers.errors import CarrierPayloadError
from settings import SettingsError
from store.errors import StoreError
from worker import SetupError
from workflows.client import RefusedError, UnreachableError
from workflows.replay import RecordingError


class InputError(ValueError):
    """A file that a command was given cannot be used: which, where, what is allowed."""


EXPLAINED = (
    InputError,
    SettingsError,
    StartError,
    SetupError,
    UnreachableError,
    StoreError,
    RulebookProblemsError,
    RehearsalFailedError,
    CarrierPayloadError,
    RecordingError,
    LookupError,
    FileNotFoundError,
    IsADirectoryError,
    PermissionError,
)


def explained(error: Exception) -> str | None:
    """The error in words; None for one that nobody expected."""
    if isinstance(error, RefusedError):
        return f"refused ({error.type}): {error}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, RPCError):
        return f"Temporal did not do what was asked: {error.message} ({error.status.name})"
    return str(error) if isinstance(error, EXPLAINED) else None
