"""Generations are taken when a run is admitted. Those of deliveries that are there already are known by their copies."""

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, UniqueConstraint

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "generations",
        Column("delivery_id", String(), nullable=False),
        Column("generation", Integer(), autoincrement=False, nullable=False),
        Column("run_id", String(), nullable=False),
        Column("rulebook_version", String(), nullable=False),
        PrimaryKeyConstraint("delivery_id", "generation", name="pk_generations"),
        UniqueConstraint("delivery_id", "run_id", name="uq_generations_run_id"),
    )


def downgrade() -> None:
    op.drop_table("generations")
