"""Closes what the ledger still holds open of actions that a delivery has given up.

An action is given up between two of its tries, when no activity runs that could close its effect.
"""

from sqlalchemy import Connection, or_, update

from domain.copy import DeliveryCopy
from domain.incident import effect_key
from store.tables import effects
from store.words import EffectState


def close_given_up(connection: Connection, copy: DeliveryCopy) -> None:
    """Its effects end as the delivery says that the action did. A try that is still under way says later what really came of it."""
    for incident in copy.incidents:
        for path, act in incident.acts.items():
            if act.outcome.calls_for_otherwise:
                key = effect_key(copy.delivery_id, copy.generation, incident, path)
                of_action = or_(effects.c.key == key, effects.c.key.startswith(f"{key}/", autoescape=True))
                ended = {"state": EffectState.CLOSED, "closed_at": act.at, "outcome": act.outcome, "note": act.note}
                connection.execute(update(effects).where(of_action, effects.c.state != EffectState.CLOSED).values(**ended))
