"""What becomes of a signal on each followed account: filters, holds, decisions, claims."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.signals.world import ORDER, Person, SourceAt, World
from tradsy.domain.ids import OrderId, SignalId
from tradsy.follows.model import Action, ExitPolicy, SizingMode
from tradsy.follows.plans import PlanOutcome, PlanState
from tradsy.follows.service import claim_approved_plans, expire_plans, finishing
from tradsy.identity.model import Scope
from tradsy.platform.db import sql
from tradsy.platform.ids import new_id
from tradsy.signals.model import Visibility
from tradsy.testing.asgi import AsgiAnswer

NEW_YORK = "America/New_York"
NEW_YORK_DAY = {"from": "09:30", "to": "16:00", "timezone": NEW_YORK}
"""The world's clock stands at 12:00 on a Friday in New York."""
CLOSE = {"symbol": "AAPL", "side": "sell", "position_effect": "close"}


async def follow_and_post(world: World, message: Any = ORDER, **settings: Any) -> dict[str, Any]:
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source, **settings)
    answer = await world.post(source, message)
    assert answer.status == 202, answer.text
    (plan,) = await world.plans(answer)
    return plan


async def decide(world: World, person: Person | None, plan: dict[str, Any], what: str, body: Any = None) -> AsgiAnswer:
    return await world.client(person).post(
        f"/api/v1/plans/{plan['id']}/{what}",
        json={} if body is None and what == "approve" else body,
        headers={"idempotency-key": uuid4().hex},
    )


@pytest.mark.parametrize(
    ("settings", "message", "state", "reason"),
    [
        ({}, ORDER, "approved", ""),
        ({"mode": "approve"}, ORDER, "pending", "approval_required"),
        ({"confidence_bar": "1"}, "BTO AAPL 190C 12/18 @ 3.20", "pending", "low_confidence"),
        ({"confidence_bar": "0"}, "BTO AAPL 190C @ 3.20", "pending", "option_expiry_missing"),
        ({"symbols_allowed": ["AAPL"]}, ORDER, "approved", ""),
        ({"symbols_allowed": ["MSFT"]}, ORDER, "refused", "symbol_not_allowed"),
        ({"symbols_allowed": ["MSFT"]}, "BTO AAPL 190C @ 3.20", "refused", "symbol_not_allowed"),
        ({"symbols_blocked": ["AAPL"]}, ORDER, "refused", "symbol_not_allowed"),
        ({"symbols_blocked": ["MSFT"]}, ORDER, "approved", ""),
        ({"asset_classes": ["stock"]}, ORDER, "approved", ""),
        ({"asset_classes": ["crypto"]}, ORDER, "refused", "asset_class_not_allowed"),
        ({"windows": [{"days": [5], **NEW_YORK_DAY}]}, ORDER, "approved", ""),
        ({"windows": [{"days": [1, 2, 3, 4], **NEW_YORK_DAY}]}, ORDER, "refused", "outside_window"),
        ({"windows": [{"days": [5], **NEW_YORK_DAY, "to": "12:00"}]}, ORDER, "refused", "outside_window"),
        ({"windows": [{"days": [5], **NEW_YORK_DAY, "from": "12:00"}]}, ORDER, "approved", ""),
        ({"windows": [{"days": [5], **NEW_YORK_DAY, "timezone": "Asia/Tokyo"}]}, ORDER, "refused", "outside_window"),
        ({"windows": [{"days": [4], "from": "22:00", "to": "13:00", "timezone": NEW_YORK}]}, ORDER, "approved", ""),
        ({"windows": [{**NEW_YORK_DAY, "days": [5], "from": "22:00"}]}, ORDER, "refused", "outside_window"),
        ({"windows": [{"days": [5], "from": "11:00", "to": "09:00", "timezone": NEW_YORK}]}, ORDER, "approved", ""),
        ({"windows": [{"days": [1], **NEW_YORK_DAY}, {"days": [5], **NEW_YORK_DAY}]}, ORDER, "approved", ""),
        # A close finds its way whatever the filters say.
        ({"symbols_allowed": ["MSFT"], "windows": [{"days": [1], **NEW_YORK_DAY}]}, CLOSE, "approved", ""),
        ({"exit_policy": {"use_signal_exits": False}}, CLOSE, "refused", "signal_exits_off"),
        ({"exit_policy": {"use_signal_exits": False}}, ORDER, "approved", ""),
    ],
)  # fmt: skip
async def test_state_and_reason(world: World, settings: dict[str, Any], message: Any, state: str, reason: str):
    plan = await follow_and_post(world, message, **settings)
    assert (plan["state"], plan["reason"]) == (state, reason)
    created = [event for event in world.named("plans.created") if event.payload["plan_id"] == str(plan["id"])]
    assert len(created) == (0 if state == "approved" else 1)
    accepted = world.named("signals.accepted")
    assert len(accepted) == (1 if state == "approved" else 0)


