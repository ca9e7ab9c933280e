"""The routes of the composed product, as its own OpenAPI document tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

METHODS = ("get", "post", "put", "patch", "delete")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
API = "/api/v1"
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    spec: Schema

    @property
    def name(self) -> str:
        """What the matrix calls it."""
        return f"{self.method} {self.path.removeprefix(API)}"

    @property
    def is_secured(self) -> bool:
        return bool(self.spec.get("security"))

    @property
    def is_unsafe(self) -> bool:
        return self.method in UNSAFE

    @property
    def statuses(self) -> set[int]:
        """Every status that the document names."""
        return {int(status) for status in self.spec["responses"] if status != "default"}

    def parameters(self, place: str) -> list[Schema]:
        return [part for part in self.spec.get("parameters", ()) if part["in"] == place]

    def body(self, document: Schema) -> Schema | None:
        """Return the schema of the JSON body."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return resolve(document, content["application/json"]["schema"]) if content else None

    def url(self, values: Mapping[str, str]) -> str:
        """Return the path with its parameters filled in; the values are quoted already."""
        path = self.path
        for parameter in self.parameters("path"):
            path = path.replace("{" + parameter["name"] + "}", values[parameter["name"]])
        return path


def read_operations(document: Schema) -> list[Operation]:
    """Return every operation of a document."""
    return [
        Operation(method.upper(), path, operations[method])
        for path, operations in document["paths"].items()
        for method in METHODS
        if method in operations
    ]


def resolve(document: Schema, schema: Schema) -> Schema:
    """Return what a `$ref` stands for."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def walk(document: Schema, node: Any, seen: set[str]) -> Iterator[tuple[str, Schema]]:
    """Yield (where, schema) of everything that a schema reaches; `seen` holds what need not be visited again."""
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            yield from walk(document, item, seen)
    if not isinstance(node, dict):
        return
    schema = cast("Schema", node)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            target = document["components"]["schemas"][name]
            yield name, target
            yield from walk(document, target, seen)
        return
    for value in schema.values():
        yield from walk(document, value, seen)
