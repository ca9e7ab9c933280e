"""Streams over real sockets, with a real bus and database."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest
import pytest_asyncio

from tests.integration.realtime.realtime_site import Person, Site, eventually, serve
from tradsy.domain.market import Quote
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database
from tradsy.portfolio.live import LIVE_SUBJECT
from tradsy.realtime import feed as feeds
from tradsy.realtime import gateway as gateways
from tradsy.realtime import hub as hubs
from tradsy.realtime.messages import CloseCode, server_messages
from tradsy.testing.engines import TestEngines


@pytest_asyncio.fixture(scope="module")
async def site(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    async with serve(engines, database) as site:
        yield site


@pytest_asyncio.fixture
async def person(site: Site) -> Person:
    return await site.add_person()


async def test_stream_begins_with_hello_and_snapshot(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        hello, snapshot = await client.next(), await client.next()
        await site.tell(person.user_id, "1")
        event = await client.next()
    assert (hello["type"], hello["data"]["resumed"]) == ("hello", False)
    assert set(snapshot["data"]) == {"connections", "positions", "portfolio", "kills"}
    assert event["data"]["name"] == "orders.updated"
    assert event["cursor"] > snapshot["cursor"]
    for frame in client.frames:
        server_messages.validate_python(frame)


async def test_ticket_opens_one_stream_only(site: Site, person: Person) -> None:
    ticket = await site.ticket(person)
    async with site.connect(person, ticket=ticket) as client:
        await client.next()
        assert await site.refused(person, ticket=ticket) == 403
    takers = [await site.ticket(person)] * 5
    outcomes = await asyncio.gather(*(site.refused(person, ticket=t) for t in takers))
    assert sorted(outcomes) == [101, 403, 403, 403, 403]


@pytest.mark.parametrize("ticket", ["tsw_" + "x" * 32, "nonsense", "tsw_" + "y" * 500])
async def test_unknown_ticket_is_refused(site: Site, person: Person, ticket: str) -> None:
    assert await site.refused(person, ticket=ticket) == 403


async def test_expired_ticket_is_refused(site: Site, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = await site.ticket(person)
    clock = SystemClock()

    class Later(SystemClock):
        def now(self) -> datetime:
            return clock.now() + timedelta(seconds=31)

    monkeypatch.setattr(site.gateway.tickets, "_clock", Later())
    assert await site.refused(person, ticket=ticket) == 403


async def test_tickets_need_a_signed_in_person(site: Site) -> None:
    for headers in ({}, {"authorization": "Bearer tsa_" + "0" * 32}):
        async with site.http.post(f"{site.url}/api/v1/realtime/tickets", headers=headers) as answer:
            assert answer.status == 401


async def test_foreign_origin_is_refused_and_ours_is_not(site: Site, person: Person) -> None:
    assert await site.refused(person, origin="https://evil.example") == 403
    assert await site.refused(person, origin="null") == 403
    assert await site.refused(person, origin="http://localhost:8321.evil.example") == 403
    assert await site.refused(person, origin="http://localhost:8321") == 101


async def test_each_user_sees_own_events_on_every_device(site: Site, person: Person) -> None:
    other = await site.add_person()
    async with site.connect(person) as phone, site.connect(person) as laptop, site.connect(other) as theirs:
        for client in (phone, laptop, theirs):
            await client.until(lambda f: f["type"] == "snapshot")
        await site.tell(person.user_id, "mine")
        await site.tell(other.user_id, "theirs")
        await site.tell(None, "all", name="kills.changed")
        await site.tell(None, "nobody", name="signals.accepted")
        assert await phone.events(2) == ["mine", "all"]
        assert await laptop.events(2) == ["mine", "all"]
        assert await theirs.events(2) == ["theirs", "all"]


@pytest.mark.parametrize("remembered", [True, False])
async def test_reconnect_misses_nothing(site: Site, person: Person, remembered: bool) -> None:
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await site.tell(person.user_id, "1", "2")
        await client.events(2)
        cursor = client.frames[-1]["cursor"]
    await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)
    if not remembered:
        site.gateway.hub._rings.pop(person.user_id)
    await site.tell(person.user_id, *(str(n) for n in range(3, 60)))
    await site.tell((await site.add_person()).user_id, "foreign")
    await site.tell(None, "60", name="kills.changed")
    await asyncio.wait_for(site.outbox._queue.join(), 10)
    async with site.connect(person, cursor=cursor) as again:
        hello = await again.next()
        assert hello["data"]["resumed"] is True
        assert await again.events(58) == [str(n) for n in range(3, 61)]
        await site.tell(person.user_id, "61")
        assert await again.events(1) == ["61"]
        assert all(frame["type"] in {"hello", "event", "heartbeat"} for frame in again.frames)


async def test_cursor_that_cannot_be_resumed_is_a_gap_with_a_snapshot(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.tell(person.user_id, "1", "2", "3")
    await asyncio.wait_for(site.outbox._queue.join(), 10)
    state = (await site.bus.js.stream_info("TRADSY_EVENTS")).state
    monkeypatch.setattr(gateways, "REPLAY_LIMIT", 2)
    for cursor in (state.last_seq + 1_000_000, state.last_seq - 3):
        site.gateway.hub._rings.pop(person.user_id, None)
        async with site.connect(person, cursor=cursor) as client:
            kinds = [(await client.next())["type"] for _ in range(3)]
            assert kinds == ["hello", "gap", "snapshot"]
            assert client.frames[1]["data"] == {"after": cursor}
        await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)


async def test_events_while_the_snapshot_is_made_are_not_lost(site: Site, person: Person) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> list[str]:
        started.set()
        await go.wait()
        return []

    site.gateway._snapshots["slow"] = slow
    try:
        async with site.connect(person) as client:
            await started.wait()
            await site.tell(person.user_id, *(str(n) for n in range(300)))
            await asyncio.wait_for(site.outbox._queue.join(), 10)
            go.set()
            assert await client.events(300) == [str(n) for n in range(300)]
    finally:
        del site.gateway._snapshots["slow"]


async def test_lost_stream_is_told_to_everyone(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        site.gateway._tail._on_gap(7)
        assert [(await client.next())["type"] for _ in range(2)] == ["gap", "snapshot"]
        await site.tell(person.user_id, "after")
        assert await client.events(1) == ["after"]


async def test_tail_goes_on_where_it_was_when_its_consumer_is_gone(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await site.tell(person.user_id, "1")
        assert await client.events(1) == ["1"]
        consumer = site.gateway._tail._consumer
        assert consumer is not None
        await site.bus.js.delete_consumer("TRADSY_EVENTS", consumer)
        await site.tell(person.user_id, "2", "3")
        assert await client.events(2) == ["2", "3"]


async def test_tail_rests_while_nobody_listens_and_who_returns_misses_nothing(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await site.tell(person.user_id, "1")
        cursor = (await client.until(lambda f: f["type"] == "event"))["cursor"]
    await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)
    # Who left a moment ago is expected back.
    await site.gateway.rest()
    assert site.gateway._tail.is_running
    monkeypatch.setattr(hubs, "RING_LIFE", -1.0)
    await site.gateway.rest()
    assert not site.gateway._tail.is_running
    await site.tell(person.user_id, "2", "3")
    await asyncio.wait_for(site.outbox._queue.join(), 10)
    async with site.connect(person, cursor=cursor) as client:
        assert await client.events(2) == ["2", "3"]
        await site.tell(person.user_id, "4")
        assert await client.events(1) == ["4"]


async def test_stalled_client_is_let_go_and_delays_nobody(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "QUEUE_LIMIT", 20)
    url = urlsplit(site.url)
    ticket = await site.ticket(person)
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (url.hostname, url.port))
    handshake = (
        f"GET /ws?ticket={ticket} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(raw, handshake.encode())
    hub = site.gateway.hub
    await eventually(lambda: hub.count(person.user_id) == 1)
    (stalled,) = hub.feeds
    try:
        async with site.connect(person) as client:
            await client.until(lambda f: f["type"] == "snapshot")
            sent = 0
            async with asyncio.timeout(30):
                while stalled.closed is None:
                    batch = [f"{sent + n}-" + "x" * 20_000 for n in range(10)]
                    await site.tell(person.user_id, *batch)
                    assert await client.events(10) == batch  # the other one gets each of them at once
                    sent += 10
            assert stalled.closed.code is CloseCode.TRY_AGAIN
            assert stalled.closed.reason == f"too slow; cursor={stalled.cursor}"
            await eventually(lambda: hub.count(person.user_id) == 1)
    finally:
        raw.close()


async def test_revoked_session_ends_its_streams_within_five_seconds(site: Site, person: Person) -> None:
    second = await site.sign_in(person.user_id)
    async with site.connect(person) as client, site.connect(second) as other:
        await client.until(lambda f: f["type"] == "snapshot")
        await other.until(lambda f: f["type"] == "snapshot")
        await site.revoke(person)
        async with asyncio.timeout(5):
            assert await client.closing_code() == CloseCode.SESSION_ENDED
        await site.tell(person.user_id, "still")
        assert await other.events(1) == ["still"]


async def test_renewed_stream_outlives_its_first_session(site: Site, person: Person) -> None:
    second, stranger = await site.sign_in(person.user_id), await site.add_person()
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await client.socket.send_json({"type": "renew", "ticket": await site.ticket(second)})
        (feed,) = [f for f in site.gateway.hub.feeds if f.holder.user_id == person.user_id]
        await eventually(lambda: feed.holder.session_id == second.pair.session_id)
        await site.revoke(person)
        await site.gateway.end_dead_sessions()
        await site.tell(person.user_id, "on")
        assert await client.events(1) == ["on"]
        await client.socket.send_json({"type": "renew", "ticket": await site.ticket(stranger)})
        assert await client.closing_code() == CloseCode.VIOLATION


async def test_one_user_has_ten_streams_at_most(site: Site, person: Person) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            client = await stack.enter_async_context(site.connect(person))
            await client.next()
        extra = await stack.enter_async_context(site.connect(person))
        assert await extra.closing_code() == CloseCode.TOO_MANY
        async with site.http.get(f"{site.url}/api/v1/realtime/events", headers=person.headers) as answer:
            assert answer.status == 409
            assert (await answer.json())["code"] == "too_many_streams"


@pytest.mark.parametrize(
    "message", ["not json", '{"type":"order"}', '{"type":"watch","symbols":["A"],"user_id":"x"}', "[" * 1000]
)
async def test_message_that_is_not_understood_ends_the_stream(site: Site, person: Person, message: str) -> None:
    async with site.connect(person) as client:
        await client.next()
        await client.socket.send_str(message)
        assert await client.closing_code() == CloseCode.VIOLATION


async def test_big_and_binary_messages_end_the_stream(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        await client.socket.send_str("x" * 70_000)
        assert await client.closing_code() == CloseCode.TOO_BIG
    async with site.connect(person) as client:
        await client.socket.send_bytes(b"{}")
        assert await client.closing_code() == CloseCode.VIOLATION


async def test_flood_of_messages_ends_the_stream(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        for _ in range(101):
            await client.socket.send_json({"type": "ping"})
        assert await client.closing_code() == CloseCode.VIOLATION


def quote(symbol: str, last: int) -> Quote:
    return Quote(symbol, Decimal(last) - 1, Decimal(last) + 1, Decimal(last), datetime(2026, 11, 20, tzinfo=UTC))


async def test_prices_are_throttled_and_only_of_watched_symbols(site: Site, person: Person) -> None:
    site.quotes.put(quote("AAPL", 229))
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await client.socket.send_json({"type": "watch", "symbols": ["AAPL", "BTC/USD"]})
        first = await client.next()
        assert [q["last"] for q in first["data"]["quotes"]] == ["229"]
        began = asyncio.get_running_loop().time()
        for n in range(500):
            for symbol in ("AAPL", "BTC/USD", "MSFT"):
                site.quotes.put(quote(symbol, 1000 + n))
            if n % 50 == 0:
                await asyncio.sleep(0.01)
        last = await client.until(lambda f: any(q["last"] == "1499" for q in f["data"]["quotes"]))
        took = asyncio.get_running_loop().time() - began
        lives = [f for f in client.frames if f["type"] == "live"]
        assert len(lives) - 1 <= took / 0.1 + 2
        assert {q["symbol"] for f in lives for q in f["data"]["quotes"]} == {"AAPL", "BTC/USD"}
        server_messages.validate_python(last)
        # An event does not wait for the throttle.
        await site.tell(person.user_id, "now")
        assert await client.events(1) == ["now"]
        await client.socket.send_json({"type": "watch", "symbols": []})
        await eventually(lambda: not site.gateway.hub._watchers)


async def test_profits_reach_their_user_alone(site: Site, person: Person) -> None:
    other = await site.add_person()
    async with site.connect(person) as client, site.connect(other) as theirs:
        await client.until(lambda f: f["type"] == "snapshot")
        await theirs.until(lambda f: f["type"] == "snapshot")
        figures = {"account_id": "a", "unrealized_pnl": "1.5"}
        await site.bus.client.publish(f"{LIVE_SUBJECT}.{person.user_id}", orjson.dumps({"accounts": [figures]}))
        assert (await client.next())["data"] == {"quotes": [], "accounts": [figures]}
        await site.tell(other.user_id, "own")
        assert (await theirs.next())["type"] == "event"


async def test_heartbeats_show_that_the_link_lives(site: Site, person: Person) -> None:
    async with site.connect(person) as client:
        await client.until(lambda f: f["type"] == "snapshot")
        await client.socket.send_json({"type": "ping"})
        frame = orjson.loads((await client.socket.receive(timeout=2)).data)
        assert frame["type"] == "heartbeat"


async def _read_sse(answer: aiohttp.ClientResponse, count: int) -> list[tuple[int, dict[str, Any]]]:
    found: list[tuple[int, dict[str, Any]]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            identity = int((await answer.content.readline()).removeprefix(b"id: "))
            frame = orjson.loads((await answer.content.readline()).removeprefix(b"data: "))
            await answer.content.readline()
            if frame["type"] != "heartbeat":
                found.append((identity, frame))
    return found


async def test_sse_resumes_after_the_last_event_id(site: Site, person: Person) -> None:
    url = f"{site.url}/api/v1/realtime/events"
    async with site.http.get(url) as answer:
        assert answer.status == 401
    async with site.http.get(url, headers=person.headers) as answer:
        assert answer.content_type == "text/event-stream"
        begun = await _read_sse(answer, 2)
        assert [frame["type"] for _, frame in begun] == ["hello", "snapshot"]
        await site.tell(person.user_id, "1")
        ((cursor, event),) = await _read_sse(answer, 1)
        assert event["cursor"] == cursor
    await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)
    await site.tell(person.user_id, "2", "3")
    async with site.http.get(url, headers={**person.headers, "last-event-id": str(cursor)}) as answer:
        frames = [frame for _, frame in await _read_sse(answer, 3)]
    assert [f["data"]["payload"]["n"] for f in frames[1:]] == ["2", "3"]
    await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)


async def test_sse_of_a_revoked_session_ends(site: Site, person: Person) -> None:
    async with site.http.get(f"{site.url}/api/v1/realtime/events", headers=person.headers) as answer:
        await _read_sse(answer, 2)
        await site.revoke(person)
        async with asyncio.timeout(5):
            while await answer.content.readline():
                pass


async def test_rings_of_users_who_left_are_forgotten(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site.connect(person) as client:
        await client.next()
    await eventually(lambda: site.gateway.hub.count(person.user_id) == 0)
    assert person.user_id in site.gateway.hub._rings
    monkeypatch.setattr(hubs, "RING_LIFE", -1.0)
    site.gateway.hub.forget_old()
    assert person.user_id not in site.gateway.hub._rings
