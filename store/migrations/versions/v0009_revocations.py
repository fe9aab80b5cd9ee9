"""Links that were withdrawn."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revocations",
        Column("delivery_id", String(), nullable=False),
        Column("revoked_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("delivery_id", name="pk_revocations"),
    )


def downgrade() -> None:
    op.drop_table("revocations")
