"""What every tenant table gets: rights per role, and row-level security that its owner cannot step around."""

from __future__ import annotations

from alembic import op

# An unset setting reads as an empty string after a SET LOCAL, so no context means no row.
CURRENT_USER = "nullif(current_setting('app.user_id', true), '')::uuid"


def secure_tenant_table(table: str, *, app: str = "select, insert, update", engine: str | None = None) -> None:
    """Enable and force row-level security on `table` (it has a `user_id` column) and grant rights.

    `app` and `engine` are SQL privilege lists; an empty one grants nothing.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    if app:
        op.execute(f"grant {app} on {table} to tradsy_app")
        op.execute(
            f"create policy {table}_own on {table} for all to tradsy_app "
            f"using (user_id = {CURRENT_USER}) with check (user_id = {CURRENT_USER})"
        )
    if engine:
        op.execute(f"grant {engine} on {table} to tradsy_engine")
        op.execute(f"create policy {table}_engine on {table} for all to tradsy_engine using (true) with check (true)")


def grant(table: str, *, app: str = "", engine: str = "", auth: str = "") -> None:
    """Grant rights on a table that belongs to no tenant."""
    for role, rights in (("tradsy_app", app), ("tradsy_engine", engine), ("tradsy_auth", auth)):
        if rights:
            op.execute(f"grant {rights} on {table} to {role}")


def auth_function(name: str, arguments: str, returns: str, body: str) -> None:
    """Create a SECURITY DEFINER look-up that runs as `tradsy_auth`, for callers that have no user yet.

    `tradsy_auth` needs its own grants and policies on what `body` reads (`allow_auth`).
    """
    op.execute(
        f"create function {name}({arguments}) returns {returns} language sql stable security definer "
        f"set search_path = tradsy, pg_temp as $body$ {body} $body$"
    )
    op.execute(f"alter function {name} owner to tradsy_auth")
    op.execute(f"revoke all on function {name} from public")
    op.execute(f"grant execute on function {name} to tradsy_app, tradsy_engine")


def allow_auth(table: str, rights: str = "select") -> None:
    """Let the look-up role read a tenant table."""
    op.execute(f"grant {rights} on {table} to tradsy_auth")
    op.execute(f"create policy {table}_auth on {table} for all to tradsy_auth using (true) with check (true)")
