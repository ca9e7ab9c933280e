"""Limits in the database: layers, R-P25, tenants."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.risk.risk_rows import NOW, Tenant, add_source, add_tenant, add_tenants
from tradsy.domain.ids import UserId
from tradsy.identity.errors import StepUpRequired
from tradsy.platform.db import Database, DatabaseError, sql
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import emitted
from tradsy.risk import service, states
from tradsy.risk.errors import LimitAboveCap, LimitsChangedMeanwhile, LimitsExist, LimitSubjectNotFound
from tradsy.risk.limits import LimitSet, Scope, Tolerance, combine
from tradsy.risk.service import LayerView, LimitChange, LimitSubject
from tradsy.testing.statements import counted_statements

D = Decimal
LATER = NOW + timedelta(minutes=10)


def change(tenant: Tenant, limits: LimitSet, scope: Scope = Scope.ACCOUNT, **changes: Any) -> LimitChange:
    subjects = {Scope.USER: tenant.user_id, Scope.ACCOUNT: tenant.account_id, Scope.SOURCE: tenant.source_id}
    values: dict[str, Any] = {
        "scope": scope,
        "subject": subjects[scope],
        "user_id": tenant.user_id,
        "limits": limits,
        "actor": f"user:{tenant.user_id}",
        "stepped_up": False,
        **changes,
    }
    return LimitChange(**values)


async def put(
    database: Database, tenant: Tenant, wanted: LimitChange, *, now: Any = NOW
) -> tuple[LayerView, list[Any]]:
    async with database.as_user(tenant.user_id) as session:
        view = await service.set_limits(session, wanted, now=now)
        return view, emitted(session)


async def effective(database: Database, tenant: Tenant, *, now: Any = NOW, symbol: str | None = None) -> Any:
    async with database.as_engine() as session:
        layers, _, _ = await states.load_standing(session, [tenant.subject], now=now)
    return combine(layers[tenant.subject], symbol)


async def test_layers_of_user_account_and_source_combine(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=5, max_order_notional=D(900)), Scope.USER))
    await put(database, tenant, change(tenant, LimitSet(max_order_notional=D(800)), Scope.ACCOUNT))
    await put(database, tenant, change(tenant, LimitSet(max_order_notional=D(700)), Scope.SOURCE))

    limits = await effective(database, tenant)

    assert (limits.max_order_notional, limits.max_positions) == (700, 5)
    assert limits.provenance()["max_order_notional"] is Scope.SOURCE
    async with database.as_engine() as session:
        bare = LimitSubject(tenant.user_id, tenant.account_id)
        layers, _, _ = await states.load_standing(session, [bare], now=NOW)
    assert combine(layers[bare]).max_order_notional == 800


async def test_tightening_holds_at_once_without_step_up(database: Database) -> None:
    tenant = await add_tenant(database)

    view, events = await put(database, tenant, change(tenant, LimitSet(max_positions=3)))

    assert (view.limits.max_positions, view.pending, view.version) == (3, None, 1)
    assert [e.name for e in events] == ["limits.changed"]
    assert (await effective(database, tenant)).max_positions == 3


async def test_raise_needs_step_up_and_waits_ten_minutes_with_a_notice(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3, max_open_orders=9)))
    wider = LimitSet(max_positions=6, max_open_orders=5)

    with pytest.raises(StepUpRequired):
        await put(database, tenant, change(tenant, wider))
    view, events = await put(database, tenant, change(tenant, wider, stepped_up=True))

    # What tightens holds at once, also when the same change raises something else.
    assert (view.limits.max_positions, view.limits.max_open_orders) == (3, 5)
    assert (view.pending, view.pending_at) == (wider, LATER)
    assert events[0].name == "limits.raise_requested"
    assert events[0].payload["raised"] == ["max_positions"]
    just_before = await effective(database, tenant, now=LATER - timedelta(microseconds=1))
    assert (just_before.max_positions, just_before.effective_at) == (3, None)
    after = await effective(database, tenant, now=LATER)
    assert (after.max_positions, after.max_open_orders, after.effective_at) == (6, 5, LATER)


async def test_tightening_takes_back_a_pending_raise(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3)))
    await put(database, tenant, change(tenant, LimitSet(max_positions=6), stepped_up=True))

    await put(database, tenant, change(tenant, LimitSet(max_positions=2)), now=NOW + timedelta(minutes=5))

    assert (await effective(database, tenant, now=LATER)).max_positions == 2


async def test_second_change_starts_from_a_raise_that_came_into_force(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3)))
    await put(database, tenant, change(tenant, LimitSet(max_positions=6), stepped_up=True))

    view, _ = await put(database, tenant, change(tenant, LimitSet(max_positions=5)), now=LATER)

    assert (view.limits.max_positions, view.pending, view.version) == (5, None, 3)


async def test_clearing_a_limit_is_a_raise(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3)))

    with pytest.raises(StepUpRequired):
        await put(database, tenant, change(tenant, LimitSet()))


async def test_symbol_list_loses_at_once_and_gains_later(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(allowed_symbols=frozenset({"AAPL", "MSFT"}))))
    wanted = LimitSet(allowed_symbols=frozenset({"MSFT", "TSLA"}))

    await put(database, tenant, change(tenant, wanted, stepped_up=True))

    assert (await effective(database, tenant)).allowed_symbols == {"MSFT"}
    assert (await effective(database, tenant, now=LATER)).allowed_symbols == {"MSFT", "TSLA"}


async def test_limits_of_one_symbol_are_raised_like_any_other(database: Database) -> None:
    tenant = await add_tenant(database)
    own = LimitSet(by_symbol=(("AAPL", LimitSet(max_positions=1)), ("TSLA", LimitSet(max_order_notional=D(100)))))
    wider = LimitSet(by_symbol=(("AAPL", LimitSet(max_positions=1)), ("TSLA", LimitSet(max_order_notional=D(200)))))
    await put(database, tenant, change(tenant, own))

    with pytest.raises(StepUpRequired) as refused:
        await put(database, tenant, change(tenant, wider))
    await put(database, tenant, change(tenant, wider, stepped_up=True))

    assert refused.value.context["raised"] == ["TSLA.max_order_notional"]
    assert (await effective(database, tenant, symbol="TSLA")).max_order_notional == 100
    assert (await effective(database, tenant, symbol="TSLA", now=LATER)).max_order_notional == 200


async def test_user_limit_above_its_starting_value_is_a_raise(database: Database) -> None:
    tenant = await add_tenant(database)
    wider = LimitSet(max_order_notional=D(5_001))

    with pytest.raises(StepUpRequired):
        await put(database, tenant, change(tenant, wider, Scope.USER))
    await put(database, tenant, change(tenant, LimitSet(max_order_notional=D(4_999)), Scope.USER))
    # Unset means the starting value again, and that is wider.
    with pytest.raises(StepUpRequired):
        await put(database, tenant, change(tenant, LimitSet(), Scope.USER))


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (LimitSet(max_order_notional=D("100000.01")), "max_order_notional"),
        (LimitSet(max_orders_per_day=1_001), "max_orders_per_day"),
        (LimitSet(min_account_equity=D(999)), "min_account_equity"),
        (LimitSet(by_symbol=(("AAPL", LimitSet(max_spread=D("0.03"))),)), "max_spread"),
    ],
)
async def test_nobody_passes_the_platform(database: Database, limits: LimitSet, name: str) -> None:
    tenant = await add_tenant(database)

    with pytest.raises(LimitAboveCap) as refused:
        await put(database, tenant, change(tenant, limits, stepped_up=True))

    assert refused.value.context["limit"] == name
    assert "cap" in refused.value.context


async def test_starting_limits_are_chosen_once_and_hold_at_once(database: Database) -> None:
    tenant = await add_tenant(database)

    async def choose(tolerance: Tolerance) -> None:
        async with database.as_user(tenant.user_id) as session:
            await service.choose_starting_limits(session, tenant.user_id, tolerance, actor="user", now=NOW)

    assert not (await effective(database, tenant)).any_symbol
    await choose(Tolerance.MODERATE)
    assert (await effective(database, tenant)).any_symbol
    with pytest.raises(LimitsExist):
        await choose(Tolerance.AGGRESSIVE)


async def test_history_names_who_what_and_since_when(database: Database) -> None:
    tenant, stranger = await add_tenants(database, 2)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3)))
    await put(database, tenant, change(tenant, LimitSet(max_positions=4), stepped_up=True))

    async with database.as_user(tenant.user_id) as session:
        rows = await service.list_changes(session, tenant.user_id, before=None, limit=10)
        older = await service.list_changes(session, tenant.user_id, before=rows[0].id, limit=10)
    async with database.as_user(stranger.user_id) as session:
        assert await service.list_changes(session, tenant.user_id, before=None, limit=10) == []

    assert [(r.is_raise, r.old, r.new) for r in rows] == [
        (True, {"max_positions": 3}, {"max_positions": 4}),
        (False, {}, {"max_positions": 3}),
    ]
    assert (rows[0].effective_at, rows[1].effective_at) == (LATER, NOW)
    assert rows[0].changed_by == f"user:{tenant.user_id}"
    assert [r.id for r in older] == [rows[1].id]


async def test_change_is_in_the_audit_log(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=3)))

    async with database.as_engine() as session:
        rows = (
            await session.execute(
                sql("select actor, action, subject from audit_events where chain_id = :chain"),
                {"chain": tenant.user_id},
            )
        ).all()
    assert [tuple(r) for r in rows] == [(f"user:{tenant.user_id}", "limits.changed", f"account:{tenant.account_id}")]


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.SOURCE, Scope.USER])
async def test_subject_of_another_tenant_is_not_found(database: Database, scope: Scope) -> None:
    tenant, stranger = await add_tenants(database, 2)
    theirs = change(stranger, LimitSet(max_positions=1), scope, user_id=tenant.user_id)

    with pytest.raises(LimitSubjectNotFound):
        await put(database, tenant, theirs)


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.SOURCE])
async def test_subject_that_does_not_exist_is_not_found(database: Database, scope: Scope) -> None:
    tenant = await add_tenant(database)

    with pytest.raises(LimitSubjectNotFound):
        await put(database, tenant, change(tenant, LimitSet(max_positions=1), scope, subject=new_id()))


async def test_public_source_has_limits_of_each_follower(database: Database) -> None:
    owner, follower = await add_tenants(database, 2)
    source = new_id()
    async with database.as_engine() as session:
        await add_source(session, owner.user_id, source, visibility="public")

    for tenant, most in ((owner, 2), (follower, 1)):
        await put(database, tenant, change(tenant, LimitSet(max_positions=most), Scope.SOURCE, subject=source))
        subject = LimitSubject(tenant.user_id, tenant.account_id, source)  # pyright: ignore[reportArgumentType]
        async with database.as_engine() as session:
            layers, _, _ = await states.load_standing(session, [subject], now=NOW)
        assert combine(layers[subject]).max_positions == most


async def test_operator_layer_tightens_everybody_and_binds_what_may_be_set(database: Database) -> None:
    tenant = await add_tenant(database)
    try:
        async with database.as_engine() as session:
            await service.set_installation_limits(
                session, Scope.OPERATOR, LimitSet(max_positions=4), actor="operator", now=NOW
            )
        limits = await effective(database, tenant)
        assert (limits.max_positions, limits.provenance()["max_positions"]) == (4, Scope.OPERATOR)
        with pytest.raises(LimitAboveCap):
            await put(database, tenant, change(tenant, LimitSet(max_positions=5)))
        async with database.as_user(tenant.user_id) as session:
            view = await service.get_limits(session, tenant.subject, now=NOW)
        assert [layer.scope for layer in view.layers] == [Scope.OPERATOR]
        with pytest.raises(LimitAboveCap):
            async with database.as_engine() as session:
                await service.set_installation_limits(
                    session, Scope.OPERATOR, LimitSet(max_positions=11), actor="operator", now=NOW
                )
    finally:
        async with database.as_engine() as session:
            await service.set_installation_limits(session, Scope.OPERATOR, LimitSet(), actor="operator", now=NOW)
            await session.execute(sql("update risk_limits set pending_at = :now where user_id is null"), {"now": NOW})


async def test_request_cannot_write_the_installations_layer(database: Database) -> None:
    tenant = await add_tenant(database)
    shared = LimitChange(Scope.OPERATOR, service.INSTALLATION, None, LimitSet(max_positions=1), "x", stepped_up=True)

    with pytest.raises(LimitSubjectNotFound):
        await put(database, tenant, shared)


async def wait_until_blocked(database: Database) -> None:
    """Return once a transaction waits for another one's row."""
    waiting = sql("select count(*) from pg_locks where not granted and locktype = 'transactionid'")
    while True:
        async with database.as_engine() as session:
            if (await session.execute(waiting)).scalar_one():
                return
        await asyncio.sleep(0.005)


