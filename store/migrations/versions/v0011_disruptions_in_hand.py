"""Which disruptions their workflows have in hand, so that none is forgotten; members are called by those, not by who joins."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("disruptions") as table:
        table.add_column(sa.Column("rule", sa.String()))
        table.add_column(sa.Column("acted_on", sa.Boolean()))
        table.add_column(sa.Column("taken_up_at", sa.BigInteger()))
        table.add_column(sa.Column("wound_up_at", sa.BigInteger()))
    with op.batch_alter_table("groups") as table:
        table.drop_column("called_to")


def downgrade() -> None:
    with op.batch_alter_table("groups") as table:
        table.add_column(sa.Column("called_to", sa.String()))
    with op.batch_alter_table("disruptions") as table:
        for column in ("wound_up_at", "taken_up_at", "acted_on", "rule"):
            table.drop_column(column)
