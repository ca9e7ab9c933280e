"""`tradsy bench chaos`: kills everything under load, again and again, and then asks what became of the money."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tradsy.audit.errors import AuditBroken
from tradsy.audit.notes import NoteSigner
from tradsy.audit.verification import verify_all
from tradsy.bench.checker import Violation, check, check_audit_rows, read_books
from tradsy.bench.generator import read_results, write_plan
from tradsy.bench.provision import Trader, provision
from tradsy.bench.roles import PATIENCE, Parts, Role, kill, replaced, send
from tradsy.bench.site import BenchFailed, SideDoor, data_folder, side_door
from tradsy.bench.storm import FAULTS, POINTS, SETTLE_SECONDS, VICTIMS, Step, make_shots, make_steps
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.identity.legal import publish_documents
from tradsy.platform.db import DatabaseError, sql
from tradsy.risk.limits import PLATFORM_CAPS
from tradsy.sandbox.truth import read_truth

CLASSES = (IdempotencyClass.STRONG, IdempotencyClass.WEAK, IdempotencyClass.NONE)
POINT_SECONDS = 20.0
"""How long a run waits for an armed point to be reached before it goes on without."""
POINT_TRIES = 3
SECONDS_PER_KILL = 8.0
BACKLOG_SECONDS = 300.0
"""How long signals that piled up may take to be answered once nothing dies any more."""
STALL_SECONDS = 7.0
"""Longer than a lease: the stalled worker wakes up to find another owner."""


@dataclass(frozen=True, slots=True)
class Storm:
    """What a run is made of."""

    kills: int
    seed: int
    rate: float = 50
    accounts: int = 0
    """0 takes as many as default limits ask for."""
    victims: Sequence[str] = VICTIMS
    plant: str | None = None
    faults: Sequence[Mapping[str, Any]] = FAULTS
    grace: float = 120
    """Seconds that the product has to make good what the faults left, once they have stopped."""
    minimum: float = 10
    """Seconds that the load lasts at least."""
    say: Callable[[str], None] = print


@dataclass(slots=True)
class Run:
    """One run under way."""

    storm: Storm
    parts: Parts
    door: SideDoor
    results_path: Path
    killed: Counter[str] = field(default_factory=Counter[str])
    missed: Counter[str] = field(default_factory=Counter[str])

    @property
    def points(self) -> Counter[str]:
        """How often each fail point ended a process."""
        path = self.parts.journal_path
        return Counter(line.split()[0] for line in path.read_text().splitlines()) if path.exists() else Counter()

    # The storm

    async def strike(self, step: Step) -> None:
        """Do one step, and wait until what died runs again."""
        await asyncio.sleep(step.pause)
        if step.point is not None:
            # A worker that came late may own nothing and pass nowhere: then the other one is made to.
            for _ in range(POINT_TRIES):
                if await self._die_at(step.victim, step.point):
                    break
            else:
                self.missed[step.point] += 1
        elif step.victim == "stall":
            await self._stall()
        else:
            kinds = ("api", "worker", "postgres", "nats") if step.victim == "all" else (step.victim,)
            chosen = [child for kind in kinds for child in self._some(kind, everyone=step.victim == "all")]
            self.killed[step.victim] += 1
            await kill(chosen)

    def _some(self, kind: str, *, everyone: bool) -> list[Any]:
        children = self.parts.children(kind)
        turn = sum(self.killed.values())
        return children if everyone else [children[turn % len(children)]]

    async def _stall(self) -> None:
        children = self.parts.children("worker")
        pid = children[sum(self.killed.values()) % len(children)].pid
        self.killed["stall"] += 1
        send(pid, signal.SIGSTOP)
        await asyncio.sleep(STALL_SECONDS)
        send(pid, signal.SIGCONT)
        await asyncio.sleep(1)

    async def _die_at(self, kind: str, point: str) -> bool:
        """Start a process of the kind with the point armed, and wait until it has died there; tell whether it did."""
        roles = [role for name, role in self.parts.roles.items() if name.startswith(kind)]
        role = roles[sum(self.killed.values()) % len(roles)]
        role.environment["TRADSY_FAILPOINTS"] = f"{point}=kill:once"
        role.environment["TRADSY_FAILPOINTS_JOURNAL"] = str(self.parts.journal_path)
        self.killed[kind] += 1
        pid = role.child.pid
        send(pid, signal.SIGKILL)
        await replaced(role.child, pid)
        del role.environment["TRADSY_FAILPOINTS"]
        armed = role.child.pid
        if point == "during_shutdown":
            await self._await_ownership(role)
            send(armed, signal.SIGTERM)
        deadline = time.monotonic() + POINT_SECONDS
        # The journal alone would not tell: a process armed earlier, which passed nowhere then, may strike meanwhile.
        while role.child.pid == armed and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        died = role.child.pid != armed
        if died:
            self.killed["point"] += 1
            await replaced(role.child, armed)
        await asyncio.wait_for(role.child.ready.wait(), PATIENCE)
        return died

    async def _await_ownership(self, role: Role) -> None:
        """Wait until the process handles signals: a worker does once it has announced itself."""
        deadline = time.monotonic() + POINT_SECONDS
        while time.monotonic() < deadline:
            status = await asyncio.to_thread(Path(f"/proc/{role.child.pid}/status").read_text)
            caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
            if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
                await asyncio.sleep(3)
                return
            await asyncio.sleep(0.1)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the venue's control API."""
        url = self.parts.sim.control_url + path
        async with self.door.http.request(method, url, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    # The proof

    def acknowledged(self) -> set[str]:
        """Return the signals that were answered as stored."""
        results = read_results(self.results_path)
        return {result.signal_id for result in results if result.status in {200, 202} and result.signal_id}

    async def look(self) -> list[Violation]:
        """Return what is wrong now."""
        async with self.door.database.as_engine() as session:
            await session.execute(sql("set transaction isolation level repeatable read, read only"))
            books = await read_books(session)
            violations = await check_audit_rows(session)
        truth = await asyncio.to_thread(read_truth, self.parts.truth_path)
        return violations + await asyncio.to_thread(check, books, truth, self.acknowledged())

    async def heal(self) -> list[Violation]:
        """Wait until nothing is wrong or the grace is over; return what is left."""
        deadline = time.monotonic() + self.storm.grace
        while True:
            try:
                violations = await self.look()
            except (DatabaseError, OSError) as error:
                violations = [Violation("R-I3", "database", type(error).__name__)]
            if not violations or time.monotonic() > deadline:
                return violations
            await asyncio.sleep(1)

    async def fingerprint(self) -> dict[str, str]:
        """Return a digest of everything that a restart must leave as it is."""
        statements = {
            "orders": "select md5(string_agg(o::text, '' order by id)) from (select id, state, cumulative_quantity, "
            "venue_order_id, client_order_id from orders) o",
            "executions": "select md5(string_agg(e::text, '' order by id)) from executions e",
            "positions": "select md5(string_agg(p::text, '' order by account_id, symbol)) from "
            "(select account_id, symbol, quantity, average_price from positions) p",
            # What waits for a person expires by itself, however often anything is restarted.
            "plans": "select md5(string_agg(p::text, '' order by id)) from "
            "(select id, replace(state, 'expired', 'pending') as state, order_id from plans) p",
            "signals": "select count(*)::text from signals",
            "transitions": "select count(*)::text from order_events",
        }
        async with self.door.database.as_engine() as session:
            found = {
                name: str((await session.execute(sql(statement))).scalar()) for name, statement in statements.items()
            }
        truth = await asyncio.to_thread(read_truth, self.parts.truth_path)
        return {**found, "venue orders": str(len(truth.orders)), "venue requests": str(len(truth.requests))}

    async def check_restarts(self, traders: Sequence[Trader]) -> list[Violation]:
        """R-I14: two restarts in a row change nothing."""
        before = await self.fingerprint()
        for _ in range(2):
            since = self.door.clock.now()
            await self.parts.restart_roles()
            await self.await_opening(traders, since)
        after = await self.fingerprint()
        return [
            Violation("R-I14", name, f"was {before[name]}, is {after[name]} after two restarts")
            for name in before
            if before[name] != after[name]
        ]

    async def await_opening(self, traders: Sequence[Trader], since: datetime) -> None:
        """Wait until every account was reconciled by its new owner."""
        statement = sql("select count(*) from reconciliations where good_at > :since")
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.door.database.as_engine() as session:
                    if (await session.execute(statement, {"since": since})).scalar_one() >= len(traders):
                        return
                await asyncio.sleep(0.2)

    async def check_audit(self) -> tuple[list[Violation], int]:
        """R-I8: the chains, the tree and the checkpoints verify."""
        try:
            async with self.door.database.as_engine() as session:
                key = NoteSigner(self.parts.installation).public_key
                verified = await verify_all(session, public_key=key)
        except AuditBroken as error:
            return [Violation("R-I8", "audit log", error.detail)], 0
        return [], verified.events


@asynccontextmanager
async def generator(run: Run, traders: Sequence[Trader], seconds: float) -> AsyncGenerator[None]:
    """Keep the load up while the block runs; what is under way then is still answered."""
    plan = run.parts.folder / "plan.json"
    write_plan(plan, run.parts.urls, make_shots(traders, rate=run.storm.rate, seconds=seconds), retry=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradsy.bench.generator", str(plan), str(run.results_path)
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), BACKLOG_SECONDS)
        except TimeoutError:
            process.kill()
            raise BenchFailed(f"signals are still unanswered {BACKLOG_SECONDS:.0f} s after the last blow") from None


