"""Users, credentials, sessions, API keys, consents; the look-ups for callers that have no user yet."""

from alembic import op

from tradsy.migrations.rls import CURRENT_USER, allow_auth, auth_function, grant, secure_tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "mails",
    "setup_links",
    "login_throttles",
    "consents",
    "api_keys",
    "recovery_codes",
    "totp_credentials",
    "access_tokens",
    "refresh_tokens",
    "sessions",
    "one_time_tokens",
    "signups",
    "password_credentials",
    "users",
    "legal_documents",
)
_FUNCTIONS = (
    "auth_find_login(text)",
    "auth_find_session(bytea, timestamptz)",
    "auth_find_access_token(bytea, timestamptz)",
    "auth_find_api_key(bytea, timestamptz)",
    "auth_find_refresh_token(bytea)",
    "auth_find_one_time_token(bytea, text, timestamptz)",
    "auth_find_signup(bytea, timestamptz)",
    "auth_take_signup(bytea, timestamptz)",
    "auth_setup_link_works(bytea, timestamptz)",
    "auth_create_first_admin(bytea, uuid, text, text, timestamptz)",
    "admin_list_users(uuid, uuid, int, text)",
    "admin_find_user(uuid, uuid)",
    "admin_change_user(uuid, uuid, text, text, timestamptz)",
)
_USER_COLUMNS = "id uuid, email text, display_name text, role text, state text, is_demo boolean, created_at timestamptz"


def upgrade() -> None:
    _create_users()
    _create_credentials()
    _create_sessions()
    _create_factors()
    _create_consents()
    _create_open_tables()
    _create_lookups()
    _create_writes_without_user()
    _create_admin_functions()


def _create_users() -> None:
    op.execute(
        """
        create table legal_documents (
            document text primary key check (document in ('disclaimer', 'terms')),
            version text not null,
            published_at timestamptz not null
        )
        """
    )
    grant("legal_documents", app="select", engine="select, insert, update")
    op.execute(
        """
        create table users (
            id uuid primary key,
            email text not null unique check (email = lower(email)),
            display_name text not null,
            role text not null default 'user' check (role in ('user', 'support', 'operator', 'admin')),
            state text not null default 'active' check (state in ('active', 'disabled')),
            is_demo boolean not null default false,
            country text check (country ~ '^[A-Z]{2}$'),
            risk_tolerance text check (risk_tolerance in ('cautious', 'balanced', 'bold')),
            experience text check (experience in ('none', 'some', 'years', 'professional')),
            disclaimer_version text,
            terms_version text,
            created_at timestamptz not null,
            disabled_at timestamptz
        )
        """
    )
    op.execute("alter table users enable row level security")
    op.execute("alter table users force row level security")
    # A request can neither raise a role nor lift a block: those columns change through the admin functions alone.
    op.execute(
        "grant select, insert, update (display_name, country, risk_tolerance, experience, disclaimer_version, "
        "terms_version) on users to tradsy_app"
    )
    op.execute(
        f"create policy users_own on users for all to tradsy_app using (id = {CURRENT_USER}) "
        f"with check (id = {CURRENT_USER})"
    )
    op.execute(
        "create policy users_no_rank on users as restrictive for insert to tradsy_app "
        "with check (role = 'user' and state = 'active' and not is_demo)"
    )
    op.execute("grant select, insert, update, delete on users to tradsy_engine")
    op.execute("create policy users_engine on users for all to tradsy_engine using (true) with check (true)")
    allow_auth("users", "select, insert, update")
    # Whose orders may go out, in one join: active, and the current texts accepted.
    op.execute(
        """
        create view identity_trading_users with (security_invoker = true) as
        select u.id as user_id
        from users u
        join legal_documents d on d.document = 'disclaimer' and d.version = u.disclaimer_version
        join legal_documents t on t.document = 'terms' and t.version = u.terms_version
        where u.state = 'active'
        """
    )
    op.execute("grant select on identity_trading_users to tradsy_app, tradsy_engine")


