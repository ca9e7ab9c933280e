"""The web app's files, from `tradsy/web_dist`: built, compressed and named by their content beforehand.

They are read once at start: about two megabytes, which spares each request the disk and the compression.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DIST = Path(__file__).resolve().parent.parent / "web_dist"
APP = "/app"
"""Where the single-page app lives; each address below is one of its screens."""
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".woff2": "font/woff2"}

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One file in every encoding that was built."""

    media_type: str
    etag: str
    cache: str
    bodies: dict[str, bytes] = field(repr=False)
    """By content encoding; `identity` is always there."""

    def answer(self, request: Request) -> Response:
        """Return the best encoding that the browser takes, or 304 where it has this very content."""
        headers = {"etag": self.etag, "cache-control": self.cache, "vary": "accept-encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        accepted = request.headers.get("accept-encoding", "")
        encoding = next((name for name, _ in _ENCODINGS if name in accepted and name in self.bodies), "identity")
        if encoding != "identity":
            headers["content-encoding"] = encoding
        return Response(self.bodies[encoding], media_type=self.media_type, headers=headers)


def install(app: FastAPI, folder: Path = DIST) -> None:
    """Serve what is in `folder`; nothing where the web app was not built."""
    pages = read_pages(folder)
    routes = [Route(path, _endpoint(page), methods=["GET"], include_in_schema=False) for path, page in pages.items()]
    # The same page without its slash: a link that somebody typed.
    routes += [
        Route(path.rstrip("/"), _endpoint(page), methods=["GET"], include_in_schema=False)
        for path, page in pages.items()
        if path.endswith("/") and path not in {"/", f"{APP}/"}
    ]
    shell = pages.get(f"{APP}/")
    if shell is not None:
        routes += [
            Route(path, _endpoint(shell), methods=["GET"], include_in_schema=False)
            for path in (APP, f"{APP}/{{screen:path}}")
        ]
    app.router.routes.extend(routes)


def read_pages(folder: Path) -> dict[str, Page]:
    """Return every file by the path under which it is served: `index.html` is its folder's."""
    compressed = tuple(ending for _, ending in _ENCODINGS)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in compressed]
    return {_served_as(path.relative_to(folder)): _read(path, folder) for path in files if path.name[0] != "."}


def _served_as(name: Path) -> str:
    path = f"/{name.as_posix()}"
    return path.removesuffix("index.html") if name.name == "index.html" else path


def _read(path: Path, folder: Path) -> Page:
    body = path.read_bytes()
    bodies = {"identity": body}
    for name, ending in _ENCODINGS:
        beside = path.with_name(path.name + ending)
        if beside.exists():
            bodies[name] = beside.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    # Names of assets hold a hash of their content, so what stands under one never changes.
    cache = _FOREVER if path.relative_to(folder).parts[0] == "assets" else _ASK_AGAIN
    return Page(media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"', cache, bodies)


def _endpoint(page: Page) -> Endpoint:
    async def serve(request: Request) -> Response:
        return page.answer(request)

    return serve
