"""Search attributes: what the Temporal UI can filter deliveries by. Never personal data."""

from collections.abc import Sequence
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from domain.instant import Instant, moment
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

Updates = Sequence[SearchAttributeUpdate[Any]]


def attributes_of(watch: Watch, now: Instant) -> Updates:
    """All attributes of a delivery as they stand; what is unknown, or no longer so, is unset."""
    order, facts = watch.delivery.order, watch.delivery.facts
    incidents = watch.open_incidents
    named = (
        (STATUS, facts.status.value),
        (CONDITION, watch.delivery.condition(now).value),
        (CARRIER, facts.carrier),
        (ZONE, order.zone),
        (HUB, order.hub),
        (ROUTE, facts.route_id),
        (SERVICE_LEVEL, order.service_level),
        (RULEBOOK_VERSION, watch.book[:12]),
    )
    updates: list[SearchAttributeUpdate[Any]] = [
        key.value_unset() if value is None else key.value_set(value) for key, value in named
    ]
    updates.append(OPEN_INCIDENTS.value_set(sorted({incident.rule for incident in incidents})))
    updates.append(INCIDENT_SEVERITY.value_set(sorted({incident.severity.value for incident in incidents})))
    updates.append(PROMISED_BY.value_set(moment(facts.promised.end)))
    updates.append(ATTEMPTS.value_set(facts.attempts))
    updates.append(ETA.value_unset() if facts.eta is None else ETA.value_set(moment(facts.eta)))
    return updates


def changed_attributes(known: TypedSearchAttributes, updates: Updates) -> Updates:
    """Those that say something new: each attribute that is sent costs as much as evaluating a rulebook.

    One that was never set says as much as an empty list or no attempts.
    """
    return [update for update in updates if (known.get(update.key) or None) != (update.value or None)]
