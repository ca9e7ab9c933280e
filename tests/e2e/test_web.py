"""The web app in a real browser on the running product: each act is pressed on the screen and looked up behind it."""

from __future__ import annotations

import json
import re
import tempfile
import uuid
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import PATIENCE, Visitor, running_browser
from tests.e2e.product import Child, running
from tradsy.entrypoints.demo import DEMO_FILE
from tradsy.entrypoints.demo_alerts import DemoSource
from tradsy.entrypoints.pages import DIST

EMAIL, PASSWORD = "ada@example.com", "kelp vantage 9 ochre"
SCREENS = {
    "/app/": "Home",
    "/app/signals": "Signals",
    "/app/positions": "Positions",
    "/app/trade": "Trade",
    "/app/orders": "Orders",
    "/app/follows": "Follows",
    "/app/risk": "Risk",
    "/app/connections": "Connections",
    "/app/audit": "Audit",
    "/app/settings": "Settings",
    "/app/admin": "Admin",
    "/app/onboarding": "Getting started",
}
OUTSIDE = {"/app/sign-in": "Sign in", "/app/sign-up": None, "/app/reset": None}
PUBLIC = ["/", "/pricing/", "/brokers/", "/security/", "/faq/", "/status/", "/legal/"]
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def house() -> Generator[Child]:
    """A product of these tests alone: they stop it from trading and change its first admin."""
    with tempfile.TemporaryDirectory(prefix="tradsy-web-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data") as child:
            yield child


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with running_browser() as found:
        yield found


class Home:
    """The first admin, moved in: terms accepted, a paper account, a source that the account follows."""

    def __init__(self, house: Child, browser: Browser):
        self.house = house
        self.browser = browser
        self.visitor = Visitor(browser, house.url)
        self.hook = ""
        self.source = ""

    def move_in(self) -> None:
        v = self.visitor
        link = re.search(rf"{re.escape(self.house.url)}/setup/\S+", self.house.said.read_text())
        assert link is not None
        v.page.goto(link.group())
        v.fill("E-mail", EMAIL)
        v.fill("Name", "Ada")
        v.fill("Password", PASSWORD)
        v.press("Create admin")
        v.heading("Home").wait_for()
        expect(v.panel("First steps").get_by_role("link", name="Go there")).to_have_count(3)
        self._accept()
        self._open_account()

    def _accept(self) -> None:
        v = self.visitor
        v.go("/app/onboarding", "Getting started")
        for text in ("Risk disclosure", "Terms of use"):
            panel = v.panel(text)
            panel.get_by_role("checkbox").check()
            v.press("Accept", within=panel)
            expect(panel.get_by_role("checkbox")).to_have_count(0)
        profile = v.panel("Your experience and risk tolerance")
        profile.get_by_label("Experience in trading").select_option(label="Some trades")
        profile.get_by_label("Bold").check()
        v.press("Save", within=profile)
        v.panel("Starting limits").get_by_role("button", name=re.compile("Set starting limits")).click()
        expect(v.panel("Starting limits").get_by_text("Your own limits are set.")).to_be_visible()
        assert self.ask("/api/v1/me")["may_trade"] is True
        consents = self.ask("/api/v1/me/onboarding")["consents"]
        assert {consent["document"] for consent in consents} == {"disclaimer", "terms"}

    def _open_account(self) -> None:
        v = self.visitor
        v.go("/app/connections", "Connections")
        v.page.get_by_role("button", name="Open a paper account").first.click()
        dialog = v.dialog("Open a paper account")
        v.fill("Label", "My paper", within=dialog)
        v.press("Open", within=dialog)
        expect(v.page.get_by_text("My paper is open and ready to trade on paper.")).to_be_visible()
        (account,) = self.ask("/api/v1/accounts")["items"]
        assert (account["is_paper"], account["state"]) == (True, "active")

    def ask(self, path: str) -> Any:
        """Read from the API with the browser's own session."""
        answer = self.visitor.context.request.get(self.house.url + path)
        assert answer.status == 200, answer.text()
        return answer.json()

    def send(self, method: str, path: str, body: Any) -> Any:
        """Change something through the API, for what a journey takes for granted."""
        headers = {"x-requested-with": "tradsy", "origin": self.house.url, "idempotency-key": uuid.uuid4().hex}
        answer = self.visitor.context.request.fetch(self.house.url + path, method=method, data=body, headers=headers)
        assert answer.status < 300, answer.text()
        return answer.json()

    def follow(self, mode: str) -> str:
        """Let the account follow a new source; return the path of its hook."""
        made = self.send("POST", "/api/v1/sources", {"name": f"Desk {uuid.uuid4().hex[:6]}", "kind": "tradingview"})
        (account,) = [a for a in self.ask("/api/v1/accounts")["items"] if a["state"] == "active"]
        body = {
            "source_id": made["source"]["id"],
            "account_id": account["id"],
            "sizing_mode": "multiplier",
            "sizing_value": "1",
            "mode": mode,
        }
        self.send("POST", "/api/v1/follows", body)
        return "/hooks/" + made["hook_url"].split("/hooks/", 1)[1]


