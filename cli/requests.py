"""Wires what asks other systems for something: carriers, order systems, whoever has an endpoint in directory.yaml."""

from activities.ask_carrier import AskingCarriers
from activities.call_webhook import Calling
from integrations.messaging.templates import Templates
from integrations.webhooks.carrier import CarrierEndpoints
from integrations.webhooks.sender import Webhooks
from rules.directory import Directory
from store.database import Database
from store.ledger import Ledger
from workflows.clock import wall_clock


def carriers_of(directory: Directory, webhooks: Webhooks) -> CarrierEndpoints:
    """The carriers that directory.yaml says how to ask."""
    return CarrierEndpoints(webhooks, {name: row.requests for name, row in directory.carriers.items() if row.requests})


def of_requests(database: Database, carriers: CarrierEndpoints, templates: Templates, webhooks: Webhooks) -> list[object]:
    """The activities that ask them."""
    ledger = Ledger(database)
    asking = AskingCarriers(carriers, templates, ledger, wall_clock)
    calling = Calling(webhooks, templates, ledger, wall_clock)
    return [
        asking.request_new_attempt,
        asking.hold_at_hub,
        asking.change_to_pickup_point,
        asking.return_to_sender,
        calling.call_webhook,
        calling.emit,
    ]
