"""Groups of deliveries that share a route, a hub or the like, and their members."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "groups",
        Column("rule", String(), nullable=False),
        Column("place", String(), nullable=False),
        Column("at_least", Integer(), nullable=False),
        Column("disruption_id", Integer()),
        Column("leader", String()),
        Column("called_to", String()),
        PrimaryKeyConstraint("rule", "place", name="pk_groups"),
    )
    op.create_table(
        "members",
        Column("rule", String(), nullable=False),
        Column("place", String(), nullable=False),
        Column("delivery_id", String(), nullable=False),
        Column("since", BigInteger(), nullable=False),
        Column("left_at", BigInteger()),
        PrimaryKeyConstraint("rule", "place", "delivery_id", name="pk_members"),
    )


def downgrade() -> None:
    for table in ("members", "groups"):
        op.drop_table(table)
