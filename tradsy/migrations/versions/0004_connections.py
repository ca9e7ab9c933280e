"""Connections, accounts, instruments."""

from alembic import op

from tradsy.migrations.rls import grant, secure_tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table connections (
            id uuid primary key,
            user_id uuid not null,
            venue text not null,
            label text not null,
            environment text not null check (environment in ('paper', 'live')),
            partition int not null,
            idempotency text not null check (idempotency in ('A', 'B', 'C', 'D')),
            config jsonb not null default '{}',
            credential bytea,
            credential_hint text not null default '',
            state text not null check (state in ('active', 'paused', 'expired', 'closed')),
            state_reason text not null default '',
            is_demo boolean not null default false,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            unique (id, user_id)
        )
        """
    )
    op.execute("create index ix_connections_partition on connections (partition) where state <> 'closed'")
    op.execute("create index ix_connections_user_id on connections (user_id)")
    secure_tenant_table("connections", engine="select, insert, update")
    op.execute(
        """
        create table accounts (
            id uuid primary key,
            user_id uuid not null,
            connection_id uuid not null,
            venue text not null,
            venue_account_id text not null,
            label text not null,
            currency text not null default 'USD',
            partition int not null,
            is_paper boolean not null,
            is_primary boolean not null default false,
            is_demo boolean not null default false,
            state text not null check (state in ('active', 'paused', 'closed')),
            created_at timestamptz not null,
            unique (id, user_id),
            unique (connection_id, venue_account_id),
            foreign key (connection_id, user_id) references connections (id, user_id)
        )
        """
    )
    op.execute("create index ix_accounts_partition on accounts (partition) where state <> 'closed'")
    op.execute("create index ix_accounts_user_id on accounts (user_id)")
    secure_tenant_table("accounts", engine="select, insert, update")
    op.execute(
        """
        create table instruments (
            symbol text primary key,
            asset_class text not null,
            name text not null default '',
            currency text not null,
            tick_size numeric(38,18) not null,
            lot_size numeric(38,18) not null,
            min_quantity numeric(38,18) not null,
            min_notional numeric(38,18) not null,
            multiplier numeric(38,18) not null,
            calendar text not null,
            tradable boolean not null,
            updated_at timestamptz not null
        )
        """
    )
    grant("instruments", app="select", engine="select, insert, update")


def downgrade() -> None:
    for table in ("instruments", "accounts", "connections"):
        op.execute(f"drop table {table}")
