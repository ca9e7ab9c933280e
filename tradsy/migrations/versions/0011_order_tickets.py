"""Orders placed by hand have a source of their own, one for each user."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table tradsy.sources drop constraint sources_kind_check")
    op.execute(
        "alter table tradsy.sources add constraint sources_kind_check "
        "check (kind in ('tradingview', 'api', 'text', 'manual', 'ticket'))"
    )
    op.execute("create unique index uq_sources_ticket on tradsy.sources (user_id) where kind = 'ticket'")


def downgrade() -> None:
    op.execute("drop index tradsy.uq_sources_ticket")
    op.execute("update tradsy.sources set kind = 'manual' where kind = 'ticket'")
    op.execute("alter table tradsy.sources drop constraint sources_kind_check")
    op.execute(
        "alter table tradsy.sources add constraint sources_kind_check "
        "check (kind in ('tradingview', 'api', 'text', 'manual'))"
    )