@pytest.fixture(scope="module")
def home(house: Child, browser: Browser) -> Generator[Home]:
    made = Home(house, browser)
    made.move_in()
    yield made
    made.visitor.close()


@pytest.fixture(autouse=True)
def no_complaints(request: pytest.FixtureRequest) -> Generator[None]:
    """No page writes an error, and none is refused by the policy of scripts and styles."""
    yield
    if "home" in request.fixturenames:
        visitor: Visitor = request.getfixturevalue("home").visitor
        complaints, visitor.complaints = visitor.complaints, []
        assert complaints == []


def test_order_by_hand_is_previewed_sent_and_told_on_every_screen(home: Home) -> None:
    v = home.visitor
    v.go("/app/trade", "Trade")
    v.fill("Symbol", "ETH/USD")
    v.fill("Quantity", "0.1")
    v.press("Preview")
    review = v.dialog("Buy 0.1 ETH/USD")
    expect(review.get_by_text("Risk lets this pass.")).to_be_visible()
    assert home.ask("/api/v1/orders")["items"] == []
    v.press("Buy 0.1 ETH/USD", within=review)
    review.get_by_role("link", name="Open the timeline").click()
    expect(v.page.get_by_text("ETH/USD").first).to_be_visible()
    v.go("/app/", "Home")
    expect(v.panel("Positions").get_by_text("ETH/USD")).to_be_visible()
    expect(v.panel("Last fills").get_by_text("ETH/USD")).to_be_visible()
    (order,) = home.ask("/api/v1/orders")["items"]
    assert (order["state"], order["quantity"], order["origin"]) == ("filled", "0.1", "person")


def test_signal_arrives_live_and_its_timeline_is_one_press_away(home: Home) -> None:
    v, hook = home.visitor, home.follow("auto")
    v.go("/app/", "Home")
    expect(v.page.get_by_role("status", name="Connection: Live")).to_be_visible()
    body = {"id": uuid.uuid4().hex, "ticker": "SOLUSD", "action": "buy", "quantity": "1"}
    trace = home.house.post(hook, body).body["trace_id"]
    # Nobody reloads: the socket brings it.
    expect(v.panel("Signals as they arrive").get_by_text("SOL/USD")).to_be_visible()
    expect(v.panel("Last fills").get_by_text("SOL/USD")).to_be_visible()
    v.go(f"/app/traces/{trace}")
    expect(v.page.get_by_text("SOL/USD").first).to_be_visible()
    assert v.violations() == []


