"""The gateway's doors for what became of messages."""

from intake.bounces import BounceDoor
from intake.keys import Keys
from intake.receipts import StatusDoor
from intake.taking import Taking
from intake.twilio import Signed
from settings import Settings
from store.database import Database
from store.opt_outs import OptOuts
from store.receipts import Receipts
from workflows.clock import wall_clock


def status_door_of(settings: Settings, database: Database, taking: Taking) -> StatusDoor:
    """Raises SettingsError."""
    return StatusDoor(
        Signed(settings["TWILIO_AUTH_TOKEN"], settings.public_url),
        Receipts(database),
        taking,
        OptOuts(database),
        wall_clock,
    )


def bounce_door_of(settings: Settings, database: Database, taking: Taking, keys: Keys) -> BounceDoor:
    return BounceDoor(keys, settings["DOORSTEP_MAIL_FROM"], Receipts(database), taking, OptOuts(database), wall_clock)
