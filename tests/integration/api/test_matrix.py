"""Every route x every kind of caller, generated from the OpenAPI document (8.2.1, 8.2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.integration.api.ground import Ground, Person, idem, is_problem
from tests.integration.api.matrix import HALT, MATRIX, Entry
from tests.integration.api.surface import API, Operation
from tradsy.identity.model import Scope
from tradsy.testing.asgi import AsgiAnswer, AsgiClient

STREAMS = {"GET /realtime/events"}
"""An answer that does not end; its own module reads it."""
LACKING = {"read": [Scope.SIGNALS_WRITE], "trade": [Scope.READ], "signals:write": [Scope.READ, Scope.TRADE]}
OWNED = [name for name, entry in MATRIX.items() if "_id}" in name and entry.names_things]
SUBJECTS = [name for name in MATRIX if "{subject}" in name]
SECURED = [name for name, entry in MATRIX.items() if entry.need != "open"]
UNSAFE = [name for name in SECURED if not name.startswith("GET")]


@pytest_asyncio.fixture(scope="module")
async def owner(ground: Ground) -> Person:
    """Somebody who owns one of everything."""
    return await ground.person()


@pytest_asyncio.fixture(scope="module")
async def stranger(ground: Ground) -> Person:
    """Another tenant, with the same."""
    return await ground.person()


def operation(ground: Ground, name: str) -> Operation:
    (found,) = [o for o in ground.operations if o.name == name and o.path.startswith(API)]
    return found


async def call(
    client: AsgiClient,
    found: Operation,
    entry: Entry,
    person: Person,
    *,
    ids: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsgiAnswer:
    """Call a route as `person` rightly would, on the things that `ids` name."""
    values = {"subject": person.ids["account_id"], **person.ids, **(ids or {}), **(entry.path or {})}
    url = found.url(values) + (f"?{entry.query.format_map(values)}" if entry.query else "")
    body = entry.body(person) if entry.body else None
    sent = {**(idem() if found.is_unsafe else {}), **(headers or {})}
    return await client.request(found.method, url, json=body, headers=sent)


def refused(answer: AsgiAnswer, status: int, code: str | None = None) -> None:
    assert answer.status == status, answer.text
    assert is_problem(answer)
    if code is not None:
        assert answer.json()["code"] == code


def test_every_route_has_a_row_and_every_row_a_route(ground: Ground):
    routes = {o.name for o in ground.operations if o.path.startswith(API)}
    assert routes == set(MATRIX)


def test_open_rows_are_the_open_routes(ground: Ground):
    for name, entry in MATRIX.items():
        assert operation(ground, name).is_secured == (entry.need != "open"), name


@pytest.mark.parametrize("name", SECURED)
async def test_nobody_is_let_in(ground: Ground, owner: Person, name: str):
    found, entry = operation(ground, name), MATRIX[name]
    for client in (
        ground.program(),
        ground.program("tsk_" + "A" * 43),
        ground.program(owner.trader.api_key[:-1] + "~"),
        ground.browser("tss_" + "A" * 43),
        ground.program(""),
    ):
        answer = await call(client, found, entry, owner)
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", SECURED)
async def test_a_key_without_the_right_is_refused(ground: Ground, owner: Person, name: str):
    found, entry = operation(ground, name), MATRIX[name]
    scopes = LACKING.get(entry.need.removeprefix("admin "), list(LACKING["signals:write"]))
    key = await ground.key(owner.trader.user_id, scopes)
    answer = await call(ground.program(key), found, entry, owner)
    refused(answer, 403)


@pytest.mark.parametrize("name", [name for name, entry in MATRIX.items() if entry.need.startswith("admin")])
async def test_only_admins_pass_as_such(ground: Ground, owner: Person, name: str):
    found, entry = operation(ground, name), MATRIX[name]
    refused(await call(ground.browser(owner.session), found, entry, owner), 403)


@pytest.mark.parametrize("name", OWNED)
async def test_things_of_others_are_as_unknown_as_missing_ones(
    ground: Ground, owner: Person, stranger: Person, name: str
):
    found, entry = operation(ground, name), MATRIX[name]
    client = ground.browser(owner.session)
    foreign = await call(client, found, entry, owner, ids=stranger.ids)
    missing = await call(client, found, entry, owner, ids={key: str(uuid4()) for key in stranger.ids})
    refused(foreign, 404)
    same(foreign, missing)


def disable(_: Person) -> dict[str, str]:
    return {**HALT, "mode": "disabled"}


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("scope", ["account", "source", "user"])
async def test_subjects_of_others_are_as_unknown_as_missing_ones(
    ground: Ground, owner: Person, stranger: Person, name: str, scope: str
):
    found = operation(ground, name)
    given = MATRIX[name]
    body = disable if scope == "source" and given.body and given.body(owner) == HALT else given.body
    theirs = stranger.ids[f"{scope}_id"]
    client = ground.browser(owner.session)
    answers: list[AsgiAnswer] = []
    for subject in (theirs, str(uuid4())):
        entry = Entry(given.need, given.owner, body, path={"scope": scope, "subject": subject})
        answers.append(await call(client, found, entry, owner))
    refused(answers[0], 404)
    same(*answers)


@pytest.mark.parametrize(
    ("name", "field", "thing"),
    [
        ("POST /follows", "source_id", "source_id"),
        ("POST /follows", "account_id", "account_id"),
        ("POST /kills", "subject", "account_id"),
        ("POST /signals", "source", "source_id"),
        ("POST /orders/preview", "account_id", "account_id"),
    ],
)
async def test_ids_in_bodies_are_judged_alike(
    ground: Ground, owner: Person, stranger: Person, name: str, field: str, thing: str
):
    found, entry = operation(ground, name), MATRIX[name]
    answers: list[AsgiAnswer] = []
    for value in (stranger.ids[thing], str(uuid4())):
        body = {**entry.body(owner), field: value} if entry.body else None
        answers.append(
            await ground.program(owner.trader.api_key).request(found.method, found.path, json=body, headers=idem())
        )
    refused(answers[0], 404)
    same(*answers)


async def test_ids_in_queries_are_judged_alike(ground: Ground, owner: Person, stranger: Person):
    tried = 0
    for found in ground.operations:
        for parameter in found.parameters("query"):
            name = parameter["name"]
            if found.method != "GET" or name not in stranger.ids:
                continue
            client = ground.program(owner.trader.api_key)
            foreign = await client.get(f"{found.path}?{name}={stranger.ids[name]}")
            missing = await client.get(f"{found.path}?{name}={uuid4()}")
            assert foreign.status in {200, 404}, found.name
            same(foreign, missing)
            assert not (foreign.status == 200 and foreign.json().get("items")), found.name
            tried += 1
    assert tried >= 8


def same(first: AsgiAnswer, second: AsgiAnswer) -> None:
    """Check that nothing tells two answers apart."""

    def seen(answer: AsgiAnswer) -> tuple[int, Any, set[str]]:
        return answer.status, answer.json(), {name for name in answer.headers if name != "x-request-id"}

    assert seen(first) == seen(second)


@pytest.mark.parametrize("name", UNSAFE)
async def test_a_cookie_without_proof_of_our_page_is_refused(ground: Ground, owner: Person, name: str):
    found, entry = operation(ground, name), MATRIX[name]
    site = ground.product.container.settings.url
    proofs: list[dict[str, str]] = [
        {},
        {"origin": site},
        {"x-requested-with": "tradsy"},
        {"x-requested-with": "tradsy", "origin": "https://evil.example"},
        {"x-requested-with": "tradsy", "origin": "null"},
        {"x-requested-with": "tradsy", "origin": site, "sec-fetch-site": "cross-site"},
        {"x-requested-with": "tradsy", "sec-fetch-site": "same-site"},
    ]
    for proof in proofs:
        client = ground.browser(owner.session, own_page=False)
        refused(await call(client, found, entry, owner, headers=proof), 403, "cross_site_request")
    if entry.body is not None:
        client = ground.browser(owner.session)
        answer = await call(client, found, entry, owner, headers={"content-type": "text/plain"})
        refused(answer, 415)


@pytest.mark.parametrize("name", [name for name in MATRIX if name not in STREAMS])
async def test_the_owner_is_served(ground: Ground, owner: Person, name: str):
    """Runs last, in the matrix's order: the last rows end what the others stand on."""
    found, entry = operation(ground, name), MATRIX[name]
    client = await rightful(ground, owner, entry)
    ids = dict(owner.ids)
    if "{session_id}" in name:
        # The oldest sessions go when there are many: one that lives is ended here.
        ids["session_id"] = (await client.get(f"{API}/me/sessions")).json()["items"][0]["id"]
    answer = await call(client, found, entry, owner, ids=ids)
    assert answer.status == entry.owner, answer.text
    assert answer.status in found.statuses
    if answer.status >= 400:
        assert is_problem(answer)
    elif answer.body:
        shown = found.spec["responses"][str(answer.status)].get("content", {})
        assert answer.headers.get("content-type", "").partition(";")[0] in shown


async def rightful(ground: Ground, owner: Person, entry: Entry) -> AsgiClient:
    """Return the caller that a row is for: with each credential that is just enough."""
    if entry.need == "open":
        return ground.browser()
    if entry.need in LACKING:
        return ground.program(await ground.key(owner.trader.user_id, [Scope(entry.need)]))
    if entry.need.startswith("admin"):
        _, session = await ground.admin()
        return ground.browser(session)
    return ground.browser(await ground.sign_in(owner.email))


async def test_a_path_that_is_no_route_is_not_found(ground: Ground, owner: Person):
    for path in ("/api/v1/nothing", "/api/v2/me", "/api/v1/orders/", f"/api/v1/orders/{UUID(int=0)}/nothing"):
        answer = await ground.program(owner.trader.api_key).get(path)
        assert answer.status in {404, 401}
        assert is_problem(answer)
