"""What boards are shown of deliveries between two copies."""

from collections.abc import Sequence

from sqlalchemy import bindparam, update

from domain.glimpse import Glimpse
from store.database import Database
from store.tables import deliveries

_THIS = (deliveries.c.delivery_id == bindparam("seen_delivery_id")) & (deliveries.c.generation == bindparam("seen_generation"))
_IS_NEWER = (deliveries.c.revision <= bindparam("seen_revision")) & (deliveries.c.events_seen < bindparam("seen_events_seen"))

_SHOW = (
    update(deliveries)
    .where(_THIS, _IS_NEWER, deliveries.c.finished_at.is_(None))
    .values({name: bindparam(f"seen_{name}") for name in ("status", "eta", "attempts", "events_seen")})
)


class Boards:
    """The rows of deliveries, as far as glimpses may touch them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def show(self, glimpses: Sequence[Glimpse]) -> None:
        """All in one transaction. Nothing of a delivery that is not there, has ended, or of which something newer is known."""
        rows = [_row(glimpse) for glimpse in glimpses]
        if rows:
            await self._database.together(lambda connection: connection.execute(_SHOW, rows))


def _row(glimpse: Glimpse) -> dict[str, object]:
    return {
        "seen_delivery_id": glimpse.delivery_id,
        "seen_generation": glimpse.generation,
        "seen_revision": glimpse.revision,
        "seen_events_seen": glimpse.events_seen,
        "seen_status": glimpse.status,
        "seen_eta": glimpse.eta,
        "seen_attempts": glimpse.attempts,
    }
