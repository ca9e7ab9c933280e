"""Outbox, leases, jobs, idempotency keys."""

from alembic import op

from tradsy.migrations.rls import grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = ("idempotency_keys", "dead_letters", "job_runs", "leases", "partition_leases", "outbox")


def upgrade() -> None:
    op.execute(
        """
        create table outbox (
            id uuid primary key,
            name text not null,
            user_id uuid,
            payload jsonb not null,
            created_at timestamptz not null
        )
        """
    )
    op.execute("create index ix_outbox_created_at on outbox (created_at)")
    # Requests write events and never read them: another tenant's event cannot be seen.
    grant("outbox", app="insert", engine="select, insert, update, delete")
    op.execute(
        """
        create table partition_leases (
            partition int primary key,
            owner uuid,
            epoch bigint not null default 0,
            lease_until timestamptz not null default '-infinity',
            build text not null default ''
        )
        """
    )
    grant("partition_leases", engine="select, insert, update")
    op.execute(
        """
        create table leases (
            name text primary key,
            owner uuid not null,
            epoch bigint not null default 1,
            lease_until timestamptz not null
        )
        """
    )
    grant("leases", engine="select, insert, update, delete")
    op.execute(
        """
        create table job_runs (
            id uuid primary key,
            job text not null,
            unique_key text not null,
            arguments jsonb not null default '{}',
            state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'dead')),
            attempts int not null default 0,
            created_at timestamptz not null,
            started_at timestamptz,
            finished_at timestamptz,
            claimed_until timestamptz,
            error text,
            unique (job, unique_key)
        )
        """
    )
    # What the sweeper looks at again, and when.
    op.execute(
        "create index ix_job_runs_claimed_until on job_runs (claimed_until) "
        "where state in ('queued', 'running', 'failed')"
    )
    grant("job_runs", app="insert", engine="select, insert, update, delete")
    op.execute(
        """
        create table dead_letters (
            id uuid primary key,
            job text not null,
            job_run_id uuid,
            payload jsonb not null,
            error text not null,
            deliveries int not null,
            created_at timestamptz not null
        )
        """
    )
    grant("dead_letters", engine="select, insert, delete")
    op.execute(
        """
        create table idempotency_keys (
            scope bytea not null,
            key text not null,
            request_hash bytea not null,
            state text not null check (state in ('running', 'done')),
            status int,
            headers jsonb,
            body bytea,
            created_at timestamptz not null,
            primary key (scope, key)
        )
        """
    )
    # `scope` is a keyed hash of the caller, so a row names nobody and is found only by who made it.
    grant("idempotency_keys", app="select, insert, update, delete", engine="select, delete")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"drop table {table}")
