"""Limits by layer, their history, and the states that rules and people set."""

from alembic import op

from tradsy.migrations.rls import CURRENT_USER

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The caller sees the account or source it names: own ones, and the public sources it may follow.
_VISIBLE = (
    "(scope <> 'user' or subject = user_id) "
    "and (scope <> 'account' or exists (select 1 from accounts a where a.id = subject)) "
    "and (scope <> 'source' or exists (select 1 from sources s where s.id = subject))"
)


def upgrade() -> None:
    op.execute(
        """
        create table risk_limits (
            subject uuid not null,
            scope text not null check (scope in ('platform', 'operator', 'user', 'account', 'source')),
            user_id uuid,
            "values" jsonb not null,
            version int not null default 1,
            effective_at timestamptz not null,
            pending jsonb,
            pending_at timestamptz,
            changed_by text not null,
            changed_at timestamptz not null,
            unique nulls not distinct (subject, scope, user_id),
            check ((user_id is null) = (scope in ('platform', 'operator'))),
            check ((pending is null) = (pending_at is null))
        )
        """
    )
    op.execute("create index ix_risk_limits_user_id on risk_limits (user_id)")
    _secure("risk_limits", "select, insert, update", shared="user_id is null")
    op.execute(
        """
        create table limit_changes (
            id uuid primary key,
            user_id uuid,
            scope text not null check (scope in ('platform', 'operator', 'user', 'account', 'source')),
            subject uuid not null,
            old jsonb not null,
            new jsonb not null,
            is_raise boolean not null,
            version int not null,
            changed_by text not null,
            changed_at timestamptz not null,
            effective_at timestamptz not null
        )
        """
    )
    op.execute("create index ix_limit_changes_user_id_id on limit_changes (user_id, id desc)")
    _secure("limit_changes", "select, insert", shared="user_id is null")
    op.execute(
        """
        create table risk_state (
            subject uuid not null,
            scope text not null check (scope in ('user', 'account', 'source')),
            user_id uuid not null,
            mode text not null check (mode in ('normal', 'reduce_only', 'halted', 'disabled')),
            rule text not null default '',
            code text not null default '',
            reason text not null default '',
            peak_since timestamptz,
            version int not null default 1,
            changed_by text not null,
            changed_at timestamptz not null,
            primary key (subject, scope, user_id)
        )
        """
    )
    op.execute("create index ix_risk_state_user_id on risk_state (user_id)")
    _secure("risk_state", "select, insert, update", shared="false")


def _secure(table: str, rights: str, *, shared: str) -> None:
    """Own rows, and for reading those that `shared` names; a new row's subject must be visible to its writer."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"grant {rights} on {table} to tradsy_app")
    op.execute(f"grant {rights} on {table} to tradsy_engine")
    own = f"user_id = {CURRENT_USER}"
    op.execute(f"create policy {table}_read on {table} for select to tradsy_app using ({own} or {shared})")
    op.execute(f"create policy {table}_add on {table} for insert to tradsy_app with check ({own} and {_VISIBLE})")
    if "update" in rights:
        op.execute(
            f"create policy {table}_change on {table} for update to tradsy_app "
            f"using ({own}) with check ({own} and {_VISIBLE})"
        )
    op.execute(f"create policy {table}_engine on {table} for all to tradsy_engine using (true) with check (true)")


def downgrade() -> None:
    for table in ("risk_state", "limit_changes", "risk_limits"):
        op.execute(f"drop table {table}")
