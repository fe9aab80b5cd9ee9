"""Search attributes: what the Temporal UI can filter deliveries by. Never personal data."""

from collections.abc import Sequence
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from domain.incident import Incident
from domain.instant import Instant, moment
from rules.book import public_name
from rules.watch import Watch

STATUS = SearchAttributeKey.for_keyword("DeliveryStatus")
CONDITION = SearchAttributeKey.for_keyword("DeliveryCondition")
CARRIER = SearchAttributeKey.for_keyword("Carrier")
ZONE = SearchAttributeKey.for_keyword("Zone")
HUB = SearchAttributeKey.for_keyword("Hub")
ROUTE = SearchAttributeKey.for_keyword("RouteId")
SERVICE_LEVEL = SearchAttributeKey.for_keyword("ServiceLevel")
RULEBOOK_VERSION = SearchAttributeKey.for_keyword("RulebookVersion")
SCOPE = SearchAttributeKey.for_keyword("Scope")
OPEN_INCIDENTS = SearchAttributeKey.for_keyword_list("OpenIncidents")
INCIDENT_SEVERITY = SearchAttributeKey.for_keyword_list("IncidentSeverity")
PROMISED_BY = SearchAttributeKey.for_datetime("PromisedBy")
ETA = SearchAttributeKey.for_datetime("Eta")
ATTEMPTS = SearchAttributeKey.for_int("Attempts")

SEARCH_ATTRIBUTES = (
    STATUS, CONDITION, CARRIER, ZONE, HUB, ROUTE, SERVICE_LEVEL, RULEBOOK_VERSION, SCOPE,
    OPEN_INCIDENTS, INCIDENT_SEVERITY, PROMISED_BY, ETA, ATTEMPTS,
)  # fmt: skip
"""Within what SQL visibility has room for: 10 Keyword, 3 KeywordList, 3 Datetime, 3 Int."""

AWAITING = "awaiting decision"
"""Stands among the open incidents of a delivery while a person is to decide about one of them; no rule can have this name."""

Updates = Sequence[SearchAttributeUpdate[Any]]

Values = Sequence[tuple[SearchAttributeKey[Any], Any]]
"""Each attribute with its value; None where that is unknown, or no longer so."""


def attributes_of(watch: Watch, now: Instant) -> Values:
    """All attributes of a delivery as they stand."""
    order, facts = watch.delivery.order, watch.delivery.facts
    incidents = watch.open_incidents
    return (
        (STATUS, facts.status.value),
        (CONDITION, watch.delivery.condition(now).value),
        (CARRIER, facts.carrier),
        (ZONE, order.zone),
        (HUB, order.hub),
        (ROUTE, facts.route_id),
        (SERVICE_LEVEL, order.service_level),
        (RULEBOOK_VERSION, watch.book[:12]),
        (OPEN_INCIDENTS, _named(incidents)),
        (INCIDENT_SEVERITY, sorted({incident.severity.value for incident in incidents})),
        (PROMISED_BY, moment(facts.promised.end)),
        (ATTEMPTS, facts.attempts),
        (ETA, None if facts.eta is None else moment(facts.eta)),
    )


def _named(incidents: Sequence[Incident]) -> list[str]:
    """The rules of incidents, and whether a person is to decide about one."""
    awaiting = {AWAITING} if any(incident.awaits_decision for incident in incidents) else set()
    return sorted({public_name(incident.rule) for incident in incidents} | awaiting)


def changed_attributes(known: TypedSearchAttributes, values: Values) -> Updates:
    """Updates of those that say something new: each attribute that is sent costs as much as evaluating a rulebook.

    One that was never set says as much as an empty list or no attempts.
    """
    told = {pair.key.name: pair.value for pair in known}
    changed = [(key, value) for key, value in values if (told.get(key.name) or None) != (value or None)]
    return [key.value_unset() if value is None else key.value_set(value) for key, value in changed]
