"""The first tables."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_carriers()
    _create_deliveries()
    _create_drivers()
    _create_effects()
    _create_events()
    _create_incidents()
    _create_routes()
    _create_rulebooks()
    _create_stops()
    _create_tickets()
    _create_tracking_numbers()
    _create_rulebook_names()
    _create_ticket_comments()


def downgrade() -> None:
    raise NotImplementedError("this would drop everything; restore a backup, or delete the database by hand")


def _create_carriers() -> None:
    op.create_table(
        "carriers",
        Column("carrier", String(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("backup_for", JSON(), nullable=False),
        Column("cost_cents", BigInteger()),
        Column("currency", String(length=3)),
        Column("zones", JSON(), nullable=False),
        Column("active", Boolean(), nullable=False),
        PrimaryKeyConstraint("carrier", name="pk_carriers"),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        Column("delivery_id", String(), nullable=False),
        Column("generation", Integer(), autoincrement=False, nullable=False),
        Column("run_id", String()),
        Column("status", String(), nullable=False),
        Column("condition", String(), nullable=False),
        Column("carrier", String(), nullable=False),
        Column("driver_id", Text()),
        Column("route_id", String()),
        Column("zone", String()),
        Column("hub", String()),
        Column("service_level", String()),
        Column("shipper", Text()),
        Column("promised_start", BigInteger()),
        Column("promised_end", BigInteger(), nullable=False),
        Column("first_promised_end", BigInteger(), nullable=False),
        Column("eta", BigInteger()),
        Column("attempts", Integer(), nullable=False),
        Column("rulebook", String(), nullable=False),
        Column("rulebook_version", String(), nullable=False),
        Column("open_incidents", JSON(), nullable=False),
        Column("order", JSON(), nullable=False),
        Column("started_at", BigInteger(), nullable=False),
        Column("finished_at", BigInteger()),
        Column("outcome", JSON()),
        Column("revision", Integer(), nullable=False),
        PrimaryKeyConstraint("delivery_id", "generation", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_finished_at", "deliveries", ["finished_at"])
    op.create_index("ix_deliveries_route_id", "deliveries", ["route_id"])


def _create_drivers() -> None:
    op.create_table(
        "drivers",
        Column("driver_id", String(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("carrier", String(), nullable=False),
        Column("phone", String()),
        Column("email", String()),
        Column("skills", JSON(), nullable=False),
        Column("active", Boolean(), nullable=False),
        PrimaryKeyConstraint("driver_id", name="pk_drivers"),
    )


def _create_effects() -> None:
    op.create_table(
        "effects",
        Column("key", String(), nullable=False),
        Column("action", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("incident_id", String(), nullable=False),
        Column("state", String(), nullable=False),
        Column("attempt", Integer(), nullable=False),
        Column("claimed_at", BigInteger(), nullable=False),
        Column("deadline", BigInteger(), nullable=False),
        Column("closed_at", BigInteger()),
        Column("outcome", String()),
        Column("note", Text()),
        Column("provider_ref", Text()),
        Column("detail", JSON()),
        Column("last_error", Text()),
        PrimaryKeyConstraint("key", name="pk_effects"),
    )
    op.create_index("ix_effects_delivery_id", "effects", ["delivery_id"])
    op.create_index("ix_effects_incident_id", "effects", ["incident_id"])


def _create_events() -> None:
    op.create_table(
        "events",
        Column("delivery_id", String(), nullable=False),
        Column("event_id", Text(), nullable=False),
        Column("event", JSON(), nullable=False),
        Column("recorded_at", BigInteger(), nullable=False),
        Column("after_close", Boolean(), nullable=False),
        PrimaryKeyConstraint("delivery_id", "event_id", name="pk_events"),
    )


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        Column("incident_id", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("generation", Integer(), nullable=False),
        Column("rule", String(), nullable=False),
        Column("episode", Integer(), nullable=False),
        Column("severity", String(), nullable=False),
        Column("mode", String(), nullable=False),
        Column("says", Text(), nullable=False),
        Column("opened_at", BigInteger(), nullable=False),
        Column("resolved_at", BigInteger()),
        Column("resolution", String()),
        Column("note", Text()),
        Column("acknowledged_by", Text()),
        Column("owner", Text()),
        Column("book", String(), nullable=False),
        PrimaryKeyConstraint("incident_id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_delivery_id", "incidents", ["delivery_id", "generation"])
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"])


def _create_routes() -> None:
    op.create_table(
        "routes",
        Column("route_id", String(), nullable=False),
        Column("service_date", String(length=10), nullable=False),
        Column("driver_id", String()),
        Column("carrier", String(), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("start_lat", Float(), nullable=False),
        Column("start_lon", Float(), nullable=False),
        Column("starts_at", BigInteger(), nullable=False),
        Column("shift_end", BigInteger(), nullable=False),
        Column("capacity", Integer(), nullable=False),
        Column("locked", Integer(), nullable=False),
        PrimaryKeyConstraint("route_id", "service_date", name="pk_routes"),
    )
    op.create_index("ix_routes_service_date", "routes", ["service_date"])


def _create_rulebooks() -> None:
    op.create_table(
        "rulebooks",
        Column("sha256", String(length=64), nullable=False),
        Column("name", String(), nullable=False),
        Column("canonical", Text(), nullable=False),
        Column("published_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("sha256", name="pk_rulebooks"),
    )


def _create_stops() -> None:
    op.create_table(
        "stops",
        Column("route_id", String(), nullable=False),
        Column("service_date", String(length=10), nullable=False),
        Column("version", Integer(), autoincrement=False, nullable=False),
        Column("position", Integer(), autoincrement=False, nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("lat", Float(), nullable=False),
        Column("lon", Float(), nullable=False),
        Column("window_start", BigInteger()),
        Column("window_end", BigInteger()),
        Column("service_ms", BigInteger(), nullable=False),
        Column("eta", BigInteger()),
        Column("state", String(), nullable=False),
        Column("load", Integer(), nullable=False),
        PrimaryKeyConstraint("route_id", "service_date", "version", "position", name="pk_stops"),
        UniqueConstraint("route_id", "service_date", "version", "delivery_id", name="uq_stops_delivery_id"),
    )
    op.create_index("ix_stops_delivery_id", "stops", ["delivery_id"])


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        Column("ticket_id", Integer(), nullable=False),
        Column("external_id", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("queue", String(), nullable=False),
        Column("priority", String(), nullable=False),
        Column("status", String(), nullable=False),
        Column("title", Text(), nullable=False),
        Column("body", Text(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        Column("solved_at", BigInteger()),
        PrimaryKeyConstraint("ticket_id", name="pk_tickets"),
        UniqueConstraint("external_id", name="uq_tickets_external_id"),
    )
    op.create_index("ix_tickets_delivery_id", "tickets", ["delivery_id"])
    op.create_index("ix_tickets_queue", "tickets", ["queue", "status"])


def _create_tracking_numbers() -> None:
    op.create_table(
        "tracking_numbers",
        Column("source", String(), nullable=False),
        Column("number", Text(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        PrimaryKeyConstraint("source", "number", "delivery_id", name="pk_tracking_numbers"),
    )
    op.create_index("ix_tracking_numbers_delivery_id", "tracking_numbers", ["delivery_id"])


def _create_rulebook_names() -> None:
    op.create_table(
        "rulebook_names",
        Column("name", String(), nullable=False),
        Column("sha256", String(length=64), nullable=False),
        ForeignKeyConstraint(["sha256"], ["rulebooks.sha256"], name="fk_rulebook_names_sha256"),
        PrimaryKeyConstraint("name", name="pk_rulebook_names"),
    )


def _create_ticket_comments() -> None:
    op.create_table(
        "ticket_comments",
        Column("comment_id", Integer(), nullable=False),
        Column("ticket_id", Integer(), nullable=False),
        Column("effect_key", String()),
        Column("author", Text(), nullable=False),
        Column("body", Text(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["ticket_id"], ["tickets.ticket_id"], name="fk_ticket_comments_ticket_id"),
        PrimaryKeyConstraint("comment_id", name="pk_ticket_comments"),
        UniqueConstraint("effect_key", name="uq_ticket_comments_effect_key"),
    )
    op.create_index("ix_ticket_comments_ticket_id", "ticket_comments", ["ticket_id"])
