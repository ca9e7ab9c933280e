"""Sources, signals, follows and plans."""

from alembic import op

from tradsy.migrations.rls import CURRENT_USER, secure_tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table sources (
            id uuid primary key,
            user_id uuid not null,
            name text not null,
            kind text not null check (kind in ('tradingview', 'api', 'text', 'manual')),
            description text not null default '',
            visibility text not null check (visibility in ('private', 'public')),
            state text not null check (state in ('active', 'paused', 'closed')),
            hook_token_hash bytea unique,
            hook_token_hint text not null default '',
            old_hook_token_hash bytea unique,
            old_hook_token_until timestamptz,
            body_secret bytea,
            is_demo boolean not null default false,
            created_at timestamptz not null,
            unique (id, user_id),
            unique (user_id, name)
        )
        """
    )
    secure_tenant_table("sources", engine="select, insert, update")
    # Anybody signed in may see and follow a public source; its columns hold no secret in clear.
    op.execute("create policy sources_public on sources for select to tradsy_app using (visibility = 'public')")
    op.execute(
        """
        create table signals (
            id uuid primary key,
            user_id uuid not null,
            trace_id uuid not null,
            source_id uuid not null,
            dialect text not null,
            content_type text not null default '',
            raw bytea not null,
            raw_hash bytea not null,
            received_at timestamptz not null,
            signal_at timestamptz,
            expires_at timestamptz,
            intent jsonb,
            confidence numeric(5,4) not null,
            reasons jsonb not null default '[]',
            spans jsonb not null default '[]',
            state text not null check (state in ('accepted', 'unreadable', 'ignored')),
            plans int not null default 0,
            is_demo boolean not null default false,
            foreign key (source_id, user_id) references sources (id, user_id)
        )
        """
    )
    op.execute("create index ix_signals_trace_id on signals (trace_id)")
    op.execute("create index ix_signals_user_id_received_at on signals (user_id, received_at desc)")
    op.execute("create index ix_signals_source_id_received_at on signals (source_id, received_at desc)")
    secure_tenant_table("signals", app="select", engine="select, insert, update")
    op.execute(
        """
        create table signal_keys (
            source_id uuid not null,
            key bytea not null,
            user_id uuid not null,
            signal_id uuid not null,
            trace_id uuid not null,
            expires_at timestamptz,
            primary key (source_id, key)
        )
        """
    )
    op.execute("create index ix_signal_keys_expires_at on signal_keys (expires_at) where expires_at is not null")
    secure_tenant_table("signal_keys", app="", engine="select, insert, update, delete")
    op.execute(
        """
        create table follows (
            id uuid primary key,
            user_id uuid not null,
            source_id uuid not null references sources (id),
            account_id uuid not null,
            sizing_mode text not null check (sizing_mode in
                ('fixed_quantity', 'fixed_cash', 'percent_equity', 'risk_to_stop', 'multiplier')),
            sizing_value numeric(38,18) not null check (sizing_value > 0),
            mode text not null check (mode in ('auto', 'approve')),
            confidence_bar numeric(5,4) not null check (confidence_bar between 0 and 1),
            symbols_allowed text[] not null default '{}',
            symbols_blocked text[] not null default '{}',
            asset_classes text[] not null default '{}',
            windows jsonb not null default '[]',
            exit_policy jsonb not null default '{}',
            approval_minutes int not null default 10,
            state text not null check (state in ('active', 'paused', 'closed')),
            is_demo boolean not null default false,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute(
        "create unique index uq_follows_source_id_account_id on follows (source_id, account_id) where state <> 'closed'"
    )
    op.execute("create index ix_follows_user_id on follows (user_id)")
    secure_tenant_table("follows", engine="select, insert, update")
    op.execute(
        """
        create table plans (
            id uuid primary key,
            user_id uuid not null,
            trace_id uuid not null,
            signal_id uuid not null references signals (id),
            source_id uuid not null,
            follow_id uuid,
            account_id uuid not null,
            partition int not null,
            state text not null check (state in
                ('pending', 'approved', 'ignored', 'expired', 'executed', 'refused', 'done')),
            reason text not null default '',
            intent jsonb not null,
            sizing_mode text not null,
            sizing_value numeric(38,18) not null,
            exit_policy jsonb not null default '{}',
            origin text not null check (origin in ('automatic', 'person')),
            confirmation jsonb,
            order_id uuid,
            is_demo boolean not null default false,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            decided_at timestamptz,
            decided_by uuid,
            unique (signal_id, account_id),
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute("create index ix_plans_partition on plans (partition, created_at) where state = 'approved'")
    op.execute("create index ix_plans_pending on plans (user_id, created_at desc) where state = 'pending'")
    op.execute("create index ix_plans_trace_id on plans (trace_id)")
    op.execute("create index ix_plans_user_id on plans (user_id, created_at desc)")
    secure_tenant_table("plans", app="select, update", engine="select, insert, update")
    # A follower sees the signals that reached one of his or her accounts.
    op.execute(
        "create policy signals_reached on signals for select to tradsy_app "
        f"using (exists (select 1 from plans p where p.signal_id = signals.id and p.user_id = {CURRENT_USER}))"
    )


def downgrade() -> None:
    op.execute("drop policy signals_reached on signals")
    for table in ("plans", "follows", "signal_keys", "signals", "sources"):
        op.execute(f"drop table {table}")
