"""The trace by which something came into the inbox, so that handing it on later belongs to it."""

from alembic import op
from sqlalchemy import Column, String

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", Column("traceparent", String()))


def downgrade() -> None:
    with op.batch_alter_table("inbox") as table:
        table.drop_column("traceparent")
