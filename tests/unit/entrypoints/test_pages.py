"""The web app's files as a browser gets them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI

from tradsy.entrypoints import pages
from tradsy.testing.asgi import AsgiClient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, body in {
        "index.html": "<h1>Landing</h1>",
        "pricing/index.html": "<h1>Pricing</h1>",
        "app/index.html": "<div id=root></div>",
        "assets/app-1a2b.js": "console.log(1)",
        "manifest.webmanifest": "{}",
        ".built-from": "secret of the build",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (tmp_path / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    return tmp_path


@pytest.fixture
def browser(folder: Path) -> AsgiClient:
    app = FastAPI(redirect_slashes=False)
    pages.install(app, folder)
    return AsgiClient(app)


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/", "Landing", "text/html"),
        ("/pricing/", "Pricing", "text/html"),
        ("/pricing", "Pricing", "text/html"),
        ("/app", "root", "text/html"),
        ("/app/", "root", "text/html"),
        ("/app/signals/42", "root", "text/html"),
        ("/assets/app-1a2b.js", "console", "text/javascript"),
        ("/manifest.webmanifest", "{}", "application/manifest+json"),
    ],
)
async def test_file_is_served_where_its_name_says(browser: AsgiClient, path: str, body: str, kind: str) -> None:
    answer = await browser.get(path)
    assert answer.status == 200
    assert body in answer.text
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/.built-from", "/assets/app-1a2b.js.gz", "/assets/../.built-from", "/assets/%2e%2e/.built-from"],
)
async def test_what_is_no_page_is_404(browser: AsgiClient, path: str) -> None:
    assert (await browser.get(path)).status == 404


async def test_names_with_a_hash_are_kept_for_ever_and_pages_asked_for_again(browser: AsgiClient) -> None:
    assert "immutable" in (await browser.get("/assets/app-1a2b.js")).headers["cache-control"]
    page = await browser.get("/app/")
    assert page.headers["cache-control"] == "no-cache"
    again = await browser.get("/app/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert (await browser.get("/app/", headers={"if-none-match": '"other"'})).status == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("", None), ("zstd", None)]
)
async def test_best_encoding_that_the_browser_takes_is_sent(
    browser: AsgiClient, accepted: str, encoding: str | None
) -> None:
    answer = await browser.get("/assets/app-1a2b.js", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    if encoding == "gzip":
        assert gzip.decompress(answer.body) == b"console.log(1)"


async def test_product_without_a_built_web_app_serves_none(tmp_path: Path) -> None:
    app = FastAPI(redirect_slashes=False)
    pages.install(app, tmp_path)
    assert (await AsgiClient(app).get("/app/")).status == 404
