"""`doorstep serve`: the gateway."""

import uvicorn

from settings import Settings
from store.database import Database
from web.app import Gateway, gateway_app
from workflows.clock import wall_clock


def serve(settings: Settings) -> None:
    """Serves until it is told to end."""
    gateway = Gateway(
        database=Database(settings.database_url),
        temporal_ui=settings["DOORSTEP_TEMPORAL_UI"] or f"http://127.0.0.1:{settings.ui_port}",
        clock=wall_clock,
    )
    uvicorn.run(gateway_app(gateway), host=settings["DOORSTEP_HOST"], port=settings.port, log_level="warning", access_log=False)
