"""Canaries: a version of a rulebook that a share of new deliveries gets; and which versions have ever been current."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String, text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rulebooks", Column("current_since", BigInteger()))
    op.execute(text("UPDATE rulebooks SET current_since = published_at"))
    with op.batch_alter_table("rulebook_names") as table:
        table.add_column(Column("canary", String(64)))
        table.add_column(Column("canary_share", Integer()))
        table.add_column(Column("canary_since", BigInteger()))
        table.create_foreign_key("fk_rulebook_names_canary", "rulebooks", ["canary"], ["sha256"])


def downgrade() -> None:
    with op.batch_alter_table("rulebook_names") as table:
        table.drop_constraint("fk_rulebook_names_canary", type_="foreignkey")
        for column in ("canary_since", "canary_share", "canary"):
            table.drop_column(column)
    op.drop_column("rulebooks", "current_since")
