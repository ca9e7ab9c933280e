"""Cross-site requests: every way a foreign page can make a browser send something."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from tradsy.identity.errors import CrossSiteRequest, UnsupportedMediaType
from tradsy.identity.guard import check_same_site

SITE = "http://localhost:8321"
JSON = {"content-type": "application/json; charset=utf-8", "content-length": "2"}
OURS = {"x-requested-with": "tradsy", "origin": SITE}


def request(method: str, headers: dict[str, str]) -> Request:
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return Request(scope)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_method_passes(method: str):
    check_same_site(request(method, {}), SITE)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {**OURS, **JSON},
        {"x-requested-with": "tradsy", "sec-fetch-site": "same-origin", **JSON},
        {**OURS, "sec-fetch-site": "same-origin", **JSON},
        OURS,
    ],
)
def test_own_page_passes(method: str, headers: dict[str, str]):
    check_same_site(request(method, headers), SITE)


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON},
        {"origin": SITE, "sec-fetch-site": "same-origin", **JSON},
        {"x-requested-with": "tradsy", **JSON},
        {"x-requested-with": "XMLHttpRequest", "origin": SITE, **JSON},
        {**OURS, "origin": "http://localhost:8322", **JSON},
        {**OURS, "origin": "https://localhost:8321", **JSON},
        {**OURS, "origin": "http://localhost:8321.evil.example", **JSON},
        {**OURS, "origin": "null", **JSON},
        {**OURS, "sec-fetch-site": "cross-site", **JSON},
        {**OURS, "sec-fetch-site": "same-site", **JSON},
        {**OURS, "sec-fetch-site": "none", **JSON},
    ],
)
def test_foreign_page_is_refused(headers: dict[str, str]):
    with pytest.raises(CrossSiteRequest):
        check_same_site(request("POST", headers), SITE)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("body", [{"content-length": "2"}, {"transfer-encoding": "chunked"}])
def test_form_body_is_refused(kind: str, body: dict[str, str]):
    with pytest.raises(UnsupportedMediaType):
        check_same_site(request("POST", {**OURS, "content-type": kind, **body}), SITE)
