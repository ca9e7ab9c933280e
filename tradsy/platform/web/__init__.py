"""The HTTP edge: strict models, problem+json, paging, idempotent routes, headers, limits, OpenAPI.

Modules import these names from here; `entrypoints` calls `install_web` once for each application.
"""

from __future__ import annotations

from fastapi import FastAPI

from tradsy.platform.settings import Settings
from tradsy.platform.web.idempotent import IdempotentRoute, bind_claim
from tradsy.platform.web.middleware import BodyLimit, CanonicalHost, RequestContext, SecurityHeaders
from tradsy.platform.web.models import DecimalText, StrictModel, refuse_field
from tradsy.platform.web.openapi import customize_openapi
from tradsy.platform.web.paging import CursorPage, Paging, PagingDep, cut_page, decode_cursor, encode_cursor
from tradsy.platform.web.problems import Problem, install_problem_handlers, problem_response, problem_responses

__all__ = [
    "CursorPage",
    "DecimalText",
    "IdempotentRoute",
    "Paging",
    "PagingDep",
    "Problem",
    "StrictModel",
    "bind_claim",
    "customize_openapi",
    "cut_page",
    "decode_cursor",
    "encode_cursor",
    "install_web",
    "problem_response",
    "problem_responses",
    "refuse_field",
]


def install_web(app: FastAPI, settings: Settings) -> None:
    """Give `app` the error handlers, the middleware and the completed OpenAPI document."""
    install_problem_handlers(app)
    # The one added last is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(CanonicalHost, settings=settings)
    app.add_middleware(RequestContext)
    app.add_middleware(SecurityHeaders, settings=settings)
    customize_openapi(app)