async def chaos(data: Path | None, storm: Storm) -> dict[str, Any]:
    """Run the storm and return the report; `violations` tells whether the product stood."""
    storm.say(f"seed {storm.seed}")
    async with data_folder(data) as folder:
        parts = Parts(folder, storm.seed, storm.plant)
        try:
            await parts.start_engines()
            async with side_door(parts.settings, parts.addresses) as door:
                run = Run(storm, parts, door, folder / "results.jsonl")
                return await _weather(run)
        finally:
            await parts.stop()


async def _weather(run: Run) -> dict[str, Any]:
    storm, started = run.storm, time.monotonic()
    steps = make_steps(storm.kills, storm.seed, storm.victims) if storm.kills else []
    seconds = storm.minimum + len(steps) * (SECONDS_PER_KILL + POINT_SECONDS)
    count = storm.accounts or max(int(storm.rate * 2), 30)
    async with run.door.database.as_engine() as session:
        # The product's own start does this; here users are made before any of its processes runs.
        await publish_documents(session, at=run.door.clock.now())
    traders = await provision(
        run.door,
        count,
        sources_each=2,
        classes=CLASSES,
        settle_seconds=SETTLE_SECONDS,
        # Accounts that have used up their day would send nothing more, and no process would pass its fail point.
        orders_per_day=PLATFORM_CAPS.max_orders_per_day,
    )
    random.Random(storm.seed).shuffle(traders)  # noqa: S311 - mixes the classes
    since = run.door.clock.now()
    await run.parts.start_roles()
    await run.await_opening(traders, since)
    for fault in storm.faults:
        await run.control("POST", "/fault", fault)
    storm.say(f"{count} accounts open after {time.monotonic() - started:.0f} s, {len(steps)} steps")
    async with generator(run, traders, seconds):
        calm = time.monotonic() + storm.minimum
        for number, step in enumerate(steps, 1):
            storm.say(f"{number}/{len(steps)} {step.victim}{f' at {step.point}' if step.point else ''}")
            await run.strike(step)
        await asyncio.sleep(max(calm - time.monotonic(), 0))
    await run.control("DELETE", "/fault")
    healing = time.monotonic()
    violations = await run.heal()
    healed = time.monotonic() - healing
    if not violations:
        violations += await run.check_restarts(traders)
        violations += await run.heal()
    broken, events = await run.check_audit()
    violations += broken
    return await _report(run, violations, events, healed, time.monotonic() - started)