async def test_two_first_changes_at_once_do_not_overwrite_each_other(database: Database) -> None:
    tenant = await add_tenant(database)
    async with database.as_user(tenant.user_id) as session:
        await service.set_limits(session, change(tenant, LimitSet(max_positions=3)), now=NOW)
        second = asyncio.create_task(put(database, tenant, change(tenant, LimitSet(max_positions=4))))
        await asyncio.wait_for(wait_until_blocked(database), 10)

    with pytest.raises(LimitsChangedMeanwhile):
        await second
    assert (await effective(database, tenant)).max_positions == 3


async def test_second_change_waits_for_the_first_and_starts_from_it(database: Database) -> None:
    tenant = await add_tenant(database)
    await put(database, tenant, change(tenant, LimitSet(max_positions=5)))
    async with database.as_user(tenant.user_id) as session:
        await service.set_limits(session, change(tenant, LimitSet(max_positions=2)), now=NOW)
        second = asyncio.create_task(put(database, tenant, change(tenant, LimitSet(max_positions=4))))
        await asyncio.wait_for(wait_until_blocked(database), 10)

    # Against the 5 that it saw at first, 4 would have tightened.
    with pytest.raises(StepUpRequired):
        await second
    assert (await effective(database, tenant)).max_positions == 2


async def test_database_error_of_another_kind_is_not_taken_for_a_missing_subject(database: Database) -> None:
    tenant = await add_tenant(database)

    with pytest.raises(DatabaseError):
        await put(database, tenant, change(tenant, LimitSet(max_positions=1), actor="\0"))


