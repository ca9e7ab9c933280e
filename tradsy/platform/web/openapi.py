"""The OpenAPI document, completed: one error schema, how to sign in, and no answer left out."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from tradsy.platform.web.problems import PROBLEM_TYPE, Problem

SESSION_COOKIE = "__Host-tradsy"
_REF = "#/components/schemas/{model}"
_SCHEMES: dict[str, Any] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Browser session. Unsafe methods also need the header `X-Requested-With: tradsy`.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`tsk_...`) or a short-lived access token of a program.",
    },
}
_PATH_PARAMETERS = {
    "scope": "How much it covers.",
    "subject": "What of that scope it covers.",
    "symbol": "Canonical symbol.",
    "document": "Which text.",
    "token": "Secret part of the address.",
}
"""Names that mean the same in every path; `<thing>_id` explains itself."""
_BODY_LIMITS: dict[str, str] = {
    "408": "The body did not arrive in time (`request_timeout`)",
    "413": "The body is too large (`too_large`)",
}
"""Any request may come with a body, wanted or not."""
_NOT_JSON = "The body is not JSON (`unsupported_media_type`)"
_UNREADABLE = "The body cannot be read (`bad_request`)"
_UNAVAILABLE = "A service that Tradsy needs is not available (`unavailable`)"
_SIGNED_IN: dict[str, str] = {
    "401": "Sign in first (`unauthenticated`)",
    "403": "You may not do this (`forbidden`)",
    "429": "Too many requests (`rate_limited`)",
}
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def customize_openapi(app: FastAPI) -> None:
    """Complete the document that `app` generates. Routes with `openapi_extra={"security": []}` are open to all."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        if "securitySchemes" not in schema.setdefault("components", {}):
            _complete(schema)
        return schema

    # The documented way to extend the document is to replace this method.
    app.openapi = openapi


def _complete(schema: dict[str, Any]) -> None:
    components = schema["components"]
    models = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template=_REF)
    models.update(problem.pop("$defs", {}))
    models["Problem"] = problem
    components["securitySchemes"] = _SCHEMES
    for path, operations in schema.get("paths", {}).items():
        for method in _METHODS:
            if method in operations:
                _complete_operation(path, operations[method], is_safe=method in {"get", "head", "options"})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)


def _complete_operation(path: str, operation: dict[str, Any], *, is_safe: bool) -> None:
    if "security" not in operation:
        operation["security"] = [{"session": []}, {"bearer": []}] if path.startswith("/api/") else []
    responses = operation.setdefault("responses", {})
    content = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    described = responses.get("422")
    if described is not None and "HTTPValidationError" in str(described.get("content", {})):
        # The framework's own answer never leaves: our handler writes all 422.
        text = described.get("description", "")
        if text == "Validation Error":
            text = "Some fields are not valid (`invalid`)"
        responses["422"] = {"description": text, "content": content}
    for status, text in _edge_answers(path, operation, is_safe=is_safe).items():
        responses.setdefault(status, {"description": text, "content": content})
    responses.setdefault("default", {"description": "Any other failure.", "content": content})
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and "description" not in parameter:
            parameter["description"] = _describe_path_parameter(parameter["name"])


def _edge_answers(path: str, operation: dict[str, Any], *, is_safe: bool) -> dict[str, str]:
    """Return what the edge answers before a route runs: each route's own words win."""
    answers = {**_BODY_LIMITS, **(_SIGNED_IN if operation["security"] else {})}
    if not is_safe:
        answers["415"] = _NOT_JSON
    if "requestBody" in operation:
        answers["400"] = _UNREADABLE
    if path.startswith("/api/") or "requestBody" in operation:
        answers["503"] = _UNAVAILABLE
    return answers


def _describe_path_parameter(name: str) -> str:
    thing = name.removesuffix("_id")
    return f"Id of the {thing.replace('_', ' ')}." if thing != name else _PATH_PARAMETERS.get(name, "")