async def _report(
    run: Run, violations: Sequence[Violation], audited: int, healed: float, seconds: float
) -> dict[str, Any]:
    results = read_results(run.results_path)
    async with run.door.database.as_engine() as session:
        rows = await session.execute(sql("select state, count(*) from orders group by 1 order by 1"))
        states = {str(state): int(count) for state, count in rows}
        rows = await session.execute(
            sql("select state || ' ' || reason, count(*) from plans group by 1 order by 2 desc limit 12")
        )
        plans = {str(outcome).strip(): int(count) for outcome, count in rows}
    if not states:
        raise BenchFailed(f"no order was made, so nothing is proved; plans: {plans}")
    for violation in violations:
        run.storm.say(str(violation))
    return {
        "seed": run.storm.seed,
        "kills": sum(run.killed.values()),
        "killed": dict(run.killed),
        "points": {point: run.points[point] for point in POINTS},
        "points_missed": dict(run.missed),
        "signals": len(results),
        "acknowledged": len(run.acknowledged()),
        "answers": dict(Counter(str(result.status) for result in results)),
        "retried": sum(result.tries > 1 for result in results),
        "plans": plans,
        "orders": states,
        "audit_events": audited,
        "violations": len(violations),
        "violated": dict(Counter(violation.invariant for violation in violations)),
        "healed_after": round(healed, 1),
        "seconds": round(seconds, 1),
        "cores": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }
