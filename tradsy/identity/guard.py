"""Cross-site request forgery: changing requests that a browser's cookie carries must come from our own pages."""

from __future__ import annotations

from starlette.requests import Request

from tradsy.identity.errors import CrossSiteRequest, UnsupportedMediaType

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REQUESTED_WITH = "tradsy"


def check_same_site(request: Request, site_url: str) -> None:
    """Refuse a changing request that another site could have made a browser send.

    A foreign page can neither set the custom header without a CORS preflight (which we never grant) nor forge
    Origin and Sec-Fetch-Site, which browsers set themselves.

    Raises:
        CrossSiteRequest: the header is missing, or the browser names another origin, or names none at all.
        UnsupportedMediaType: the body is not JSON: a form can send text/plain without a preflight.
    """
    if request.method in SAFE_METHODS:
        return
    headers = request.headers
    origin, fetch_site = headers.get("origin"), headers.get("sec-fetch-site")
    if headers.get("x-requested-with") != REQUESTED_WITH:
        raise CrossSiteRequest
    if origin is None and fetch_site is None:
        raise CrossSiteRequest
    if (origin is not None and origin != site_url) or fetch_site not in {None, "same-origin"}:
        raise CrossSiteRequest
    check_json(request)


def check_json(request: Request) -> None:
    """Refuse a body that is not declared as JSON.

    Raises:
        UnsupportedMediaType: there is a body of another type.
    """
    headers = request.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        raise UnsupportedMediaType
