from __future__ import annotations

from uuid import uuid4

from tests.integration.signals.world import ORDER, World
from tradsy.follows.tasks import expire_plans
from tradsy.platform.jobs import JobContext
from tradsy.signals.tasks import purge_keys


async def test_only_keys_whose_minute_is_over_are_purged(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.post(source, ORDER)
    named = {**ORDER, "id": "kept"}
    await world.post(source, named)
    world.advance(120)
    fresh = await world.post(source, {**ORDER, "quantity": "11"})
    world.advance(30)
    await purge_keys.run(JobContext(uuid4(), 1, world.database, world.clock))
    assert len(await world.rows("select key from signal_keys where source_id = :s", s=source.id)) == 2
    world.advance(20)
    assert (await world.post(source, {**ORDER, "quantity": "11"})).json()["signal_id"] == fresh.json()["signal_id"]
    assert (await world.post(source, named)).status == 200


async def test_plans_expire_in_the_background(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source, mode="approve", approval_minutes=1)
    answer = await world.post(source, ORDER)
    context = JobContext(uuid4(), 1, world.database, world.clock)
    await expire_plans.run(context)
    (plan,) = await world.plans(answer)
    assert plan["state"] == "pending"
    world.advance(60)
    await expire_plans.run(context)
    (plan,) = await world.plans(answer)
    assert plan["state"] == "expired"
