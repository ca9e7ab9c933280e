"""The OpenAPI document of the composed product is complete: nothing unsaid, nothing left open."""

from __future__ import annotations

import re
from typing import Any, cast

from tests.integration.api.ground import Ground
from tests.integration.api.surface import API, Operation, walk
from tradsy.entrypoints.http import describe_api

NO_KEY = ("/auth/", "/realtime/tickets", "/orders/preview")
"""Unsafe routes under the API that need no Idempotency-Key: signing in and out, a ticket good for one handshake, and a
preview, which changes nothing."""
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def api(ground: Ground) -> list[Operation]:
    return [operation for operation in ground.operations if operation.path.startswith(API)]


def served_paths(ground: Ground) -> set[str]:
    """Return the path of every route that the router serves, those that the document leaves out too."""
    found: set[str] = set()
    for route in cast("list[Any]", ground.app.routes):
        contexts = getattr(route, "effective_route_contexts", None)
        # An included router keeps its routes to itself; each tells the path under which it is reached.
        found |= {str(context.path) for context in contexts()} if contexts else {str(route.path)}
    return {path.replace(":path}", "}") for path in found}


async def test_document_is_served_as_it_is(ground: Ground):
    answer = await ground.program().get(f"{API}/openapi.json")
    assert answer.status == 200
    assert answer.json() == ground.document
    assert answer.headers["cache-control"] == "no-store"


def test_document_of_the_running_product_needs_nothing_that_runs(ground: Ground):
    assert describe_api() == ground.document


def test_every_route_is_in_the_document(ground: Ground):
    shown = {operation.path for operation in ground.operations}
    assert len(api(ground)) >= 90
    hidden = served_paths(ground) - shown
    # A route left out of the document escapes every test that is made from it.
    assert {path for path in hidden if path.startswith(API)} == {f"{API}/openapi.json"}
    assert shown <= served_paths(ground)


def test_operation_ids_are_unique(ground: Ground):
    ids = [operation.spec["operationId"] for operation in ground.operations]
    assert len(ids) == len(set(ids))


def test_every_route_says_what_it_does(ground: Ground):
    for operation in ground.operations:
        summary, description = operation.spec.get("summary", ""), operation.spec.get("description", "")
        generated = re.sub(r"_", " ", operation.spec["operationId"].partition("_api_v1")[0]).title()
        assert description or (summary and summary != generated), operation.name
        assert operation.spec.get("tags"), operation.name


def test_every_route_says_who_may_call_it(ground: Ground):
    open_routes = {o.name for o in api(ground) if not o.is_secured}
    assert open_routes == {
        "POST /auth/sign-up",
        "POST /auth/verify",
        "POST /auth/sign-in",
        "POST /auth/token",
        "POST /auth/refresh",
        "POST /auth/reset-request",
        "POST /auth/reset",
        "GET /legal/{document}",
    }
    schemes = set(ground.document["components"]["securitySchemes"])
    for operation in ground.operations:
        for choice in operation.spec["security"]:
            assert set(choice) <= schemes, operation.name


def test_every_error_is_a_problem(ground: Ground):
    for operation in ground.operations:
        for status, response in operation.spec["responses"].items():
            assert response.get("description"), f"{operation.name} {status}"
            if status == "default" or int(status) >= 400:
                if operation.path == "/readyz":
                    continue
                assert response["content"]["application/problem+json"]["schema"] == PROBLEM, (
                    f"{operation.name} {status}"
                )


def test_every_route_names_its_refusals(ground: Ground):
    for operation in ground.operations:
        wanted = {401, 403, 429, 503} if operation.is_secured else set[int]()
        if "requestBody" in operation.spec:
            wanted |= {408, 413, 415, 422}
        if any(p["schema"].get("format") == "uuid" for p in operation.parameters("path")):
            wanted |= {404, 422}
        assert operation.statuses >= wanted, f"{operation.name} lacks {wanted - operation.statuses}"


def test_every_unsafe_route_takes_an_idempotency_key(ground: Ground):
    for operation in api(ground):
        keys = [p for p in operation.parameters("header") if p["name"] == "Idempotency-Key"]
        wanted = operation.is_unsafe and not operation.path.removeprefix(API).startswith(NO_KEY)
        assert [key["required"] for key in keys] == [True] * wanted, operation.name


def test_every_answer_has_a_schema(ground: Ground):
    for operation in ground.operations:
        for status, response in operation.spec["responses"].items():
            for content in response.get("content", {}).values():
                assert content.get("schema"), f"{operation.name} {status}"


def bodies(ground: Ground) -> list[tuple[str, dict[str, Any]]]:
    """Return every model that a request body reaches."""
    seen: set[str] = set()
    found: list[tuple[str, dict[str, Any]]] = []
    for operation in api(ground):
        body = operation.spec.get("requestBody")
        if body:
            found += walk(ground.document, body, seen)
            inline = body["content"]["application/json"]["schema"]
            if "$ref" not in inline:
                found.append((operation.name, inline))
    return found


def test_requests_forbid_unknown_fields(ground: Ground):
    models = [(name, schema) for name, schema in bodies(ground) if schema.get("type") == "object"]
    assert len(models) >= 25
    assert [name for name, schema in models if schema.get("additionalProperties") is not False] == []


def test_every_field_is_described(ground: Ground):
    undescribed = [
        f"{name}.{field}"
        for name, schema in ground.document["components"]["schemas"].items()
        for field, value in schema.get("properties", {}).items()
        if not value.get("description")
    ]
    assert undescribed == []
    parameters = [
        f"{operation.name} {parameter['name']}"
        for operation in ground.operations
        for parameter in operation.spec.get("parameters", ())
        if not (parameter.get("description") or parameter["schema"].get("description"))
    ]
    assert parameters == []


def test_money_and_sizes_are_never_json_numbers(ground: Ground):
    """A binary float has no place in an answer about money."""
    for name, schema in ground.document["components"]["schemas"].items():
        for field, value in schema.get("properties", {}).items():
            assert '"number"' not in str(value).replace("'", '"'), f"{name}.{field}"
