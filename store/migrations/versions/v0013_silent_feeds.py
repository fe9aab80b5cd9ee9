"""Which feeds their workflows take for silent, so that whoever hears of one then tells its workflow."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", Column("silent_since", BigInteger()))


def downgrade() -> None:
    with op.batch_alter_table("feeds") as table:
        table.drop_column("silent_since")
