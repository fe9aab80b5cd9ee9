"""Room that is kept for deliveries that were offered to somebody."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reservations",
        Column("key", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("carrier", String(), nullable=False),
        Column("route_id", String()),
        Column("service_date", String(10)),
        Column("load", Integer(), nullable=False),
        Column("state", String(), nullable=False),
        Column("made_at", BigInteger(), nullable=False),
        Column("held_until", BigInteger(), nullable=False),
        Column("ended_at", BigInteger()),
        PrimaryKeyConstraint("key", name="pk_reservations"),
    )
    op.create_index("ix_reservations_route_id", "reservations", ["route_id", "service_date"])
    op.create_index("ix_reservations_delivery_id", "reservations", ["delivery_id"])


def downgrade() -> None:
    op.drop_table("reservations")