async def test_limits_of_250_accounts_take_one_statement(database: Database) -> None:
    tenants = await add_tenants(database, 250)
    await put(database, tenants[7], change(tenants[7], LimitSet(max_positions=7)))
    with counted_statements() as statements:
        async with database.as_engine() as session:
            layers, _, _ = await states.load_standing(session, [t.subject for t in tenants], now=NOW)

    assert len(statements) == 1
    assert len(layers) == 250
    assert combine(layers[tenants[7].subject]).max_positions == 7
    assert combine(layers[tenants[8].subject]).max_positions == 10


@pytest.mark.parametrize("table", ["risk_limits", "limit_changes", "risk_state"])
async def test_rows_of_other_tenants_are_invisible(database: Database, table: str) -> None:
    owner, stranger = await add_tenants(database, 2)
    await put(database, owner, change(owner, LimitSet(max_positions=1)))
    async with database.as_engine() as session:
        await session.execute(
            sql(
                "insert into risk_state (subject, scope, user_id, mode, changed_by, changed_at) "
                "values (:account, 'account', :user, 'halted', 'engine', :now) on conflict do nothing"
            ),
            {"account": owner.account_id, "user": owner.user_id, "now": NOW},
        )

    async def rows(user: UserId | None) -> int:
        query = sql(f"select count(*) from {table} where user_id = :user")
        async with database.as_anonymous() if user is None else database.as_user(user) as session:
            return int((await session.execute(query, {"user": owner.user_id})).scalar_one())

    assert [await rows(u) for u in (owner.user_id, stranger.user_id, None)] == [1, 0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from risk_limits",
        "delete from limit_changes",
        "delete from risk_state",
        "update limit_changes set is_raise = false",
        "truncate limit_changes",
    ],
)
async def test_nobody_rewrites_history(database: Database, statement: str) -> None:
    tenant = await add_tenant(database)
    for opened in (database.as_user(tenant.user_id), database.as_engine()):
        with pytest.raises(DatabaseError, match="permission denied"):
            async with opened as session:
                await session.execute(sql(statement))
