"""Who wants no messages, by channel and address."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        Column("channel", String(), nullable=False),
        Column("address_sha256", String(64), nullable=False),
        Column("since", BigInteger(), nullable=False),
        Column("because", Text(), nullable=False),
        Column("until", BigInteger()),
        Column("until_because", Text()),
        PrimaryKeyConstraint("channel", "address_sha256", name="pk_opt_outs"),
    )


def downgrade() -> None:
    op.drop_table("opt_outs")
