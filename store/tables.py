"""All tables. Instants and spans are whole milliseconds, money is in minor units (cents), positions are degrees (WGS 84).

Write with `Database.writing()`, read with `Database.reading()`; a change here needs a migration in store/migrations.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from domain.actions import Outcome
from domain.incident import Mode, Resolution, Severity
from domain.status import Condition, Status
from store.columns import Prose, Words, json_or_null
from store.words import EffectState, ReservationState, StopState, TicketStatus

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", String, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String, doc="the first run of the workflow that lives this generation"),
    Column("status", Words(Status), nullable=False),
    Column("condition", Words(Condition), nullable=False),
    Column("carrier", String, nullable=False),
    Column("driver_id", Prose),
    Column("route_id", String),
    Column("zone", String),
    Column("hub", String),
    Column("service_level", String),
    Column("shipper", Prose),
    Column("promised_start", BigInteger),
    Column("promised_end", BigInteger, nullable=False),
    Column("first_promised_end", BigInteger, nullable=False),
    Column("eta", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("rulebook", String, nullable=False),
    Column("rulebook_version", String, nullable=False),
    Column("open_incidents", json_or_null(), nullable=False, doc="ids of the rules that are open"),
    Column("order", json_or_null(), nullable=False, doc="as it came in, see CONTRACT: DeliveryOrder"),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", json_or_null(), doc="how the promise was kept, from the workflow's result"),
    Column("revision", Integer, nullable=False, doc="counts the workflow's writes; a lower one never replaces a higher one"),
    Column("events_seen", Integer, nullable=False, server_default="0", doc="orders what is shown between two such writes"),
    Index("ix_deliveries_finished_at", "finished_at"),
    Index("ix_deliveries_route_id", "route_id"),
)

tracking_numbers = Table(
    "tracking_numbers",
    METADATA,
    Column("source", String, primary_key=True, doc="the carrier that gave the number"),
    Column("number", Prose, primary_key=True),
    Column("delivery_id", String, primary_key=True),
    Index("ix_tracking_numbers_delivery_id", "delivery_id"),
)

events = Table(
    "events",
    METADATA,
    Column("delivery_id", String, primary_key=True),
    Column("event_id", Prose, primary_key=True),
    Column("event", json_or_null(), nullable=False, doc="see CONTRACT: DeliveryEvent"),
    Column("recorded_at", BigInteger, nullable=False),
    Column("after_close", Boolean, nullable=False, default=False, doc="it came when the delivery had ended"),
)

incidents = Table(
    "incidents",
    METADATA,
    Column("incident_id", String, primary_key=True),
    Column("delivery_id", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rule", String, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("severity", Words(Severity), nullable=False),
    Column("mode", Words(Mode), nullable=False),
    Column("says", Prose, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("resolution", Words(Resolution)),
    Column("note", Prose),
    Column("acknowledged_by", Prose),
    Column("owner", Prose),
    Column("book", String, nullable=False, doc="the version of the rulebook that opened it"),
    Index("ix_incidents_delivery_id", "delivery_id", "generation"),
    Index("ix_incidents_opened_at", "opened_at"),
)

effects = Table(
    "effects",
    METADATA,
    Column("key", String, primary_key=True, doc="delivery/generation/rule/episode/path/repeat/channel"),
    Column("action", String, nullable=False),
    Column("delivery_id", String, nullable=False),
    Column("incident_id", String, nullable=False),
    Column("state", Words(EffectState), nullable=False),
    Column("attempt", Integer, nullable=False, doc="counts claims; only the latest may close"),
    Column("claimed_at", BigInteger, nullable=False, doc="since when something may have been done"),
    Column("deadline", BigInteger, nullable=False, doc="after it, an open claim is in doubt"),
    Column("closed_at", BigInteger),
    Column("outcome", Words(Outcome)),
    Column("note", Prose),
    Column("provider_ref", Prose, doc="Message-ID, Twilio SID, ticket id"),
    Column("detail", json_or_null()),
    Column("last_error", Prose),
    Index("ix_effects_delivery_id", "delivery_id"),
    Index("ix_effects_incident_id", "incident_id"),
    Index("ix_effects_provider_ref", "provider_ref"),
)

tickets = Table(
    "tickets",
    METADATA,
    Column("ticket_id", Integer, primary_key=True),
    Column("external_id", String, nullable=False, unique=True, doc="the incident"),
    Column("delivery_id", String, nullable=False),
    Column("queue", String, nullable=False),
    Column("priority", String, nullable=False),
    Column("status", Words(TicketStatus), nullable=False),
    Column("title", Prose, nullable=False),
    Column("body", Prose, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("solved_at", BigInteger),
    Index("ix_tickets_delivery_id", "delivery_id"),
    Index("ix_tickets_queue", "queue", "status"),
)

ticket_comments = Table(
    "ticket_comments",
    METADATA,
    Column("comment_id", Integer, primary_key=True),
    Column("ticket_id", Integer, ForeignKey("tickets.ticket_id"), nullable=False),
    Column("effect_key", String, unique=True, doc="the effect that wrote it, so that it is written once"),
    Column("author", Prose, nullable=False),
    Column("body", Prose, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_ticket_comments_ticket_id", "ticket_id"),
)

routes = Table(
    "routes",
    METADATA,
    Column("route_id", String, primary_key=True),
    Column("service_date", String(10), primary_key=True, doc="2026-11-23"),
    Column("driver_id", String),
    Column("carrier", String, nullable=False),
    Column("version", Integer, nullable=False, doc="the version of the plan that is in force"),
    Column("start_lat", Float, nullable=False),
    Column("start_lon", Float, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("shift_end", BigInteger, nullable=False),
    Column("capacity", Integer, nullable=False, doc="in units of load; one per stop unless a stop says otherwise"),
    Column("locked", Integer, nullable=False, default=0, doc="how many of the first stops may not be moved"),
    Column("broken_at", BigInteger, doc="when its van broke down"),
    Column("breaks", json_or_null(), doc="of the driver: [earliest, latest, span]; null: none"),
    Index("ix_routes_service_date", "service_date"),
)

stops = Table(
    "stops",
    METADATA,
    Column("route_id", String, primary_key=True),
    Column("service_date", String(10), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False, doc="0 is the first"),
    Column("delivery_id", String, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("window_start", BigInteger),
    Column("window_end", BigInteger),
    Column("service_ms", BigInteger, nullable=False),
    Column("eta", BigInteger),
    Column("state", Words(StopState), nullable=False, default=StopState.PLANNED),
    Column("load", Integer, nullable=False, default=1),
    Column(
        "priority", Integer, nullable=False, default=0, server_default="0", doc="0 to 100: the higher keep their windows first"
    ),
    UniqueConstraint("route_id", "service_date", "version", "delivery_id", name="uq_stops_delivery_id"),
    Index("ix_stops_delivery_id", "delivery_id"),
)

drivers = Table(
    "drivers",
    METADATA,
    Column("driver_id", String, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("carrier", String, nullable=False),
    Column("phone", String),
    Column("email", String),
    Column("skills", json_or_null(), nullable=False, default=list),
    Column("active", Boolean, nullable=False, default=True),
)

carriers = Table(
    "carriers",
    METADATA,
    Column("carrier", String, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("backup_for", json_or_null(), nullable=False, default=list, doc="the carriers that it stands in for"),
    Column("cost_cents", BigInteger, doc="per drop"),
    Column("currency", String(3)),
    Column("zones", json_or_null(), nullable=False, default=list, doc="the zones that it covers; globs; empty means all"),
    Column("active", Boolean, nullable=False, default=True),
)

rulebooks = Table(
    "rulebooks",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("canonical", Text, nullable=False, doc="the canonical JSON, to the byte: its hash is the name of the version"),
    Column("published_at", BigInteger, nullable=False, doc="when it was last published or promoted"),
    Column("current_since", BigInteger, doc="when it last became the current one; NULL: it never was, only a canary"),
)

rulebook_names = Table(
    "rulebook_names",
    METADATA,
    Column("name", String, primary_key=True),
    Column("sha256", String(64), ForeignKey("rulebooks.sha256"), nullable=False, doc="the version that new deliveries get"),
    Column("canary", String(64), ForeignKey("rulebooks.sha256"), doc="the version that a share of new deliveries gets instead"),
    Column("canary_share", Integer, doc="of it, in percent"),
    Column("canary_since", BigInteger),
)

feeds = Table(
    "feeds",
    METADATA,
    Column("source", String, primary_key=True, doc="a carrier, a driver app, a tracker"),
    Column("last_seen", BigInteger, doc="when anything came in from it last"),
    Column("cadence_ms", BigInteger, doc="how often it reports when all is well; without one it is never called silent"),
    Column("silent_since", BigInteger, doc="since when its workflow takes it for silent; whoever hears of it then says so"),
)

parked = Table(
    "parked",
    METADATA,
    Column("source", String, primary_key=True, doc="the silent feed"),
    Column("delivery_id", String, primary_key=True, doc="what waits for it to come back"),
    Column("since", BigInteger, nullable=False),
)

disruptions = Table(
    "disruptions",
    METADATA,
    Column("disruption_id", Integer, primary_key=True),
    Column("scope", String, nullable=False, doc="hub, carrier, route, zone; or what a group shares"),
    Column("key", String, nullable=False),
    Column("kind", Prose, doc="snow, strike, down, ..."),
    Column("opened_at", BigInteger, nullable=False),
    Column("closes_at", BigInteger, doc="when it is expected to end by itself"),
    Column("closed_at", BigInteger),
    Column("declared_by", Prose, nullable=False),
    Column("note", Prose),
    Column("rule", String, doc="the rulebook/rule whose group has come together"),
    Column("acted_on", Boolean, doc="operations hear of it from that rule, or are not to hear of it"),
    Column("taken_up_at", BigInteger, doc="since when its workflow has it in hand"),
    Column("wound_up_at", BigInteger, doc="when its workflow had ended it"),
    Index("ix_disruptions_scope", "scope", "key"),
)

groups = Table(
    "groups",
    METADATA,
    Column("rule", String, primary_key=True, doc="rulebook/rule"),
    Column("place", String, primary_key=True, doc="what the members share: route:R7"),
    Column("at_least", Integer, nullable=False, doc="how many it takes"),
    Column("disruption_id", Integer, doc="the one that is open now"),
    Column("leader", String, doc="the delivery that acts for the group"),
)
"""One row for each group that there ever was; whoever joins or leaves locks it first."""

members = Table(
    "members",
    METADATA,
    Column("rule", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("delivery_id", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("left_at", BigInteger),
)

opt_outs = Table(
    "opt_outs",
    METADATA,
    Column("channel", String, primary_key=True, doc="email, sms, whatsapp"),
    Column("address_sha256", String(64), primary_key=True, doc="of channel and address, see store.opt_outs"),
    Column("since", BigInteger, nullable=False),
    Column("because", Prose, nullable=False),
    Column("until", BigInteger, doc="when messages were wanted again; null: they are not"),
    Column("until_because", Prose),
)

reservations = Table(
    "reservations",
    METADATA,
    Column("key", String, primary_key=True, doc="the effect key of the offer that the room is kept for"),
    Column("delivery_id", String, nullable=False),
    Column("carrier", String, nullable=False),
    Column("route_id", String, doc="null: no driver's, the carrier's"),
    Column("service_date", String(10)),
    Column("load", Integer, nullable=False),
    Column("state", Words(ReservationState), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("held_until", BigInteger, nullable=False, doc="a held row counts until then"),
    Column("ended_at", BigInteger),
    Index("ix_reservations_route_id", "route_id", "service_date"),
    Index("ix_reservations_delivery_id", "delivery_id"),
)

conversations = Table(
    "conversations",
    METADATA,
    Column("number", Prose, primary_key=True, doc="the customer's, in E.164 form"),
    Column("delivery_id", String, primary_key=True),
    Column("code", String, nullable=False, doc="by which a reply names the delivery: A2"),
    Column("is_shown", Boolean, nullable=False, doc="the customer was told the code, since there are other deliveries"),
    Column("language", String, nullable=False),
    Column("timezone", String, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("question", String, doc="the key of the effect by which the customer was asked last; null: was told, not asked"),
    Column("answers", json_or_null(), doc="the replies that count; empty: any"),
    Column("until", BigInteger, doc="when the question ends"),
    Index("ix_conversations_delivery_id", "delivery_id"),
)

inbox = Table(
    "inbox",
    METADATA,
    Column("entry", Integer, primary_key=True, doc="in the order in which it came"),
    Column("source", String, nullable=False, doc="who told us: twilio"),
    Column("message_id", Prose, nullable=False, doc="the source's id of what it told"),
    Column("delivery_id", String, nullable=False),
    Column("update", String, doc="the update that it is for the delivery; null: it is reported only"),
    Column("request", json_or_null(), doc="what the update is told"),
    Column(
        "event", json_or_null(), nullable=False, doc="the DeliveryEvent that it is if it is no update, or the update is refused"
    ),
    Column("received_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger, doc="a gateway is handing it on"),
    Column("handed_at", BigInteger),
    Column("note", Prose, doc="why it could not be done as it was meant"),
    Column("traceparent", String, doc="the trace by which it came (W3C), if traces are on"),
    UniqueConstraint("source", "message_id", "delivery_id"),
    Index("ix_inbox_handed_at", "handed_at", "delivery_id"),
)

revocations = Table(
    "revocations",
    METADATA,
    Column("delivery_id", String, primary_key=True),
    Column("revoked_at", BigInteger, nullable=False, doc="links that were made until then are void"),
)

receipts = Table(
    "receipts",
    METADATA,
    Column("key", String, primary_key=True, doc="the effect that sent it, with its channel"),
    Column("reference", Prose, nullable=False, doc="Twilio SID, Message-ID"),
    Column("status", String, nullable=False, doc="sent, delivered, undelivered, ..."),
    Column("code", Integer, doc="the provider's, for what went wrong"),
    Column("reported_at", BigInteger, nullable=False),
)
"""What became of messages after their provider took them."""
