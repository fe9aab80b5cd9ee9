"""When the van of a route broke down."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("routes", Column("broken_at", BigInteger()))


def downgrade() -> None:
    op.drop_column("routes", "broken_at")