def _create_credentials() -> None:
    op.execute(
        """
        create table password_credentials (
            user_id uuid primary key references users (id) on delete cascade,
            hash text not null,
            changed_at timestamptz not null
        )
        """
    )
    secure_tenant_table("password_credentials", engine="select, insert, update, delete")
    allow_auth("password_credentials", "select, insert")
    op.execute(
        """
        create table one_time_tokens (
            token_hash bytea primary key,
            user_id uuid not null references users (id) on delete cascade,
            purpose text not null check (purpose in ('reset_password')),
            created_at timestamptz not null,
            expires_at timestamptz not null,
            used_at timestamptz
        )
        """
    )
    op.execute("create index ix_one_time_tokens_user_id on one_time_tokens (user_id)")
    secure_tenant_table("one_time_tokens", engine="select, delete")
    allow_auth("one_time_tokens")


def _create_sessions() -> None:
    op.execute(
        """
        create table sessions (
            id uuid primary key,
            user_id uuid not null references users (id) on delete cascade,
            kind text not null check (kind in ('browser', 'program')),
            token_hash bytea unique,
            created_at timestamptz not null,
            last_seen_at timestamptz not null,
            expires_at timestamptz not null,
            stepped_up_until timestamptz not null,
            revoked_at timestamptz,
            revoked_because text,
            address text not null default '',
            agent text not null default '',
            unique (id, user_id),
            check ((kind = 'browser') = (token_hash is not null))
        )
        """
    )
    op.execute("create index ix_sessions_user_id on sessions (user_id)")
    secure_tenant_table("sessions", engine="select, update, delete")
    allow_auth("sessions", "select, update")
    op.execute(
        """
        create table refresh_tokens (
            token_hash bytea primary key,
            user_id uuid not null,
            session_id uuid not null,
            binding bytea not null,
            issued_at timestamptz not null,
            spent_at timestamptz,
            grace_used boolean not null default false,
            foreign key (session_id, user_id) references sessions (id, user_id) on delete cascade
        )
        """
    )
    op.execute("create index ix_refresh_tokens_session_id on refresh_tokens (session_id)")
    secure_tenant_table("refresh_tokens", engine="select, delete")
    allow_auth("refresh_tokens")
    op.execute(
        """
        create table access_tokens (
            token_hash bytea primary key,
            user_id uuid not null,
            session_id uuid not null,
            expires_at timestamptz not null,
            foreign key (session_id, user_id) references sessions (id, user_id) on delete cascade
        )
        """
    )
    op.execute("create index ix_access_tokens_session_id on access_tokens (session_id)")
    secure_tenant_table("access_tokens", app="select, insert, delete", engine="select, delete")
    allow_auth("access_tokens")


def _create_factors() -> None:
    op.execute(
        """
        create table totp_credentials (
            user_id uuid primary key references users (id) on delete cascade,
            secret bytea not null,
            created_at timestamptz not null,
            confirmed_at timestamptz,
            last_step bigint not null default 0
        )
        """
    )
    secure_tenant_table("totp_credentials", app="select, insert, update, delete", engine="select, update")
    allow_auth("totp_credentials")
    op.execute(
        """
        create table recovery_codes (
            user_id uuid not null references users (id) on delete cascade,
            code_hash bytea not null,
            used_at timestamptz,
            primary key (user_id, code_hash)
        )
        """
    )
    secure_tenant_table("recovery_codes", app="select, insert, update, delete")
    op.execute(
        """
        create table api_keys (
            id uuid primary key,
            user_id uuid not null references users (id) on delete cascade,
            name text not null,
            token_hash bytea not null unique,
            hint text not null,
            scopes text[] not null check (cardinality(scopes) > 0),
            created_at timestamptz not null,
            expires_at timestamptz not null,
            last_used_at timestamptz,
            revoked_at timestamptz,
            unique (id, user_id)
        )
        """
    )
    op.execute("create index ix_api_keys_user_id on api_keys (user_id)")
    secure_tenant_table("api_keys", engine="select, insert, update, delete")
    allow_auth("api_keys")


def _create_consents() -> None:
    op.execute(
        """
        create table consents (
            id uuid primary key,
            user_id uuid not null references users (id) on delete cascade,
            document text not null check (document in ('disclaimer', 'terms')),
            version text not null,
            accepted_at timestamptz not null,
            actor text not null,
            unique (user_id, document, version)
        )
        """
    )
    # What was accepted, and when, is never rewritten.
    secure_tenant_table("consents", app="select, insert", engine="select, insert")