async def test_nothing_trades_without_consent_and_nothing_is_silent(world: World):
    owner = await world.person(consented=False)
    source = await world.source(owner)
    await world.follow(owner, source)
    (plan,) = await world.plans(await world.post(source, ORDER))
    assert (plan["state"], plan["reason"]) == ("refused", "consent_required")


@pytest.mark.parametrize("state", ["paused", "closed"])
async def test_an_account_that_is_not_active_refuses(world: World, state: str):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    await world.execute("update accounts set state = :state where id = :id", state=state, id=owner.account_id)
    (plan,) = await world.plans(await world.post(source, ORDER))
    assert (plan["state"], plan["reason"]) == ("refused", f"account_{state}")


async def test_one_signal_reaches_every_follower_in_its_own_way(world: World):
    owner = await world.person(partition=3)
    source = await world.source(owner, visibility=Visibility.PUBLIC)
    others = [await world.person(partition=n) for n in (1, 3, 5)]
    await world.follow(owner, source)
    for person, settings in zip(others, ({}, {}, {"mode": "approve"}), strict=True):
        await world.follow(person, source, **settings)
    answer = await world.post(source, ORDER)
    assert (await world.signal(answer))["plans"] == 4
    (event,) = world.named("signals.accepted")
    assert event.payload["partitions"] == [1, 3]
    (created,) = world.named("plans.created")
    assert created.user_id == others[2].user_id
    for person in (owner, *others):
        seen = (await world.client(person).get("/api/v1/plans")).json()["items"]
        assert [item["account_id"] for item in seen] == [str(person.account_id)]


# Decisions


async def pending(world: World, message: Any = ORDER, **settings: Any) -> tuple[Person, dict[str, Any]]:
    owner = await world.person(partition=9)
    source = await world.source(owner)
    await world.follow(owner, source, mode="approve", **settings)
    (plan,) = await world.plans(await world.post(source, message))
    assert plan["state"] == "pending"
    return owner, plan


async def test_an_approved_plan_is_ready_and_says_so(world: World):
    owner, plan = await pending(world)
    world.advance(60)
    answer = await decide(world, owner, plan, "approve")
    assert answer.status == 200, answer.text
    assert (answer.json()["state"], answer.json()["origin"], answer.json()["reason"]) == ("approved", "person", "")
    (event,) = world.named("plans.approved")
    assert event.payload == {"plan_id": str(plan["id"]), "signal_id": str(plan["signal_id"]), "partition": 9}
    async with world.database.as_engine() as session:
        (claimed,) = await claim_approved_plans(session, partitions=[9], signal_id=plan["signal_id"])
    assert (claimed.decided_at, claimed.origin) == (world.clock.now(), "person")
    row = await world.row("select decided_by from plans where id = :id", id=plan["id"])
    assert row["decided_by"] == owner.user_id


async def test_an_approval_can_complete_and_confirm_the_plan(world: World):
    owner, plan = await pending(world, "BTO AAPL 190C @ 3.20")
    assert plan["intent"]["symbol"] is None
    bare = await decide(world, owner, plan, "approve")
    assert (bare.status, bare.json()["code"], bare.json()["field"]) == (422, "incomplete_intent", "symbol")
    answer = await decide(
        world,
        owner,
        plan,
        "approve",
        {
            "intent": {"symbol": "AAPL 261218C190", "quantity": "2", "stop_loss": {"value": "40", "unit": "percent"}},
            "confirmation": {"symbol": "AAPL261218C00190000", "notional": "640", "reason": "I mean it"},
        },
    )
    assert answer.status == 200, answer.text
    intent = answer.json()["intent"]
    assert (intent["symbol"], intent["quantity"], intent["stop_loss"]["value"]) == ("AAPL261218C00190000", "2", "40")
    assert (answer.json()["sizing_mode"], answer.json()["sizing_value"]) == ("multiplier", "1")
    async with world.database.as_engine() as session:
        (claimed,) = await claim_approved_plans(session, partitions=[9], signal_id=plan["signal_id"])
    typed = {"symbol": "AAPL261218C00190000", "notional": "640", "reason": "I mean it"}
    assert claimed.confirmation == {**typed, "stepped_up": False}


async def test_an_ignored_plan_stays_ignored(world: World):
    owner, plan = await pending(world)
    assert (await decide(world, owner, plan, "ignore")).json()["state"] == "ignored"
    again = await decide(world, owner, plan, "approve")
    assert (again.status, again.json()["code"], again.json()["state"]) == (409, "plan_decided", "ignored")
    assert len(world.named("plans.ignored")) == 1
    assert world.named("plans.approved") == []


async def test_a_plan_that_is_too_old_cannot_be_approved_and_expires(world: World):
    owner, plan = await pending(world, approval_minutes=5)
    world.advance(300)
    late = await decide(world, owner, plan, "approve")
    assert (late.status, late.json()["state"]) == (409, "expired")
    async with world.database.as_engine() as session:
        assert await expire_plans(session, world.clock.now()) >= 1
    async with world.database.as_engine() as session:
        assert await expire_plans(session, world.clock.now()) == 0
    shown = await world.client(owner).get(f"/api/v1/plans/{plan['id']}")
    assert shown.json()["state"] == "expired"
    audit = await world.rows("select action from audit_events where subject = :s", s=f"plan:{plan['id']}")
    assert audit == [{"action": "plan.expired"}]


async def test_approval_needs_consent(world: World):
    owner, plan = await pending(world)
    await world.execute("update users set terms_version = 'old' where id = :id", id=owner.user_id)
    answer = await decide(world, owner, plan, "approve")
    assert (answer.status, answer.json()["code"]) == (403, "consent_required")


@pytest.mark.parametrize("what", ["approve", "ignore"])
async def test_callers_of_decisions(world: World, what: str):
    owner, plan = await pending(world)
    other = await world.person()
    assert (await decide(world, None, plan, what)).status == 401
    reader = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [Scope.READ]))
    assert (await decide(world, reader, plan, what)).status == 403
    stranger = await decide(world, other, plan, what)
    missing = await decide(world, other, {"id": uuid4()}, what)
    assert (stranger.status, stranger.json()) == (404, missing.json())
    assert (await decide(world, owner, plan, what)).status == 200


@pytest.mark.parametrize("path", ["/api/v1/plans", "/api/v1/plans/{id}"])
async def test_callers_of_reads(world: World, path: str):
    owner, plan = await pending(world)
    other = await world.person()
    path = path.format(id=plan["id"])
    assert (await world.client().get(path)).status == 401
    sender = Person(owner.user_id, owner.account_id, await world.key(owner.user_id, [Scope.SIGNALS_WRITE]))
    assert (await world.client(sender).get(path)).status == 403
    assert str(plan["id"]) not in (await world.client(other).get(path)).text
    assert str(plan["id"]) in (await world.client(owner).get(path)).text


