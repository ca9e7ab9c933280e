"""Hash chains of audit events, the Merkle tree over them, and its signed checkpoints."""

from alembic import op

from tradsy.migrations.rls import allow_auth, auth_function, grant, secure_tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SYSTEM_CHAIN = "00000000-0000-7000-8000-000000000000"
_APPEND_ONLY = ("audit_events", "audit_leaves", "audit_tiles", "audit_checkpoints")


def upgrade() -> None:
    _create_chains()
    _create_tree()
    _refuse_changes()
    # Sign-in, and whatever else concerns no single user, is recorded by requests on the system's chain.
    op.execute(
        "create policy audit_events_system on audit_events for insert to tradsy_app "
        f"with check (chain_id = '{SYSTEM_CHAIN}')"
    )
    op.execute(
        "create policy audit_chains_system on audit_chains for all to tradsy_app "
        f"using (chain_id = '{SYSTEM_CHAIN}') with check (chain_id = '{SYSTEM_CHAIN}')"
    )


def _create_chains() -> None:
    # `user_id` is the chain's id under the name that row-level security knows; being generated it cannot differ.
    op.execute(
        """
        create table audit_events (
            chain_id uuid not null,
            seq bigint not null check (seq > 0),
            user_id uuid not null generated always as (chain_id) stored,
            at timestamptz not null,
            actor text not null,
            action text not null,
            subject text not null,
            canonical bytea not null,
            prev_hash bytea not null check (length(prev_hash) = 32),
            hash bytea not null check (length(hash) = 32),
            primary key (chain_id, seq)
        )
        """
    )
    op.execute("create index ix_audit_events_subject on audit_events (chain_id, subject, seq)")
    secure_tenant_table("audit_events", app="select, insert", engine="select, insert")
    op.execute(
        """
        create table audit_chains (
            chain_id uuid primary key,
            user_id uuid not null generated always as (chain_id) stored,
            seq bigint not null default 0,
            hash bytea not null default decode(repeat('00', 32), 'hex')
        ) with (fillfactor = 40)
        """
    )
    secure_tenant_table(
        "audit_chains", app="select, insert, update (seq, hash)", engine="select, insert, update (seq, hash)"
    )


def _create_tree() -> None:
    # No foreign key: its check would lock, and so rewrite, every event once more. Verification finds what is missing.
    op.execute(
        """
        create table audit_leaves (
            chain_id uuid not null,
            seq bigint not null,
            user_id uuid not null generated always as (chain_id) stored,
            position bigint not null unique check (position >= 0),
            primary key (chain_id, seq)
        )
        """
    )
    secure_tenant_table("audit_leaves", app="select", engine="select, insert")
    # A tile is 256 neighbouring hashes of one level of the tree and the root over them, which is a hash of the level
    # eight above. Hashes name nobody, so every user may read them: proofs need those of others.
    op.execute(
        """
        create table audit_tiles (
            level int not null check (level >= 0),
            tile bigint not null check (tile >= 0),
            hashes bytea not null check (length(hashes) = 8192),
            root bytea not null check (length(root) = 32),
            primary key (level, tile)
        )
        """
    )
    op.execute("alter table audit_tiles alter column hashes set storage external")
    grant("audit_tiles", app="select", engine="select, insert")
    op.execute(
        """
        create table audit_checkpoints (
            size bigint primary key check (size > 0),
            root bytea not null check (length(root) = 32),
            note text not null,
            at timestamptz not null,
            daily boolean not null
        )
        """
    )
    grant("audit_checkpoints", app="select", engine="select, insert")
    allow_auth("audit_leaves")
    allow_auth("audit_events")
    auth_function(
        "audit_leaf_hashes",
        "first bigint, past bigint",
        "table (leaf_position bigint, event_hash bytea)",
        "select l.position, e.hash from tradsy.audit_leaves l join tradsy.audit_events e using (chain_id, seq) "
        "where l.position >= first and l.position < past order by l.position",
    )


def _refuse_changes() -> None:
    op.execute(
        """
        create function audit_refuse() returns trigger language plpgsql as $body$
        begin
            raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
        end
        $body$
        """
    )
    for table in _APPEND_ONLY:
        _trigger(f"{table}_rows", f"before update or delete on {table} for each row")
        _trigger(f"{table}_truncate", f"before truncate on {table} for each statement")
    _trigger("audit_chains_rows", "before delete on audit_chains for each row")
    _trigger("audit_chains_truncate", "before truncate on audit_chains for each statement")
    _trigger(
        "audit_chains_forward",
        "before update on audit_chains for each row when (new.seq < old.seq or new.chain_id <> old.chain_id)",
    )


def _trigger(name: str, when: str) -> None:
    table = when.split(" on ")[1].split()[0]
    op.execute(f"create trigger {name} {when} execute function audit_refuse()")
    # An ordinary trigger is skipped in replica mode; an ALWAYS trigger is not.
    op.execute(f"alter table {table} enable always trigger {name}")


def downgrade() -> None:
    op.execute("drop function audit_leaf_hashes")
    for table in ("audit_checkpoints", "audit_tiles", "audit_leaves", "audit_chains", "audit_events"):
        op.execute(f"drop table {table}")
    op.execute("drop function audit_refuse")
