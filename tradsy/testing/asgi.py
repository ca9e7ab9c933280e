"""An HTTP client that calls an ASGI application in this process: no socket, no server, every byte of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import orjson
from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True)
class AsgiAnswer:
    """What the application answered."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; of several with one name, the last."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers}

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the body, parsed."""
        return orjson.loads(self.body)


@dataclass(slots=True)
class AsgiClient:
    """Calls `app`; keeps cookies, as a browser does, unless `cookies` is emptied."""

    app: ASGIApp
    host: str = "localhost:8321"
    client: tuple[str, int] = ("127.0.0.1", 50000)
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Sent with every request."""
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> AsgiAnswer:
        """Send one request; `content` given as pieces is sent in chunks, without a declared length."""
        sent = {name.lower(): value for name, value in {**self.headers, **(headers or {})}.items()}
        if json is not None:
            content = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        pieces = [content] if isinstance(content, bytes) else list(content or ())
        if isinstance(content, bytes):
            sent.setdefault("content-length", str(len(content)))
        elif pieces:
            sent["transfer-encoding"] = "chunked"
        if self.cookies:
            sent.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        answer = await self._call(self._scope(method, url, sent, params), pieces)
        self._keep_cookies(answer)
        return answer

    async def get(self, url: str, **options: Any) -> AsgiAnswer:
        """Send a GET."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> AsgiAnswer:
        """Send a POST."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Any) -> AsgiAnswer:
        """Send a PUT."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Any) -> AsgiAnswer:
        """Send a PATCH."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Any) -> AsgiAnswer:
        """Send a DELETE."""
        return await self.request("DELETE", url, **options)

    def _scope(self, method: str, url: str, headers: dict[str, str], params: Mapping[str, str] | None) -> Scope:
        parts = urlsplit(url)
        query = "&".join(part for part in (parts.query, urlencode(params or {})) if part)
        headers.setdefault("host", self.host)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "client": self.client,
            "server": ("127.0.0.1", 8321),
            "state": {},
        }

    async def _call(self, scope: Scope, pieces: list[bytes]) -> AsgiAnswer:
        waiting = [*pieces] or [b""]
        start: Message = {}
        body = bytearray()
        done = asyncio.Event()

        async def receive() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    done.set()

        await self.app(scope, receive, send)
        if not start:
            raise ConnectionError("the application closed the connection without an answer")
        return AsgiAnswer(start["status"], list(start.get("headers", ())), bytes(body))

    def _keep_cookies(self, answer: AsgiAnswer) -> None:
        for name, value in answer.raw_headers:
            if name.lower() == b"set-cookie":
                for cookie in SimpleCookie(value.decode("latin-1")).values():
                    if cookie.value and cookie["max-age"] != "0":
                        self.cookies[cookie.key] = cookie.value
                    else:
                        self.cookies.pop(cookie.key, None)
