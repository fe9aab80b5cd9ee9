"""What is outside the deliveries: feeds, who waits for them, disruptions."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        Column("source", String(), nullable=False),
        Column("last_seen", BigInteger()),
        Column("cadence_ms", BigInteger()),
        PrimaryKeyConstraint("source", name="pk_feeds"),
    )
    op.create_table(
        "parked",
        Column("source", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("since", BigInteger(), nullable=False),
        PrimaryKeyConstraint("source", "delivery_id", name="pk_parked"),
    )
    _create_disruptions()


def _create_disruptions() -> None:
    op.create_table(
        "disruptions",
        Column("disruption_id", Integer(), nullable=False),
        Column("scope", String(), nullable=False),
        Column("key", String(), nullable=False),
        Column("kind", Text()),
        Column("opened_at", BigInteger(), nullable=False),
        Column("closes_at", BigInteger()),
        Column("closed_at", BigInteger()),
        Column("declared_by", Text(), nullable=False),
        Column("note", Text()),
        PrimaryKeyConstraint("disruption_id", name="pk_disruptions"),
    )
    op.create_index("ix_disruptions_scope", "disruptions", ["scope", "key"])


def downgrade() -> None:
    for table in ("disruptions", "parked", "feeds"):
        op.drop_table(table)
