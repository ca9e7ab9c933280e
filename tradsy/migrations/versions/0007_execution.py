"""Orders, their events, executions, verdicts, commands, kill switches, reconciliation."""

from alembic import op

from tradsy.migrations.rls import grant, secure_tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATES = (
    "'submitting', 'unknown', 'new', 'partially_filled', 'filled', 'pending_cancel', 'canceled', "
    "'pending_replace', 'replaced', 'rejected', 'expired', 'not_placed', 'quarantined'"
)
_OPEN = "'submitting', 'unknown', 'new', 'partially_filled', 'pending_cancel', 'pending_replace', 'quarantined'"


def upgrade() -> None:
    op.execute(
        f"""
        create table orders (
            id uuid primary key,
            user_id uuid not null,
            account_id uuid not null,
            connection_id uuid not null,
            partition int not null,
            venue text not null,
            trace_id uuid not null,
            signal_id uuid,
            plan_id uuid,
            source_id uuid,
            parent_order_id uuid,
            role text not null check (role in ('entry', 'exit', 'stop', 'target')),
            origin text not null check (origin in ('automatic', 'person', 'external')),
            client_order_id text not null,
            generation int not null default 1,
            venue_order_id text,
            symbol text not null,
            asset_class text not null,
            side text not null check (side in ('buy', 'sell')),
            order_type text not null,
            quantity numeric(38,18) not null check (quantity > 0),
            limit_price numeric(38,18),
            stop_price numeric(38,18),
            trail_amount numeric(38,18),
            trail_percent numeric(38,18),
            time_in_force text not null,
            reduce_only boolean not null,
            multiplier numeric(38,18) not null,
            oco_group text,
            exits jsonb,
            exits_covered numeric(38,18) not null default 0,
            state text not null check (state in ({_STATES})),
            cumulative_quantity numeric(38,18) not null default 0,
            average_price numeric(38,18),
            fees numeric(38,18) not null default 0,
            reason_code text not null default '',
            reason text not null default '',
            epoch bigint not null,
            attempt int not null default 1,
            baseline jsonb,
            evidence jsonb not null default '[]',
            created_at timestamptz not null,
            sent_at timestamptz,
            accepted_at timestamptz,
            unknown_at timestamptz,
            finished_at timestamptz,
            updated_at timestamptz not null,
            unique (account_id, client_order_id),
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    # One entry per plan and generation: a plan that is planned twice cannot become two orders.
    op.execute(
        "create unique index uq_orders_plan_id_generation on orders (plan_id, generation) "
        "where plan_id is not null and role in ('entry', 'exit')"
    )
    op.execute(f"create index ix_orders_open on orders (partition) where state in ({_OPEN})")
    # The sweep for filled entries without protection finds them among any number of others.
    op.execute(
        "create index ix_orders_uncovered on orders (partition) "
        "where exits is not null and exits_covered < cumulative_quantity"
    )
    op.execute("create index ix_orders_account_id_created_at on orders (account_id, created_at desc)")
    op.execute("create index ix_orders_user_id_created_at on orders (user_id, created_at desc)")
    op.execute("create index ix_orders_trace_id on orders (trace_id)")
    op.execute("create index ix_orders_venue_order_id on orders (account_id, venue_order_id)")
    secure_tenant_table("orders", app="select", engine="select, insert, update")
    op.execute(
        """
        create table order_events (
            order_id uuid not null references orders (id),
            seq int not null,
            user_id uuid not null,
            account_id uuid not null,
            trace_id uuid not null,
            at timestamptz not null,
            event text not null,
            from_state text not null,
            to_state text not null,
            data jsonb not null default '{}',
            primary key (order_id, seq)
        )
        """
    )
    op.execute("create index ix_order_events_trace_id on order_events (trace_id)")
    secure_tenant_table("order_events", app="select", engine="select, insert")
    op.execute(
        """
        create table executions (
            id uuid primary key,
            user_id uuid not null,
            account_id uuid not null,
            order_id uuid,
            trace_id uuid,
            source_id uuid,
            symbol text not null,
            side text not null check (side in ('buy', 'sell')),
            quantity numeric(38,18) not null check (quantity > 0),
            price numeric(38,18) not null,
            fee numeric(38,18) not null,
            multiplier numeric(38,18) not null,
            venue_execution_id text not null,
            kind text not null check (kind in ('fill', 'bust', 'correction')),
            corrects uuid references executions (id),
            executed_at timestamptz not null,
            booked_at timestamptz not null,
            unique (account_id, venue_execution_id, kind),
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute("create index ix_executions_order_id on executions (order_id)")
    op.execute("create index ix_executions_trace_id on executions (trace_id)")
    op.execute("create index ix_executions_account_id_executed_at on executions (account_id, executed_at desc)")
    op.execute("create index ix_executions_user_id_executed_at on executions (user_id, executed_at desc)")
    secure_tenant_table("executions", app="select", engine="select, insert")
    op.execute(
        """
        create table verdicts (
            id uuid primary key,
            user_id uuid not null,
            trace_id uuid not null,
            plan_id uuid,
            signal_id uuid,
            account_id uuid not null,
            order_id uuid,
            outcome text not null check (outcome in ('approved', 'held', 'refused')),
            reasons text[] not null,
            checks jsonb not null,
            config_hash text not null,
            at timestamptz not null
        )
        """
    )
    op.execute("create index ix_verdicts_trace_id on verdicts (trace_id)")
    op.execute("create index ix_verdicts_user_id_at on verdicts (user_id, at desc)")
    secure_tenant_table("verdicts", app="select", engine="select, insert")
    op.execute(
        """
        create table order_commands (
            id uuid primary key,
            user_id uuid not null,
            account_id uuid not null,
            partition int not null,
            order_id uuid references orders (id),
            trace_id uuid,
            kind text not null check (kind in ('cancel', 'resolve')),
            origin text not null check (origin in ('automatic', 'person')),
            arguments jsonb not null default '{}',
            state text not null check (state in ('requested', 'submitting', 'done', 'refused', 'unknown')),
            reason text not null default '',
            epoch bigint,
            attempt int not null default 0,
            requested_by text not null,
            created_at timestamptz not null,
            updated_at timestamptz not null
        )
        """
    )
    op.execute(
        "create index ix_order_commands_open on order_commands (partition, created_at) "
        "where state in ('requested', 'submitting', 'unknown')"
    )
    # One open cancel per order: asking twice is one request.
    op.execute(
        "create unique index uq_order_commands_open_cancel on order_commands (order_id) "
        "where kind = 'cancel' and state in ('requested', 'submitting', 'unknown')"
    )
    secure_tenant_table("order_commands", engine="select, insert, update")
    op.execute(
        """
        create table kill_switches (
            scope text not null check (scope in ('site', 'broker', 'user', 'account', 'strategy', 'source')),
            subject text not null,
            user_id uuid,
            active boolean not null,
            cancel_stops boolean not null default false,
            reason text not null,
            changed_by text not null,
            changed_at timestamptz not null,
            version bigint not null default 1,
            primary key (scope, subject)
        )
        """
    )
    op.execute("alter table kill_switches enable row level security")
    op.execute("alter table kill_switches force row level security")
    # Everybody sees the site's and the brokers' switches, and only the own ones among the others.
    op.execute(
        "create policy kill_switches_app on kill_switches for select to tradsy_app using (user_id is null "
        "or user_id = nullif(current_setting('app.user_id', true), '')::uuid)"
    )
    op.execute(
        "create policy kill_switches_engine on kill_switches for all to tradsy_engine using (true) with check (true)"
    )
    grant("kill_switches", app="select", engine="select, insert, update")
    op.execute(
        """
        create table reconciliations (
            account_id uuid primary key,
            user_id uuid not null,
            good_at timestamptz,
            started_at timestamptz,
            error text not null default '',
            venue_offset_ms int,
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    secure_tenant_table("reconciliations", app="select", engine="select, insert, update")
    op.execute(
        """
        create table breaks (
            id uuid primary key,
            user_id uuid not null,
            account_id uuid not null,
            kind text not null check (kind in ('position', 'order', 'execution', 'cash')),
            subject text not null,
            ours text not null,
            theirs text not null,
            cause text not null default '',
            state text not null check (state in ('seen', 'open', 'closed')),
            cycles int not null default 1,
            first_seen_at timestamptz not null,
            closed_at timestamptz,
            foreign key (account_id, user_id) references accounts (id, user_id)
        )
        """
    )
    op.execute(
        "create unique index uq_breaks_current on breaks (account_id, kind, subject) where state in ('seen', 'open')"
    )
    secure_tenant_table("breaks", app="select", engine="select, insert, update")


def downgrade() -> None:
    for table in (
        "breaks",
        "reconciliations",
        "kill_switches",
        "order_commands",
        "verdicts",
        "executions",
        "order_events",
        "orders",
    ):
        op.execute(f"drop table {table}")
