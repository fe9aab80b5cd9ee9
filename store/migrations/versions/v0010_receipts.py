"""What became of messages after their provider took them."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipts",
        Column("key", String(), nullable=False),
        Column("reference", Text(), nullable=False),
        Column("status", String(), nullable=False),
        Column("code", Integer()),
        Column("reported_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("key", name="pk_receipts"),
    )
    op.create_index("ix_effects_provider_ref", "effects", ["provider_ref"])


def downgrade() -> None:
    op.drop_index("ix_effects_provider_ref", "effects")
    op.drop_table("receipts")