def test_public_source_of_the_demo_is_followed_and_its_signals_arrive(home: Home) -> None:
    v = home.visitor
    v.go("/app/follows", "Follows")
    row = v.panel("Public sources").get_by_role("row").filter(has_text="Demo strategy")
    row.get_by_role("button", name=re.compile("^Follow")).click()
    dialog = v.page.get_by_role("dialog")
    dialog.get_by_label("Mode", exact=True).select_option("auto")
    v.press("Start to follow", within=dialog)
    expect(v.panel("What your accounts follow").get_by_text("Demo strategy")).to_be_visible()
    (follow,) = [f for f in home.ask("/api/v1/follows")["items"] if f["source_name"] == "Demo strategy"]
    assert (follow["state"], follow["mode"]) == ("active", "auto")
    v.go("/app/", "Home")
    hook = json.loads((home.house.data / DEMO_FILE).read_text())["hooks"][DemoSource.STRATEGY.value]
    home.house.post(hook, {"id": uuid.uuid4().hex, "ticker": "LTCUSD", "action": "buy", "quantity": "1"})
    expect(v.panel("Signals as they arrive").get_by_text("Demo strategy").first).to_be_visible()
    home.send("POST", f"/api/v1/follows/{follow['id']}/close", {})


def test_held_signal_is_corrected_and_approved(home: Home) -> None:
    v, hook = home.visitor, home.follow("approve")
    body = {"id": uuid.uuid4().hex, "ticker": "LINKUSD", "action": "buy", "quantity": "2"}
    home.house.post(hook, body)
    v.go("/app/signals", "Signals")
    card = v.page.get_by_role("article").filter(has_text="LINK/USD")
    card.wait_for()
    card.get_by_role("button", name=re.compile("^Correct")).click()
    dialog = v.page.get_by_role("dialog")
    dialog.get_by_label("Quantity", exact=True).fill("3")
    dialog.get_by_role("button", name=re.compile("^(Buy|Approve)")).click()
    expect(card).to_have_count(0)

    def filled() -> bool:
        orders = home.ask("/api/v1/orders?symbol=LINK%2FUSD")["items"]
        return [(o["state"], o["quantity"]) for o in orders] == [("filled", "3")]

    _wait(v, filled)


def test_ignored_signal_comes_to_no_order(home: Home) -> None:
    v, hook = home.visitor, home.follow("approve")
    body = {"id": uuid.uuid4().hex, "ticker": "AVAXUSD", "action": "buy", "quantity": "2"}
    home.house.post(hook, body)
    v.go("/app/signals", "Signals")
    card = v.page.get_by_role("article").filter(has_text="AVAX/USD")
    card.get_by_role("button", name=re.compile("^Ignore")).click()
    expect(card).to_have_count(0)
    (plan,) = [p for p in home.ask("/api/v1/plans?state=ignored")["items"] if p["intent"]["symbol"] == "AVAX/USD"]
    assert plan["order_id"] is None


def test_resting_order_is_canceled_with_one_press(home: Home) -> None:
    v = home.visitor
    (account,) = home.ask("/api/v1/accounts")["items"]
    (quote,) = home.ask("/api/v1/quotes?symbols=BTC%2FUSD")["items"]
    limit = str(int(Decimal(quote["bid"]) * Decimal("0.97")))
    body = {"account_id": account["id"], "symbol": "BTC/USD", "side": "buy", "type": "limit", "quantity": "0.01"}
    trace = home.send("POST", "/api/v1/orders", {**body, "limit_price": limit})["trace_id"]

    def state() -> str | None:
        orders = home.ask("/api/v1/orders?symbol=BTC%2FUSD")["items"]
        return next((order["state"] for order in orders if order["trace_id"] == trace), None)

    _wait(v, lambda: state() == "new")
    v.go("/app/orders", "Orders")
    row = v.page.get_by_role("row").filter(has_text="BTC/USD").first
    row.get_by_role("button", name=re.compile("^Cancel")).click()
    _wait(v, lambda: state() == "canceled")


def test_position_is_closed_by_way_of_the_ticket(home: Home) -> None:
    v = home.visitor
    (account,) = home.ask("/api/v1/accounts")["items"]
    body = {"account_id": account["id"], "symbol": "ADA/USD", "side": "buy", "type": "market", "quantity": "100"}
    home.send("POST", "/api/v1/orders", body)

    def held() -> str | None:
        items = home.ask("/api/v1/positions")["items"]
        return next((p["quantity"] for p in items if p["symbol"] == "ADA/USD"), None)

    _wait(v, lambda: held() == "100")
    v.go("/app/positions", "Positions")
    v.page.get_by_role("link", name="Close ADA/USD").click()
    v.heading("Trade").wait_for()
    v.press("Preview")
    review = v.dialog("Sell 100 ADA/USD")
    v.press("Sell 100 ADA/USD", within=review)
    expect(review.get_by_role("status")).to_contain_text("on its way")
    _wait(v, lambda: held() is None)


