"""The public hook: stored and planned before it is answered; every bad input gets a clear answer and is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.signals.world import NOON, ORDER, World, make_world
from tradsy.platform import failpoints
from tradsy.platform.db import Database
from tradsy.testing.engines import TestEngines


async def test_hook_becomes_signal_plan_event_and_audit_entry(world: World):
    owner = await world.person(partition=7)
    source = await world.source(owner)
    await world.follow(owner, source)
    answer = await world.post(source, ORDER)
    assert answer.status == 202, answer.text
    body = answer.json()
    assert set(body) == {"signal_id", "trace_id", "duplicate"}
    assert body["duplicate"] is False
    signal = await world.signal(answer)
    assert (signal["state"], signal["dialect"], signal["plans"]) == ("accepted", "native", 1)
    assert signal["intent"]["action"] == "open_long"
    assert signal["expires_at"] - signal["received_at"] == timedelta(seconds=30)
    (plan,) = await world.plans(answer)
    assert (plan["state"], plan["partition"], plan["reason"]) == ("approved", 7, "")
    assert plan["expires_at"] == signal["expires_at"]
    (event,) = world.named("signals.accepted")
    assert event.payload == {"signal_id": body["signal_id"], "trace_id": body["trace_id"], "partitions": [7]}
    audit = await world.rows(
        "select * from audit_events where chain_id = :u and action = 'signal.received'", u=owner.user_id
    )
    assert [entry["subject"] for entry in audit] == [f"signal:{body['signal_id']}"]


async def test_text_and_traderspost_reach_the_same_plans(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    posted = [
        ("BTO AAPL 190C 12/18 @ 3.20 SL 50%", "text", "AAPL261218C00190000"),
        ({"ticker": "NASDAQ:AAPL", "action": "buy", "takeProfit": {"percent": 4}}, "traderspost", "AAPL"),
    ]
    for message, dialect, symbol in posted:
        answer = await world.post(source, message)
        assert answer.status == 202, answer.text
        assert (await world.signal(answer))["dialect"] == dialect
        (plan,) = await world.plans(answer)
        assert (plan["state"], plan["intent"]["symbol"]) == ("approved", symbol)


async def test_chatter_and_tests_are_kept_without_plans(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    for message in ("good morning traders", {**ORDER, "test": True}):
        answer = await world.post(source, message)
        assert answer.status == 202
        assert (await world.signal(answer))["state"] == "ignored"
        assert await world.plans(answer) == []
    assert world.named("signals.accepted") == []


# R-P4


async def test_twenty_copies_at_once_are_one_signal(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    answers = await asyncio.gather(*(world.client().post(source.path, json={**ORDER, "id": "x"}) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [202]
    assert len({answer.json()["signal_id"] for answer in answers}) == 1
    assert len({answer.json()["trace_id"] for answer in answers}) == 1
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 19
    counted = await world.row("select count(*) as n from signals where source_id = :s", s=source.id)
    assert counted["n"] == 1
    assert len(world.named("signals.accepted")) == 1
    assert len(await world.plans(answers[0])) == 1


async def test_twenty_bare_copies_at_once_are_one_signal(world: World):
    source = await world.source(await world.person())
    answers = await asyncio.gather(*(world.client().post(source.path, json=ORDER) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [202]


@pytest.mark.parametrize(
    "message",
    [{**ORDER, "id": "same"}, {**ORDER, "timenow": "2026-11-20T17:00:00Z"}, {**ORDER, "time": "2026-11-20T16:59:00Z"}],
)
async def test_id_or_time_is_unique_for_ever(world: World, message: dict[str, Any]):
    source = await world.source(await world.person())
    first = await world.post(source, message)
    world.advance(90 * 86400)
    again = await world.post(source, message)
    assert (first.status, again.status) == (202, 200)
    assert again.json() == {**first.json(), "duplicate": True}


async def test_an_id_counts_alone_and_only_in_its_source(world: World):
    owner = await world.person()
    source, other = await world.source(owner), await world.source(owner)
    assert (await world.post(source, {**ORDER, "id": "1"})).status == 202
    assert (await world.post(source, {**ORDER, "id": "1", "quantity": "99"})).status == 200
    assert (await world.post(source, {**ORDER, "id": "2"})).status == 202
    assert (await world.post(other, {**ORDER, "id": "1"})).status == 202


async def test_bare_copies_are_kept_out_for_sixty_seconds_from_the_first(world: World):
    source = await world.source(await world.person())
    first = await world.post(source, ORDER)
    for _ in range(2):
        world.advance(28)
        again = await world.post(source, ORDER)
        assert (again.status, again.json()["signal_id"]) == (200, first.json()["signal_id"])
    world.advance(1)
    later = await world.post(source, ORDER)
    assert later.status == 202
    assert later.json()["signal_id"] != first.json()["signal_id"]
    assert (await world.post(source, ORDER)).json()["signal_id"] == later.json()["signal_id"]


# R-P3


async def test_an_old_signal_is_recorded_for_risk_to_refuse(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    at = NOON - timedelta(minutes=10)
    answer = await world.post(source, {**ORDER, "time": at.isoformat()})
    assert answer.status == 202
    signal = await world.signal(answer)
    assert (signal["signal_at"], signal["expires_at"]) == (at, at + timedelta(seconds=30))
    (plan,) = await world.plans(answer)
    assert plan["expires_at"] < plan["created_at"]


async def test_a_future_signal_is_refused_and_recorded(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    message = {**ORDER, "time": (NOON + timedelta(seconds=60)).isoformat()}
    answer = await world.post(source, message)
    assert (answer.status, answer.json()["reason"]) == (422, "future_signal")
    assert (await world.signal(answer))["state"] == "unreadable"
    assert await world.plans(answer) == []
    again = await world.post(source, message)
    assert (again.status, again.json()["signal_id"]) == (422, answer.json()["signal_id"])
    assert again.json()["duplicate"] is True


# Bad input


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"symbol": "CANARY-123", "side": "buy"', "malformed_json"),
        ('{"symbol": "AAPL", "side": "buy", "quantity": NaN}', "invalid_number"),
        ({**ORDER, "quantity": "-77123"}, "invalid_number"),
        ({**ORDER, "quantity": "NaN"}, "invalid_number"),
        ({**ORDER, "symbol": "CANARY-123"}, "unknown_symbol"),
        ({**ORDER, "symbol": "{{ticker}}"}, "unfilled_placeholder"),
        ({"CANARY-123": 1}, "unknown_shape"),
        ({**ORDER, "CANARY-123": 1}, "unknown_field"),
        (b"\xff\xfe\xfa", "not_utf8"),
        (b"", "empty_body"),
    ],
)
async def test_bad_input_is_kept_answered_and_never_echoed(world: World, message: Any, reason: str):
    source = await world.source(await world.person())
    answer = await world.post(source, message)
    assert answer.status == 422
    problem = answer.json()
    assert (problem["code"], problem["reason"]) == ("unreadable_signal", reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "CANARY" not in answer.text
    assert "77123" not in answer.text
    signal = await world.signal(answer)
    assert (signal["state"], signal["reasons"], str(signal["trace_id"])) == (
        "unreadable",
        [reason],
        problem["trace_id"],
    )


async def test_an_oversize_body_is_refused(world: World):
    source = await world.source(await world.person())
    assert (await world.post(source, "x" * (64 * 1024 + 1))).status == 413
    assert (await world.post(source, "x" * (64 * 1024))).status == 202


async def test_an_unknown_token_is_the_same_404_whatever_its_form(world: World):
    source = await world.source(await world.person())
    altered = source.path[:-1] + ("A" if source.path.endswith("_") else "_")
    answers = [
        await world.client().post(path, json=ORDER)
        for path in (altered, "/hooks/tradingview/x", "/hooks/tradingview/tsh_" + "A" * 32)
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


async def test_guessing_tokens_is_slowed_down(world: World):
    client = world.client()
    statuses = [(await client.post(f"/hooks/tradingview/tsh_{n:032}", json=ORDER)).status for n in range(40)]
    assert statuses[:30] == [404] * 30
    assert statuses[-1] == 429


async def test_a_source_is_limited_with_a_time_to_wait(world: World):
    source = await world.source(await world.person())
    client = world.client()
    answers = [await client.post(source.path, json={**ORDER, "id": str(n)}) for n in range(41)]
    assert [answer.status for answer in answers] == [202] * 40 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_hooks_are_taken_from_listed_addresses_alone(database: Database, engines: TestEngines):
    world = make_world(database, engines, webhook_sources="52.89.214.238, 34.212.75.30")
    source = await world.source(await world.person())
    assert (await world.post(source, ORDER)).json()["code"] == "sender_not_allowed"
    client = world.client()
    client.client = ("34.212.75.30", 40000)
    assert (await client.post(source.path, json=ORDER)).status == 202


# Who may post


async def test_a_body_secret_is_asked_for_and_never_stored(world: World):
    source = await world.source(await world.person(), with_body_secret=True)
    assert source.body_secret is not None
    assert (await world.post(source, ORDER)).json()["code"] == "body_secret_wrong"
    assert (await world.post(source, {**ORDER, "secret": "wrong"})).status == 403
    assert (await world.post(source, "{malformed")).status == 403
    right = await world.post(source, {**ORDER, "secret": source.body_secret})
    assert right.status == 202
    assert source.body_secret.encode() not in (await world.signal(right))["raw"]
    broken = await world.post(source, f'{{"secret": "{source.body_secret}", broken')
    assert broken.status == 422
    assert source.body_secret.encode() not in (await world.signal(broken))["raw"]
    text = await world.post(source, f"BTO AAPL @ 190.5 secret={source.body_secret}")
    assert text.status == 202
    assert (await world.signal(text))["raw"] == b"BTO AAPL @ 190.5 "


async def test_a_disabled_owner_has_no_hooks(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.execute("update users set state = 'disabled' where id = :id", id=owner.user_id)
    assert (await world.post(source, ORDER)).status == 404


async def test_a_paused_source_records_and_does_nothing(world: World):
    owner = await world.person()
    source = await world.source(owner)
    await world.follow(owner, source)
    await world.execute("update sources set state = 'paused' where id = :id", id=source.id)
    answer = await world.post(source, ORDER)
    assert answer.status == 202
    signal = await world.signal(answer)
    assert (signal["state"], signal["reasons"]) == ("ignored", ["source_paused"])
    assert await world.plans(answer) == []


# Faults


async def test_nothing_is_acknowledged_that_was_not_committed(world: World):
    source = await world.source(await world.person())
    failpoints.arm("before_signal_commit=raise:once")
    try:
        assert (await world.post(source, {**ORDER, "id": "lost"})).status == 500
    finally:
        failpoints.arm("")
    assert await world.rows("select id from signals where source_id = :s", s=source.id) == []
    assert world.events == []
    assert (await world.post(source, {**ORDER, "id": "lost"})).status == 202


@pytest.mark.parametrize(("point", "kept"), [("signal_received", 0), ("after_signal_commit", 1)])
async def test_fail_points_stand_where_their_names_say(world: World, point: str, kept: int):
    source = await world.source(await world.person())
    failpoints.arm(f"{point}=raise:once")
    try:
        assert (await world.post(source, {**ORDER, "id": "x"})).status == 500
    finally:
        failpoints.arm("")
    assert len(await world.rows("select id from signals where source_id = :s", s=source.id)) == kept
    assert (await world.post(source, {**ORDER, "id": "x"})).status == (200 if kept else 202)


async def test_a_lost_database_is_503_and_nothing_acknowledged_is_lost(
    world: World, engines: TestEngines, tmp_path: Path
):
    source = await world.source(await world.person())
    gone = Database(f"postgresql://postgres@/tradsy?host={tmp_path}", engines.installation)
    world.app.state.database = gone
    try:
        answer = await world.post(source, {**ORDER, "id": "x"})
        assert (answer.status, answer.json()["code"]) == (503, "unavailable")
        assert "retry-after" in answer.headers
    finally:
        world.app.state.database = world.database
        await gone.close()
    assert (await world.post(source, {**ORDER, "id": "x"})).status == 202
