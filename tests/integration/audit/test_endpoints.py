"""The routes, over real rows: own chain only, admins on record, downloads that verify."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest_asyncio
from fastapi import FastAPI, Header

from tests.integration.audit.audit_cases import checkpoint, make_installation, record
from tradsy.audit import verifier
from tradsy.audit.checkpoints import Checkpointer
from tradsy.audit.deps import AuditReader, get_reader
from tradsy.audit.endpoints import router
from tradsy.audit.service import SYSTEM_CHAIN
from tradsy.domain.ids import UserId
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database
from tradsy.platform.ids import new_id
from tradsy.platform.web import install_web
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines


class Api:
    """A small application whose caller is named by headers."""

    def __init__(self, database: Database, folder: Path) -> None:
        installation = make_installation(folder)
        self.checkpointer = Checkpointer(database, installation, SystemClock())
        self.app = FastAPI()
        self.app.state.database = database
        self.app.state.installation = installation
        self.app.state.clock = SystemClock()
        install_web(self.app, installation.settings)
        self.app.include_router(router, prefix="/api/v1")

        async def read_caller(
            x_user: Annotated[UUID, Header()], x_admin: Annotated[bool, Header()] = False
        ) -> AsyncGenerator[AuditReader]:
            async with database.as_user(UserId(x_user)) as session:
                yield AuditReader(UserId(x_user), f"user:{x_user}", x_admin, session)

        self.bind = lambda: self.app.dependency_overrides.__setitem__(get_reader, read_caller)

    async def get(self, path: str, user: UUID, *, admin: bool = False, **query: Any) -> AsgiAnswer:
        headers = {"X-User": str(user), "X-Admin": str(admin).lower()}
        params = {name: str(value) for name, value in query.items()}
        return await AsgiClient(self.app).get(f"/api/v1/audit{path}", headers=headers, params=params)


@pytest_asyncio.fixture
async def api(engines: TestEngines, tmp_path: Path) -> AsyncGenerator[Api]:
    async with engines.database() as database:
        api = Api(database, tmp_path)
        api.bind()
        yield api


async def test_unbound_routes_let_nobody_in(database: Database, tmp_path: Path) -> None:
    api = Api(database, tmp_path)
    assert (await api.get("/events", new_id())).status == 401


async def test_pages_through_own_events_newest_first(api: Api) -> None:
    user, other = new_id(), new_id()
    await record(api.app.state.database, [user, other], 7)
    await checkpoint(api.checkpointer)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await api.get("/events", user, **query)).json()
        seen += [item["seq"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    (item,) = (await api.get("/events", user, subject="order:4", action="order.accepted")).json()["items"]
    assert item["seq"] == 5
    assert item["data"] == {"n": 4, "note": 'ü "x"\n€', "price": "187.25"}
    assert item["position"] is not None
    assert (await api.get("/events", user, until="2020-01-01T00:00:00Z")).json()["items"] == []
    assert (await api.get("/events", user, since="2020-01-01T00:00:00")).status == 422
    assert (await api.get("/events", user, cursor="AAAA")).status == 422


async def test_admin_reads_another_chain_and_leaves_a_record_there(api: Api) -> None:
    user, admin = new_id(), new_id()
    await record(api.app.state.database, [user, SYSTEM_CHAIN], 2)
    path = f"/chains/{user}/events"
    assert (await api.get(path, admin, reason="ticket 4711")).status == 403
    assert (await api.get(path, admin, admin=True)).status == 422
    answer = await api.get(path, admin, admin=True, reason="ticket 4711")
    assert [item["seq"] for item in answer.json()["items"]] == [2, 1]
    newest = (await api.get("/events", user)).json()["items"][0]
    assert (newest["actor"], newest["action"]) == (f"user:{admin}", "audit.read_by_admin")
    assert newest["data"] == {"reason": "ticket 4711", "events": 2}
    system = await api.get(f"/chains/{SYSTEM_CHAIN}/events", admin, admin=True, reason="weekly review")
    assert len(system.json()["items"]) == 2
    unknown = await api.get(f"/chains/{new_id()}/events", admin, admin=True, reason="ticket 4711")
    assert unknown.status == 404


async def test_downloads_verify_alone(api: Api, tmp_path: Path) -> None:
    user = new_id()
    await record(api.app.state.database, [user, new_id()], 20)
    first = await checkpoint(api.checkpointer)
    await record(api.app.state.database, [new_id(), user], 5)
    await checkpoint(api.checkpointer)
    files = {name: tmp_path / name for name in ("export.jsonl", "pin.txt", "check.py")}
    export = await api.get("/export", user, pin=first.size)
    assert export.headers["content-type"] == "application/x-ndjson"
    files["export.jsonl"].write_bytes(export.body)
    files["check.py"].write_bytes((await api.get("/verifier", user)).body)
    listed = (await api.get("/checkpoints", user)).json()["items"]
    assert [item["size"] for item in listed] == [50, 40]
    daily = (await api.get("/checkpoints", user, daily=True)).json()["items"]
    assert [item["note"] for item in daily] == [first.note]
    files["pin.txt"].write_text(daily[0]["note"], encoding="utf-8")
    key = (await api.get("/key", user)).json()["public_key"]
    command = [sys.executable, "-I", str(files["check.py"]), str(files["export.jsonl"])]
    options = ["--pin", str(files["pin.txt"]), "--key", key]
    done = await asyncio.to_thread(subprocess.run, [*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    # The export itself is on record, as the newest event.
    assert verifier.verify(export.body).events == 26
    newest = (await api.get("/events", user, limit=1)).json()["items"][0]
    assert newest["action"] == "audit.exported"


async def test_checks_a_chain_and_tells_what_is_wrong(api: Api, tmp_path: Path) -> None:
    user = new_id()
    await record(api.app.state.database, [user], 4)
    made = await checkpoint(api.checkpointer)
    answer = (await api.get("/verify", user)).json()
    assert answer == {
        "verified": True, "reason": "", "chain_id": str(user), "events": 4, "covered": 4, "size": made.size
    }  # fmt: skip
    # A server with another key can no longer vouch for the stored checkpoint.
    api.app.state.installation = make_installation(tmp_path / "stranger")
    answer = (await api.get("/verify", user)).json()
    assert answer["verified"] is False
    assert "signature" in answer["reason"]
