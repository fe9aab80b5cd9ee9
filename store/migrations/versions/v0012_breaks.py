"""Breaks of drivers, and which stops come first when not all can be in time."""

from alembic import op
from sqlalchemy import JSON, Column, Integer

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("routes", Column("breaks", JSON(none_as_null=True)))
    op.add_column("stops", Column("priority", Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("stops", "priority")
    op.drop_column("routes", "breaks")
