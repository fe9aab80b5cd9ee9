"""How far the status of a delivery's row has come: what a board is shown between two copies never goes back."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", Column("events_seen", Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("deliveries", "events_seen")
