"""States: rules make them stricter, a person lifts them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.risk.risk_rows import NOW, Tenant, add_tenant, add_tenants
from tradsy.audit.service import append as append_audit
from tradsy.identity.errors import StepUpRequired
from tradsy.platform.db import Database, sql
from tradsy.platform.outbox import emitted
from tradsy.risk import states
from tradsy.risk.errors import LimitSubjectNotFound, NotStopped, WrongMode
from tradsy.risk.limits import Scope
from tradsy.risk.model import ModeChange, RiskMode
from tradsy.risk.states import Modes, StateChange
from tradsy.testing.statements import counted_statements

HALT = ModeChange("account", RiskMode.HALTED, "R-P19", "DRAWDOWN")
DISABLE = ModeChange("source", RiskMode.DISABLED, "R-P15", "REPEATED_EXECUTION")


async def record(database: Database, tenant: Tenant, *changes: ModeChange) -> list[Any]:
    async with database.as_engine() as session:
        entries = await states.record_changes(session, tenant.subject, changes, now=NOW)
        await append_audit(session, entries, at=NOW)
        return emitted(session)


async def modes(database: Database, tenant: Tenant) -> Modes:
    async with database.as_engine() as session:
        _, found, _ = await states.load_standing(session, [tenant.subject], now=NOW)
        return found[tenant.subject]


async def enable(database: Database, tenant: Tenant, scope: Scope = Scope.ACCOUNT, *, stepped_up: bool = True) -> None:
    subject = {Scope.ACCOUNT: tenant.account_id, Scope.SOURCE: tenant.source_id, Scope.USER: tenant.user_id}[scope]
    async with database.as_user(tenant.user_id) as session:
        change = by_hand(tenant, RiskMode.NORMAL, scope, subject=subject)
        await states.enable(session, change, stepped_up=stepped_up, now=NOW + timedelta(hours=1))


def by_hand(tenant: Tenant, mode: RiskMode, scope: Scope = Scope.ACCOUNT, **changes: Any) -> StateChange:
    subject = tenant.user_id if scope is Scope.USER else tenant.account_id
    values: dict[str, Any] = {"scope": scope, "subject": subject, "user_id": tenant.user_id, **changes}
    return StateChange(mode=mode, actor=f"user:{tenant.user_id}", reason="by hand", **values)


async def test_nothing_stored_is_normal(database: Database) -> None:
    assert await modes(database, await add_tenant(database)) == Modes()


async def test_what_a_verdict_demands_is_stored_told_and_audited_once(database: Database) -> None:
    tenant = await add_tenant(database)

    events = await record(database, tenant, HALT, DISABLE)
    again = await record(database, tenant, HALT, DISABLE)

    found = await modes(database, tenant)
    assert (found.user, found.account, found.source) == (RiskMode.NORMAL, RiskMode.HALTED, RiskMode.DISABLED)
    assert [(e.name, e.payload["mode"], e.payload["code"]) for e in events] == [
        ("risk.state_changed", "halted", "DRAWDOWN"),
        ("risk.state_changed", "disabled", "REPEATED_EXECUTION"),
    ]
    assert again == []
    async with database.as_engine() as session:
        count = sql("select count(*) from audit_events where chain_id = :user")
        assert (await session.execute(count, {"user": tenant.user_id})).scalar() == 2


async def test_change_of_a_source_without_a_source_is_nothing(database: Database) -> None:
    tenant = await add_tenant(database)
    async with database.as_engine() as session:
        subject = states.LimitSubject(tenant.user_id, tenant.account_id)
        assert await states.record_changes(session, subject, [DISABLE], now=NOW) == []


async def test_state_gets_stricter_only(database: Database) -> None:
    tenant = await add_tenant(database)
    for mode, told in (
        (RiskMode.REDUCE_ONLY, 1),
        (RiskMode.REDUCE_ONLY, 0),
        (RiskMode.HALTED, 1),
        (RiskMode.REDUCE_ONLY, 0),
    ):
        async with database.as_user(tenant.user_id) as session:
            await states.set_mode(session, by_hand(tenant, mode), now=NOW)
            assert len(emitted(session)) == told
    assert (await modes(database, tenant)).account is RiskMode.HALTED


async def test_user_halt_is_of_all_accounts(database: Database) -> None:
    tenant = await add_tenant(database)
    async with database.as_user(tenant.user_id) as session:
        await states.set_mode(session, by_hand(tenant, RiskMode.HALTED, Scope.USER), now=NOW)

    assert (await modes(database, tenant)).user is RiskMode.HALTED
    await enable(database, tenant, Scope.USER)
    found = await modes(database, tenant)
    assert (found.user, found.user_peak_since) == (RiskMode.NORMAL, NOW + timedelta(hours=1))


async def test_enabling_needs_step_up_and_starts_the_drawdown_anew(database: Database) -> None:
    tenant = await add_tenant(database)
    await record(database, tenant, HALT)

    with pytest.raises(StepUpRequired):
        await enable(database, tenant, stepped_up=False)
    assert (await modes(database, tenant)).account is RiskMode.HALTED
    await enable(database, tenant)

    found = await modes(database, tenant)
    assert (found.account, found.account_peak_since) == (RiskMode.NORMAL, NOW + timedelta(hours=1))
    with pytest.raises(NotStopped):
        await enable(database, tenant)
    # A new breach stops it again.
    await record(database, tenant, HALT)
    assert (await modes(database, tenant)).account is RiskMode.HALTED


async def test_states_of_another_tenant_cannot_be_seen_set_or_lifted(database: Database) -> None:
    tenant, stranger = await add_tenants(database, 2)
    await record(database, tenant, HALT)

    async with database.as_user(stranger.user_id) as session:
        assert await states.list_states(session, tenant.user_id) == []
    theirs = by_hand(tenant, RiskMode.NORMAL, user_id=stranger.user_id)
    with pytest.raises(NotStopped):
        async with database.as_user(stranger.user_id) as session:
            await states.enable(session, theirs, stepped_up=True, now=NOW)
    wanted = by_hand(tenant, RiskMode.HALTED, user_id=stranger.user_id)
    with pytest.raises(LimitSubjectNotFound):
        async with database.as_user(stranger.user_id) as session:
            await states.set_mode(session, wanted, now=NOW)
    with pytest.raises(LimitSubjectNotFound):
        async with database.as_user(stranger.user_id) as session:
            await states.set_mode(session, by_hand(tenant, RiskMode.HALTED), now=NOW)


async def test_states_of_many_accounts_take_one_statement(database: Database) -> None:
    first, second = await add_tenants(database, 2)
    await record(database, first, HALT)
    async with database.as_engine() as session:
        with counted_statements() as statements:
            layers, found, _ = await states.load_standing(session, [first.subject, second.subject], now=NOW)

    assert len(statements) == 1
    assert layers.keys() == found.keys() == {first.subject, second.subject}

    assert found[first.subject].account is RiskMode.HALTED
    assert found[second.subject] == Modes()
    async with database.as_user(first.user_id) as session:
        (row,) = await states.list_states(session, first.user_id)
    assert (row.scope, row.mode, row.rule, row.code) == ("account", "halted", "R-P19", "DRAWDOWN")


@pytest.mark.parametrize(
    ("scope", "mode"),
    [(Scope.ACCOUNT, RiskMode.DISABLED), (Scope.SOURCE, RiskMode.HALTED), (Scope.USER, RiskMode.NORMAL)],
)
async def test_mode_that_its_scope_does_not_know_is_refused(database: Database, scope: Scope, mode: RiskMode) -> None:
    tenant = await add_tenant(database)
    with pytest.raises(WrongMode):
        async with database.as_user(tenant.user_id) as session:
            await states.set_mode(session, by_hand(tenant, mode, scope, subject=tenant.source_id), now=NOW)
