"""What customers are asked by SMS, and what came in and is to be handed on to deliveries."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, String, Text, UniqueConstraint

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        Column("number", Text(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("code", String(), nullable=False),
        Column("is_shown", Boolean(), nullable=False),
        Column("language", String(), nullable=False),
        Column("timezone", String(), nullable=False),
        Column("written_at", BigInteger(), nullable=False),
        Column("question", String()),
        Column("answers", JSON()),
        Column("until", BigInteger()),
        PrimaryKeyConstraint("number", "delivery_id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_delivery_id", "conversations", ["delivery_id"])
    _create_inbox()


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        Column("entry", Integer(), nullable=False),
        Column("source", String(), nullable=False),
        Column("message_id", Text(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("update", String()),
        Column("request", JSON()),
        Column("event", JSON(), nullable=False),
        Column("received_at", BigInteger(), nullable=False),
        Column("claimed_until", BigInteger()),
        Column("handed_at", BigInteger()),
        Column("note", Text()),
        PrimaryKeyConstraint("entry", name="pk_inbox"),
        UniqueConstraint("source", "message_id", "delivery_id", name="uq_inbox_source"),
    )
    op.create_index("ix_inbox_handed_at", "inbox", ["handed_at", "delivery_id"])


def downgrade() -> None:
    for table in ("inbox", "conversations"):
        op.drop_table(table)