def test_trading_is_stopped_from_the_keyboard_and_resumed_with_a_reason(home: Home) -> None:
    v = home.visitor
    v.go("/app/positions", "Positions")
    v.page.keyboard.press("Control+Shift+X")
    v.dialog("Stop trading")
    # The focus stands on the press itself.
    v.page.keyboard.press("Enter")
    expect(v.page.get_by_text("Trading is stopped", exact=True)).to_be_visible()
    (kill,) = [k for k in home.ask("/api/v1/kills") if k["active"]]
    assert kill["scope"] == "user"
    v.go("/app/trade", "Trade")
    v.fill("Symbol", "ETH/USD")
    v.fill("Quantity", "0.1")
    v.press("Preview")
    review = v.page.get_by_role("dialog")
    expect(review.get_by_text("Risk refuses this order.")).to_be_visible()
    assert v.violations() == []
    v.press("Back", within=review)
    v.press("Resume")
    dialog = v.dialog("Resume trading")
    v.fill("Reason", "The test is over", within=dialog)
    v.press("Resume", within=dialog)
    expect(v.page.get_by_text("Trading is stopped", exact=True)).to_have_count(0)
    assert [k for k in home.ask("/api/v1/kills") if k["active"]] == []


def test_lost_connection_is_shown_at_once_and_what_was_missed_comes_after(home: Home) -> None:
    v, hook = home.visitor, home.follow("auto")
    v.go("/app/", "Home")
    expect(v.page.get_by_role("status", name="Connection: Live")).to_be_visible()
    v.context.set_offline(True)
    try:
        banner = v.page.get_by_role("alert").filter(has_text=re.compile("interrupted|offline|Nothing was heard"))
        expect(banner).to_be_visible()
        body = {"id": uuid.uuid4().hex, "ticker": "DOTUSD", "action": "buy", "quantity": "1"}
        trace = home.house.post(hook, body).body["trace_id"]
        assert home.ask(f"/api/v1/traces/{trace}")["steps"][0]["step"] == "received"
    finally:
        v.context.set_offline(False)
    expect(v.page.get_by_role("status", name="Connection: Live")).to_be_visible()
    expect(banner).to_have_count(0)
    expect(v.panel("Signals as they arrive").get_by_text("DOT/USD")).to_be_visible()
    v.complaints = []


def test_signal_is_approved_on_a_phone(home: Home) -> None:
    hook = home.follow("approve")
    body = {"id": uuid.uuid4().hex, "ticker": "XRPUSD", "action": "buy", "quantity": "10"}
    home.house.post(hook, body)
    phone = Visitor(home.browser, home.house.url, width=390, height=844, theme="dark")
    try:
        phone.sign_in(EMAIL, PASSWORD)
        bar = phone.page.get_by_role("navigation", name="Main").last
        bar.get_by_role("link", name="Signals").click()
        card = phone.page.get_by_role("article").filter(has_text="XRP/USD")
        card.get_by_role("button", name=re.compile("^Approve")).click()
        phone.page.get_by_role("dialog").get_by_role("button", name=re.compile("Buy 10 XRP")).click()
        expect(card).to_have_count(0)
        expect(phone.page.get_by_role("button", name="Stop trading")).to_be_visible()
        assert phone.widest() <= 0
        assert phone.complaints == []
    finally:
        phone.close()
    _wait(
        home.visitor, lambda: [o["state"] for o in home.ask("/api/v1/orders?symbol=XRP%2FUSD")["items"]] == ["filled"]
    )