async def test_plans_are_listed_by_state_account_and_signal_in_pages(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    sent = [(await world.post(source, {**ORDER, "id": str(n)})).json()["signal_id"] for n in range(3)]
    client = world.client(owner)
    query = {"state": "approved", "account_id": str(owner.account_id), "limit": "2"}
    first = (await client.get("/api/v1/plans", params=query)).json()
    second = (await client.get("/api/v1/plans", params={**query, "cursor": first["next_cursor"]})).json()
    assert [item["signal_id"] for page in (first, second) for item in page["items"]] == sent[::-1]
    one = (await client.get("/api/v1/plans", params={"signal_id": sent[0]})).json()["items"]
    assert [item["signal_id"] for item in one] == sent[:1]
    assert (await client.get("/api/v1/plans", params={"state": "pending"})).json()["items"] == []


# What execution does


async def ready(world: World, partition: int) -> tuple[Person, SourceAt, list[UUID]]:
    owner = await world.person(partition=partition)
    source = await world.source(owner)
    await world.follow(owner, source, exit_policy={"stop": {"value": "5", "unit": "percent"}})
    sent = [UUID((await world.post(source, {**ORDER, "id": str(n)})).json()["signal_id"]) for n in range(3)]
    return owner, source, sent


async def test_claimed_plans_carry_everything_and_are_held_by_one(world: World):
    owner, source, sent = await ready(world, 21)
    async with world.database.as_engine() as first, world.database.as_engine() as second:
        mine = await claim_approved_plans(first, partitions=[21, 22], limit=2)
        theirs = await claim_approved_plans(second, partitions=[21, 22])
        assert [plan.signal_id for plan in mine] == sent[:2]
        assert [plan.signal_id for plan in theirs] == sent[2:]
        assert await claim_approved_plans(second, partitions=[22]) == []
    plan = mine[0]
    assert (plan.user_id, plan.account_id, plan.source_id) == (owner.user_id, owner.account_id, source.id)
    assert (plan.partition, plan.venue, plan.is_paper, plan.origin) == (21, "sim", True, "automatic")
    assert (plan.source_state, plan.follow_state, plan.account_state, plan.connection_state) == ("active",) * 4
    assert (plan.intent.action, plan.intent.quantity) == (Action.OPEN_LONG, Decimal(10))
    assert (plan.sizing_mode, plan.sizing_value) == (SizingMode.FIXED_QUANTITY, Decimal(1))
    assert plan.exit_policy != ExitPolicy()
    assert (plan.may_trade, plan.is_demo, plan.confidence) == (True, False, Decimal(1))
    assert plan.expires_at - plan.received_at == timedelta(seconds=30)
    await world.execute("update users set terms_version = 'old' where id = :id", id=owner.user_id)
    async with world.database.as_engine() as session:
        (one,) = await claim_approved_plans(session, partitions=[21], signal_id=SignalId(sent[1]))
    assert (one.signal_id, one.may_trade) == (sent[1], False)


async def test_finished_plans_leave_the_queue_in_one_statement(world: World):
    owner, _, _ = await ready(world, 31)
    order = OrderId(new_id())
    async with world.database.as_engine() as session:
        claimed = await claim_approved_plans(session, partitions=[31])
        (finish,) = finishing(
            [
                PlanOutcome(claimed[0].plan_id, PlanState.EXECUTED, order_id=order),
                PlanOutcome(claimed[1].plan_id, PlanState.REFUSED, "SIGNAL_STALE"),
                PlanOutcome(claimed[2].plan_id, PlanState.PENDING, "MAX_NOTIONAL"),
            ],
        )
        await session.execute(*finish)
    assert finishing([]) == []
    async with world.database.as_engine() as session:
        assert await claim_approved_plans(session, partitions=[31]) == []
    rows = {row["id"]: row for row in await world.rows("select * from plans where user_id = :u", u=owner.user_id)}
    first, second, third = (rows[plan.plan_id] for plan in claimed)
    assert (first["state"], first["order_id"]) == ("executed", order)
    assert (second["state"], second["reason"], second["order_id"]) == ("refused", "SIGNAL_STALE", None)
    # A held plan waits as long as the follow says, not as short as the signal lived.
    assert (third["state"], third["expires_at"] - third["created_at"]) == ("pending", timedelta(minutes=10))
    assert (await decide(world, owner, {"id": third["id"]}, "approve")).status == 200


async def test_requests_cannot_write_plans_or_signals_of_their_own(world: World):
    owner, plan = await pending(world)
    for statement in (
        "insert into plans select * from plans",
        "insert into signals select * from signals",
        "update signals set state = 'ignored'",
        "delete from plans",
        "select * from signal_keys",
    ):
        async with world.database.as_user(owner.user_id) as session:
            with pytest.raises(Exception, match="permission denied"):
                async with session.undone():
                    await session.execute(sql(statement))
    assert (await world.client(owner).get(f"/api/v1/plans/{plan['id']}")).status == 200


@pytest.mark.slow
async def test_ten_thousand_followers_are_planned_at_once(world: World):
    owner = await world.person()
    source = await world.source(owner)
    ids = [new_id() for _ in range(10_000)]
    await world.execute(
        "insert into users (id, email, display_name, role, created_at, disclaimer_version, terms_version) "
        "select u, u || '@example.com', '', 'user', now(), 'v1', 'v1' from unnest(cast(:ids as uuid[])) u",
        ids=ids,
    )
    await world.execute(
        "insert into connections (id, user_id, venue, label, environment, partition, idempotency, state, created_at, "
        "updated_at) select u, u, 'sim', '', 'paper', 1, 'A', 'active', now(), now() "
        "from unnest(cast(:ids as uuid[])) u",
        ids=ids,
    )
    await world.execute(
        "insert into accounts (id, user_id, connection_id, venue, venue_account_id, label, partition, is_paper, state, "
        "created_at) select u, u, u, 'sim', 's', '', 40, true, 'active', now() from unnest(cast(:ids as uuid[])) u",
        ids=ids,
    )
    await world.execute(
        "insert into follows (id, user_id, source_id, account_id, sizing_mode, sizing_value, mode, confidence_bar, "
        "state, created_at, updated_at) select u, u, :source, u, 'fixed_quantity', 1, 'auto', 0.8, 'active', now(), "
        "now() from unnest(cast(:ids as uuid[])) u",
        ids=ids,
        source=source.id,
    )
    answer = await world.post(source, ORDER)
    assert (await world.signal(answer))["plans"] == 10_000
    async with world.database.as_engine() as session:
        assert len(await claim_approved_plans(session, partitions=[40])) == 250
    assert await world.rows("select id from plans where state <> 'approved' and partition = 40") == []
