"""Positions, balances, ledger entries that are no executions."""

from alembic import op

from tradsy.migrations.rls import secure_tenant_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table positions (
            account_id uuid not null,
            symbol text not null,
            user_id uuid not null,
            asset_class text not null,
            multiplier numeric(38,18) not null,
            quantity numeric(38,18) not null,
            average_price numeric(38,18) not null,
            realized_pnl numeric(38,18) not null,
            fees numeric(38,18) not null,
            opened_at timestamptz,
            updated_at timestamptz not null,
            primary key (account_id, symbol),
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute("create index ix_positions_user_id on positions (user_id)")
    secure_tenant_table("positions", app="select", engine="select, insert, update")
    op.execute(
        """
        create table balances (
            account_id uuid primary key,
            user_id uuid not null,
            currency text not null,
            equity numeric(38,18) not null,
            cash numeric(38,18) not null,
            buying_power numeric(38,18) not null,
            trading_blocked boolean not null,
            venue_at timestamptz not null,
            read_at timestamptz not null,
            trading_day date not null,
            day_start_equity numeric(38,18) not null,
            peak_equity numeric(38,18) not null,
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    secure_tenant_table("balances", app="select", engine="select, insert, update")
    op.execute(
        """
        create table ledger_entries (
            id uuid primary key,
            user_id uuid not null,
            account_id uuid not null,
            symbol text not null,
            kind text not null check (kind in ('opening', 'split', 'assignment', 'transfer', 'adjustment')),
            quantity numeric(38,18) not null,
            price numeric(38,18) not null,
            note text not null,
            at timestamptz not null,
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute("create index ix_ledger_entries_account_id on ledger_entries (account_id, symbol)")
    secure_tenant_table("ledger_entries", app="select", engine="select, insert")


def downgrade() -> None:
    for table in ("ledger_entries", "balances", "positions"):
        op.execute(f"drop table {table}")