def test_sign_in_refuses_plainly_and_leads_back_to_where_one_wanted(home: Home) -> None:
    stranger = Visitor(home.browser, home.house.url)
    try:
        stranger.page.goto("/app/risk")
        stranger.heading("Sign in").wait_for()
        stranger.fill("E-mail", EMAIL)
        stranger.fill("Password", "not the password")
        stranger.press("Sign in")
        expect(stranger.page.get_by_role("alert")).to_be_visible()
        stranger.fill("Password", PASSWORD)
        stranger.press("Sign in")
        stranger.heading("Risk").wait_for()
    finally:
        stranger.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_is_accessible_and_fits_a_narrow_window(home: Home, theme: str) -> None:
    v = home.visitor
    v.go("/app/", "Home")
    v.page.evaluate("theme => localStorage.setItem('tradsy.appearance', JSON.stringify({theme}))", theme)
    wrong: list[str] = []
    for path, title in SCREENS.items():
        v.page.set_viewport_size({"width": 1280, "height": 800})
        v.go(path, title)
        expect(v.page.get_by_role("status", name="Loading")).to_have_count(0)
        assert v.page.evaluate("document.documentElement.dataset.theme") == theme
        wrong += [f"{path}: {found}" for found in v.violations()]
        v.page.set_viewport_size({"width": 320, "height": 700})
        if (wider := v.widest()) > 0:
            wrong.append(f"{path} is {wider} px wider than a window of 320")
    v.page.set_viewport_size({"width": 1280, "height": 800})
    assert wrong == []


def test_pages_outside_are_accessible(home: Home) -> None:
    stranger = Visitor(home.browser, home.house.url, theme="dark")
    try:
        wrong: list[str] = []
        for path, title in OUTSIDE.items():
            stranger.go(path, title)
            stranger.page.get_by_role("heading", level=1).wait_for()
            wrong += [f"{path}: {found}" for found in stranger.violations()]
        for path in PUBLIC:
            stranger.go(path)
            wrong += [f"{path}: {found}" for found in stranger.violations()]
            assert stranger.page.locator("script").count() == 0, path
        assert wrong == []
        assert stranger.complaints == []
    finally:
        stranger.close()


def test_every_link_of_the_public_pages_leads_somewhere(home: Home) -> None:
    stranger = Visitor(home.browser, home.house.url)
    try:
        for path in PUBLIC:
            stranger.go(path)
            links = stranger.page.eval_on_selector_all(
                "a[href^='/']", "found => found.map(a => a.getAttribute('href'))"
            )
            for link in set(links):
                assert stranger.context.request.get(home.house.url + link).status == 200, f"{path} -> {link}"
    finally:
        stranger.close()


BUDGETS = {"/": 5, "/pricing/": 5, "/app/sign-in": 135, "/app/": 200, "/app/trade?symbol=ETH%2FUSD": 290}
"""Kilobytes of script, compressed with gzip, that a first visit may load."""
TOLERANCE = 1.05


def test_scripts_stay_within_their_budget(home: Home) -> None:
    for path, budget in BUDGETS.items():
        visitor = Visitor(home.browser, home.house.url)
        try:
            if path.startswith("/app/") and path != "/app/sign-in":
                visitor.sign_in(EMAIL, PASSWORD)
            loaded: set[str] = set()
            visitor.page.on("response", lambda answer, loaded=loaded: loaded.add(answer.url))
            visitor.go(path)
            visitor.page.wait_for_load_state("networkidle")
            scripts = {url.removeprefix(home.house.url) for url in loaded if url.endswith(".js")}
            assert bool(scripts) is path.startswith("/app/")
            kilobytes = sum(_compressed(name) for name in scripts) / 1000
            assert kilobytes <= budget * TOLERANCE, f"{path} loads {kilobytes:.1f} kB of script"
        finally:
            visitor.close()


def _compressed(name: str) -> int:
    path = DIST / name.lstrip("/")
    beside = path.with_name(f"{path.name}.gz")
    return (beside if beside.exists() else path).stat().st_size


def _wait(visitor: Visitor, condition: Any) -> None:
    for _ in range(PATIENCE // 100):
        if condition():
            return
        visitor.page.wait_for_timeout(100)
    assert condition()
