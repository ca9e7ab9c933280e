"""Entries whose protective orders are being placed anew are found by an index."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index orders_moving on tradsy.orders (partition) where exits ? 'moving'")


def downgrade() -> None:
    op.execute("drop index tradsy.orders_moving")