def _create_open_tables() -> None:
    """Create what belongs to nobody yet; requests write most of it and read none of it back."""
    op.execute(
        """
        create table signups (
            token_hash bytea primary key,
            email text not null,
            display_name text not null,
            password_hash text not null,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            used_at timestamptz
        )
        """
    )
    grant("signups", app="insert", engine="select, delete", auth="select, update")
    op.execute(
        """
        create table setup_links (
            token_hash bytea primary key,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            used_at timestamptz
        )
        """
    )
    grant("setup_links", engine="select, insert, delete", auth="select, update")
    op.execute(
        """
        create table login_throttles (
            key bytea primary key,
            failures int not null,
            blocked_until timestamptz not null,
            last_at timestamptz not null
        )
        """
    )
    # `key` is a keyed hash of an e-mail address or user, so that a row names nobody.
    grant("login_throttles", app="select, insert, update, delete", engine="select, delete")
    op.execute(
        """
        create table mails (
            id uuid primary key,
            user_id uuid,
            recipient text not null,
            subject text not null,
            body bytea not null,
            created_at timestamptz not null,
            sent_at timestamptz
        )
        """
    )
    op.execute("create index ix_mails_created_at on mails (created_at)")
    op.execute("alter table mails enable row level security")
    op.execute("alter table mails force row level security")
    op.execute("grant insert on mails to tradsy_app")
    op.execute(
        f"create policy mails_write on mails for insert to tradsy_app "
        f"with check (user_id is null or user_id = {CURRENT_USER})"
    )
    op.execute("grant select, insert, update, delete on mails to tradsy_engine")
    op.execute("create policy mails_engine on mails for all to tradsy_engine using (true) with check (true)")


def _create_lookups() -> None:
    auth_function(
        "auth_find_login",
        "p_email text",
        "table (user_id uuid, password_hash text, display_name text, has_totp boolean)",
        """
        select u.id, c.hash, u.display_name,
               exists (select 1 from totp_credentials t where t.user_id = u.id and t.confirmed_at is not null)
        from users u left join password_credentials c on c.user_id = u.id
        where u.email = p_email and u.state = 'active'
        """,
    )
    session_columns = (
        "session_id uuid, user_id uuid, role text, last_seen_at timestamptz, expires_at timestamptz, "
        "stepped_up_until timestamptz, is_demo boolean"
    )
    session_select = (
        "select s.id, s.user_id, u.role, s.last_seen_at, s.expires_at, s.stepped_up_until, u.is_demo "
        "from sessions s join users u on u.id = s.user_id and u.state = 'active'"
    )
    auth_function(
        "auth_find_session",
        "p_hash bytea, p_at timestamptz",
        f"table ({session_columns})",
        f"{session_select} where s.token_hash = p_hash and s.revoked_at is null and s.expires_at > p_at",
    )
    auth_function(
        "auth_find_access_token",
        "p_hash bytea, p_at timestamptz",
        f"table ({session_columns})",
        f"{session_select} join access_tokens a on a.session_id = s.id "
        "where a.token_hash = p_hash and a.expires_at > p_at and s.revoked_at is null and s.expires_at > p_at",
    )
    auth_function(
        "auth_find_api_key",
        "p_hash bytea, p_at timestamptz",
        "table (api_key_id uuid, user_id uuid, role text, scopes text[], last_used_at timestamptz, is_demo boolean)",
        """
        select k.id, k.user_id, u.role, k.scopes, k.last_used_at, u.is_demo
        from api_keys k join users u on u.id = k.user_id and u.state = 'active'
        where k.token_hash = p_hash and k.revoked_at is null and k.expires_at > p_at
        """,
    )
    auth_function(
        "auth_find_refresh_token",
        "p_hash bytea",
        "table (user_id uuid, session_id uuid)",
        """
        select r.user_id, r.session_id
        from refresh_tokens r join users u on u.id = r.user_id and u.state = 'active'
        where r.token_hash = p_hash
        """,
    )
    auth_function(
        "auth_find_one_time_token",
        "p_hash bytea, p_purpose text, p_at timestamptz",
        "table (user_id uuid, email text, display_name text)",
        """
        select t.user_id, u.email, u.display_name
        from one_time_tokens t join users u on u.id = t.user_id and u.state = 'active'
        where t.token_hash = p_hash and t.purpose = p_purpose and t.used_at is null and t.expires_at > p_at
        """,
    )
    auth_function(
        "auth_find_signup",
        "p_hash bytea, p_at timestamptz",
        "table (email text, display_name text, password_hash text)",
        "select email, display_name, password_hash from signups "
        "where token_hash = p_hash and used_at is null and expires_at > p_at",
    )
    auth_function(
        "auth_setup_link_works",
        "p_hash bytea, p_at timestamptz",
        "boolean",
        """
        select exists (select 1 from setup_links where token_hash = p_hash and used_at is null and expires_at > p_at)
           and not exists (select 1 from users where role = 'admin')
        """,
    )


