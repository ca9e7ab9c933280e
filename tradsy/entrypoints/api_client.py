"""A small blocking client of a running product, on the standard library alone: the command line starts fast."""

from __future__ import annotations

import http.client
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from tradsy.domain.errors import TradsyError

TIMEOUT = 30.0
KEY_FILE = "cli.json"


class ApiFailed(TradsyError):
    """The product refused a request, or does not answer."""

    code = "api_failed"
    title = "The product did not do it"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: Any
    raw: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Calls one product as one user."""

    url: str
    key: str = field(repr=False, default="")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request with an Idempotency-Key of its own; a str or bytes body is sent as it is.

        Raises:
            ApiFailed: nothing answers at the address.
        """
        parts = urlsplit(self.url)
        sent = {"Idempotency-Key": uuid.uuid4().hex, "Accept": "application/json", **(headers or {})}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        raw = _encode(body, sent)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = made(parts.hostname or "localhost", parts.port, timeout=TIMEOUT)
        try:
            connection.request(method, parts.path + path + _query(query), body=raw, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiFailed(f"Nothing answers at {self.url} ({error}): is `tradsy up` running?") from None
        finally:
            connection.close()
        return Answer(answer.status, _decode(data), data)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Return the body of a good answer.

        Raises:
            ApiFailed: with the product's own words, when it refuses.
        """
        answer = self.call(method, path, body, **options)
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiFailed(explain(answer))
        return answer.body

    def pages(self, path: str, limit: int, **query: Any) -> Iterator[Mapping[str, Any]]:
        """Yield up to `limit` items of a list, page by page."""
        cursor: str | None = None
        while limit > 0:
            asked = {**query, "limit": min(limit, 200), "cursor": cursor}
            page = self.ask("GET", path, query=asked)
            yield from page["items"]
            limit -= len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return


def explain(answer: Answer) -> str:
    """Return a refusal as one line: its code, its detail and the fields that it names."""
    body = answer.body
    if not isinstance(body, dict):
        return f"The product answered {answer.status}."
    problem = cast("dict[str, Any]", body)
    errors: list[dict[str, Any]] = problem.get("errors") or []
    fields = "; ".join(f"{error.get('field', '?')}: {error.get('message', '')}" for error in errors)
    detail = str(problem.get("detail") or problem.get("title") or "")
    return f"{answer.status} {problem.get('code', '')}: {detail}" + (f" ({fields})" if fields else "")


def load_client(data_dir: Path, *, url: str | None = None, key: str | None = None) -> ApiClient:
    """Return a client from what was given, the environment, or the key file of the installation on this machine.

    Raises:
        ApiFailed: there is no key anywhere.
    """
    saved = _read_key_file(data_dir / KEY_FILE)
    key = key or os.environ.get("TRADSY_API_KEY") or saved.get("api_key", "")
    url = url or os.environ.get("TRADSY_URL") or saved.get("url") or "http://localhost:8321"
    if not key:
        raise ApiFailed(
            "No API key: give --key or TRADSY_API_KEY, or use --data of an installation on this machine that has "
            f"{KEY_FILE} (made at the first start for the demo user)."
        )
    return ApiClient(url.rstrip("/"), key)


def save_key_file(data_dir: Path, *, url: str, key: str, user_id: str) -> None:
    """Keep a key for this machine's command line, readable by its owner alone."""
    path = data_dir / KEY_FILE
    draft = path.with_name(f".{KEY_FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"url": url, "api_key": key, "user_id": user_id}, stream)
    draft.replace(path)


def update_key_file(data_dir: Path, *, url: str) -> None:
    """Tell the command line where the product listens this time, if it has a key."""
    saved = _read_key_file(data_dir / KEY_FILE)
    if saved and saved["url"] != url:
        save_key_file(data_dir, url=url, key=saved["api_key"], user_id=saved["user_id"])


def _read_key_file(path: Path) -> dict[str, str]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ApiFailed(f"{path} cannot be read: {error}") from None


def _encode(body: Any, headers: dict[str, str]) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str | bytes):
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        return body.encode() if isinstance(body, str) else body
    headers.setdefault("Content-Type", "application/json")
    return json.dumps(body).encode()


def _decode(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def _query(query: Mapping[str, Any] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"?{urlencode(given, quote_via=quote)}" if given else ""
