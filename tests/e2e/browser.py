"""A real browser on a running product: journeys by role and name as people and screen readers find things."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, sync_playwright

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30_000
"""Milliseconds: a busy machine is no failure."""


@contextmanager
def running_browser() -> Generator[Browser]:
    """Start the system's Chromium."""
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    assert path is not None, "no Chromium: ./dev test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person's browser on the product; what the page complains of is kept."""

    def __init__(self, browser: Browser, url: str, *, width: int = 1280, height: int = 800, theme: str = "light"):
        self.url = url
        self.context: BrowserContext = browser.new_context(
            base_url=url, viewport={"width": width, "height": height}, locale="en-US", timezone_id="America/New_York"
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(
            "try { localStorage.getItem('tradsy.appearance') ?? localStorage.setItem('tradsy.appearance', "
            f"JSON.stringify({{theme: {json.dumps(theme)}}})) }} catch {{ /* an error page has no storage */ }}"
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused request is told by the screen; Chromium writes a line of its own for each.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str, title: str | None = None) -> None:
        """Open an address and wait for its heading."""
        self.page.goto(path)
        if title is not None:
            self.heading(title).wait_for()

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name, exact=True)

    def panel(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Press a button by its name."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def fill(self, label: str, text: str, *, within: Locator | None = None) -> None:
        (within or self.page).get_by_label(label, exact=True).fill(text)

    def dialog(self, name: str) -> Locator:
        found = self.page.get_by_role("dialog", name=name)
        found.wait_for()
        return found

    def sign_in(self, email: str, password: str) -> None:
        self.go("/app/sign-in", "Sign in")
        self.fill("E-mail", email)
        self.fill("Password", password)
        self.press("Sign in")
        self.heading("Home").wait_for()

    def violations(self) -> list[str]:
        """Return what axe finds wrong on the page as it stands."""
        self.page.evaluate(AXE.read_text())
        found: Any = self.page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
        return [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def widest(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def close(self) -> None:
        self.context.close()