def _auth_procedure(name: str, arguments: str, returns: str, body: str) -> None:
    """Create a SECURITY DEFINER function that writes, for what row-level security cannot say."""
    op.execute(
        f"create function {name}({arguments}) returns {returns} language plpgsql volatile security definer "
        f"set search_path = tradsy, pg_temp as $body$ {body} $body$"
    )
    op.execute(f"alter function {name} owner to tradsy_auth")
    op.execute(f"revoke all on function {name} from public")
    op.execute(f"grant execute on function {name} to tradsy_app, tradsy_engine")


def _create_writes_without_user() -> None:
    _auth_procedure(
        "auth_take_signup",
        "p_hash bytea, p_at timestamptz",
        "boolean",
        """
        begin
            update signups set used_at = p_at where token_hash = p_hash and used_at is null and expires_at > p_at;
            return found;
        end
        """,
    )
    _auth_procedure(
        "auth_create_first_admin",
        "p_hash bytea, p_id uuid, p_email text, p_name text, p_at timestamptz",
        "boolean",
        """
        begin
            -- The row lock lets one of two racing forms through.
            update setup_links set used_at = p_at where token_hash = p_hash and used_at is null and expires_at > p_at;
            if not found or exists (select 1 from users where role = 'admin') then
                return false;
            end if;
            insert into users (id, email, display_name, role, created_at)
            values (p_id, p_email, p_name, 'admin', p_at);
            return true;
        end
        """,
    )


def _create_admin_functions() -> None:
    is_admin = (
        "exists (select 1 from users a where a.id = p_admin and a.id = "
        f"{CURRENT_USER} and a.role = 'admin' and a.state = 'active')"
    )
    columns = "u.id, u.email, u.display_name, u.role, u.state, u.is_demo, u.created_at"
    auth_function(
        "admin_list_users",
        "p_admin uuid, p_after uuid, p_limit int, p_query text",
        f"table ({_USER_COLUMNS})",
        f"""
        select {columns} from users u
        where {is_admin} and (p_after is null or u.id > p_after)
          and (p_query = '' or strpos(u.email, lower(p_query)) > 0 or strpos(lower(u.display_name), lower(p_query)) > 0)
        order by u.id limit p_limit
        """,
    )
    auth_function(
        "admin_find_user",
        "p_admin uuid, p_user uuid",
        f"table ({_USER_COLUMNS})",
        f"select {columns} from users u where {is_admin} and u.id = p_user",
    )
    _auth_procedure(
        "admin_change_user",
        "p_admin uuid, p_user uuid, p_role text, p_state text, p_at timestamptz",
        "boolean",
        """
        begin
            -- Locks every active admin in one order: two admins cannot remove each other at the same moment.
            perform 1 from users where role = 'admin' and state = 'active' order by id for update;
            if p_admin is distinct from nullif(current_setting('app.user_id', true), '')::uuid
                or not exists (select 1 from users where id = p_admin and role = 'admin' and state = 'active') then
                return false;
            end if;
            update users set role = coalesce(p_role, role), state = coalesce(p_state, state),
                disabled_at = case when coalesce(p_state, state) = 'disabled' then coalesce(disabled_at, p_at) end
            where id = p_user;
            if not exists (select 1 from users where role = 'admin' and state = 'active') then
                raise exception 'last admin' using errcode = 'check_violation', constraint = 'ck_users_last_admin';
            end if;
            return true;
        end
        """,
    )


def downgrade() -> None:
    for function in _FUNCTIONS:
        op.execute(f"drop function {function}")
    op.execute("drop view identity_trading_users")
    for table in _TABLES:
        op.execute(f"drop table {table}")
