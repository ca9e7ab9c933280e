"""Alerts and chatter in our own wordings: templates that random but sensible facts are filled into."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One message, what it means (None: nothing to do), and the kind of wording it is."""

    text: str
    expected: Wire | None
    kind: str


STOCKS = [
    "PLTR",
    "RIVN",
    "SOFI",
    "HOOD",
    "UBER",
    "ABNB",
    "SHOP",
    "SNAP",
    "PYPL",
    "DKNG",
    "CVNA",
    "MARA",
    "RBLX",
    "ROKU",
    "NET",
    "CRWD",
    "DELL",
    "MU",
    "INTC",
    "WFC",
]
PAIRS = ["EURUSD", "GBPUSD", "AUDUSD", "NZDUSD", "EURGBP", "EURCHF", "AUDCAD", "GBPCHF", "NZDCAD", "EURCAD"]
COINS = ["SOL", "ADA", "XRP", "DOT", "LINK", "ATOM", "NEAR", "INJ", "APT", "SUI"]
FUTURES = ["ES", "NQ", "MES", "MNQ", "RTY", "YM"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def wire(action: str, asset: str | None, symbol: str | None, **fields: Any) -> Wire:
    """The expected answer with everything that is not named empty."""
    answer: Wire = {"action": action, "asset": asset, "symbol": symbol, "qty": None, "price": None, "stop": None}
    answer.update(targets=[], option=None, fraction=None)
    answer.update(fields)
    return answer


def number(text: str) -> int | float:
    """The JSON number a text stands for."""
    value = Decimal(text)
    return int(value) if value == value.to_integral() else float(value)


@dataclass(slots=True)
class Trade:
    """Random but sensible facts: a stop on the losing and targets on the winning side."""

    symbol: str
    long: bool
    price: str
    stop: str
    targets: tuple[str, str, str]
    edge: str
    """The far end of an entry zone, between the price and the stop."""

    @property
    def action(self) -> str:
        return "BTO" if self.long else "STO"

    @property
    def levels(self) -> Wire:
        return {"price": number(self.price), "stop": number(self.stop)}

    def first(self, count: int) -> list[int | float]:
        """The first targets as numbers."""
        return [number(text) for text in self.targets[:count]]


def trade(rng: random.Random, symbols: list[str], low: int, high: int, digits: int) -> Trade:
    """Draw a trade around a price between two bounds (in units of the last digit)."""
    price = rng.randint(low, high)
    step = max(price // 150, 3)
    long = rng.random() < 0.5
    sign = 1 if long else -1

    def text(value: int) -> str:
        return f"{Decimal(value).scaleb(-digits):.{digits}f}"

    targets = (text(price + sign * step), text(price + sign * step * 2), text(price + sign * step * 3))
    return Trade(
        rng.choice(symbols), long, text(price), text(price - sign * step), targets, text(price - sign * (step // 2))
    )


def forex(rng: random.Random) -> Trade:
    return trade(rng, PAIRS, 60_000, 190_000, 5)


def gold(rng: random.Random) -> Trade:
    return trade(rng, ["XAUUSD"], 230_000, 480_000, 2)


def crypto(rng: random.Random) -> Trade:
    return trade(rng, COINS, 4_000, 90_000, 3)


def stock(rng: random.Random) -> Trade:
    return trade(rng, STOCKS, 700, 30_000, 2)


def future(rng: random.Random) -> Trade:
    return trade(rng, FUTURES, 500_000, 2_000_000, 2)


@dataclass(slots=True)
class Contract:
    """A random option contract with its price."""

    ticker: str
    strike: str
    right: str
    expiry: str
    written: str
    price: str
    qty: int

    @property
    def terms(self) -> Wire:
        return {"strike": number(self.strike), "right": self.right, "expiry": self.expiry}


def contract(rng: random.Random) -> Contract:
    """Draw a contract; its date is written in one of the usual ways."""
    month, day, year = rng.randint(1, 12), rng.randint(1, 28), rng.randint(2024, 2027)
    strike = f"{rng.randint(20, 600)}{rng.choice(['', '', '.5'])}"
    written, expiry = rng.choice(
        [
            (f"{month}/{day}", f"{month:02d}-{day:02d}"),
            (f"{month:02d}/{day:02d}", f"{month:02d}-{day:02d}"),
            (f"{month}/{day}/{year % 100}", f"{year}-{month:02d}-{day:02d}"),
            (f"{month}/{day}/{year}", f"{year}-{month:02d}-{day:02d}"),
            (f"{day}{MONTHS[month - 1]}", f"{month:02d}-{day:02d}"),
            (f"{day}{MONTHS[month - 1]}{year % 100}", f"{year}-{month:02d}-{day:02d}"),
            (f"{MONTHS[month - 1].title()} {day}", f"{month:02d}-{day:02d}"),
            ("0DTE", "0DTE"),
        ]
    )
    price = f"{Decimal(rng.randint(20, 1500)).scaleb(-2):.2f}"
    return Contract(rng.choice(STOCKS), strike, rng.choice("CP"), expiry, written, price, rng.randint(1, 20))


Template = Callable[[random.Random], Sample]


def option_code(rng: random.Random) -> Sample:
    """An order code with contract and price."""
    c = contract(rng)
    glued = rng.choice([f"{c.strike}{c.right}", f"{c.strike}{c.right.lower()}", f"${c.strike}{c.right.lower()}"])
    body = rng.choice(
        [f"{c.ticker} {glued} {c.written}", f"{c.ticker} {c.written} {glued}", f"{c.written} {c.ticker} {glued}"]
    )
    counted = rng.random() < 0.5 and not body[0].isdigit() and not body.startswith(tuple(m.title() for m in MONTHS))
    qty = f"{c.qty} " if counted else ""
    code = rng.choice(["BTO", "STO", "bto", "Bto"])
    text = f"{code} {qty}{body} @ {c.price}"
    fields = {"price": number(c.price), "option": c.terms, "qty": c.qty if counted else None}
    return Sample(text, wire(code.upper(), "option", c.ticker, **fields), "option, order code")


def option_levels(rng: random.Random) -> Sample:
    """An order code with percent levels."""
    c = contract(rng)
    stop, first, second = rng.randint(20, 60), rng.randint(20, 60), rng.randint(70, 200)
    text = f"BTO {c.ticker} {c.strike}{c.right} {c.written} @ {c.price} PT1 {first}% PT2 {second}%TS10% SL {stop}%"
    fields = {"price": number(c.price), "option": c.terms, "stop": f"{stop}%", "targets": [f"{first}%", f"{second}%"]}
    return Sample(text, wire("BTO", "option", c.ticker, **fields), "option, percent levels")


def option_words(rng: random.Random) -> Sample:
    """A contract in everyday words."""
    c = contract(rng)
    right = "call" if c.right == "C" else "put"
    verb = rng.choice(["Bought", "Buying", "Just bought", "Grabbed", "I bought"])
    text = f"{verb} {c.qty} {c.ticker} {c.written} {c.strike} {right}s {rng.choice(['at', '@', 'for'])} ${c.price}"
    fields = {"price": number(c.price), "option": c.terms, "qty": c.qty}
    return Sample(text, wire("BTO", "option", c.ticker, **fields), "option, everyday words")


def option_fields(rng: random.Random) -> Sample:
    """A contract as a form."""
    c = contract(rng)
    stop, target = f"{Decimal(c.price) * Decimal('0.7'):.2f}", f"{Decimal(c.price) * Decimal('1.5'):.2f}"
    text = (
        f"**Entry alert**\nTicker: {c.ticker}\nStrike: {c.strike}{c.right}\nExp: {c.written}\nEntry: ${c.price}\n"
        f"Stop loss: ${stop}\nTake profit: ${target}"
    )
    fields = {"price": number(c.price), "option": c.terms, "stop": number(stop), "targets": [number(target)]}
    return Sample(text, wire("BTO", "option", c.ticker, **fields), "option, form")


def option_close(rng: random.Random) -> Sample:
    """A close or a trim of a contract."""
    c = contract(rng)
    word, fraction = rng.choice(
        [
            ("STC {} @ {}", 1),
            ("STC half {} @ {}", 0.5),
            ("Sold 1/3 of {} @ {}", 0.33),
            ("STC {} @ {} trim", None),
            ("Trimming 25% {} at {}", 0.25),
            ("Sold all {} @ {}", 1),
            ("Closed {} at {}", 1),
            ("Sold my {} for {}", 1),
        ]
    )
    text = word.format(f"{c.ticker} {c.strike}{c.right.lower()}", c.price)
    terms = c.terms | {"expiry": None}
    fields = {"price": number(c.price), "option": terms, "fraction": fraction}
    return Sample(text, wire("STC", "option", c.ticker, **fields), "option, close")


def stock_line(rng: random.Random) -> Sample:
    """A share trade in one line."""
    t, qty = stock(rng), rng.randint(5, 500)
    verb = rng.choice(["BTO", "Long", "Buying", "Bought"] if t.long else ["STO", "Short", "Shorting"])
    tail = rng.choice(
        [
            f"SL {t.stop} PT {t.targets[0]}",
            f"stop {t.stop}, target {t.targets[0]}",
            f"| SL {t.stop} | TP {t.targets[0]}",
        ]
    )
    fields = t.levels | {"targets": t.first(1), "qty": qty}
    return Sample(
        f"{verb} {qty} {t.symbol} @ {t.price} {tail}", wire(t.action, "stock", t.symbol, **fields), "stock, line"
    )


def stock_tag(rng: random.Random) -> Sample:
    """A cashtag in running words."""
    t = stock(rng)
    verb = "long" if t.long else "short"
    text = f"Going {verb} ${t.symbol} here at {t.price}, stop {'below' if t.long else 'above'} {t.stop}"
    return Sample(text, wire(t.action, "stock", t.symbol, **t.levels), "stock, running words")


def stock_close(rng: random.Random) -> Sample:
    """A share position closed."""
    t = stock(rng)
    form, action, fraction = rng.choice(
        [
            ("Sold {} @ {}", "STC", 1),
            ("All out of {} @ {}", "STC", 1),
            ("Sold half {} at {}", "STC", 0.5),
            ("Covered {} @ {}", "BTC", 1),
            ("BTC {} @ {}", "BTC", 1),
            ("STC {} @ {} partial", "STC", None),
            ("Stopped out of {} at {}", "STC", 1),
        ]
    )
    fields = {"price": number(t.price), "fraction": fraction}
    return Sample(form.format(t.symbol, t.price), wire(action, "stock", t.symbol, **fields), "stock, close")


def pair_name(rng: random.Random, symbol: str) -> str:
    """A currency pair as people write it."""
    return rng.choice([symbol, symbol.lower(), symbol.title(), f"{symbol[:3]}/{symbol[3:]}", f"#{symbol}"])


def forex_block(rng: random.Random) -> Sample:
    """A pair with one level per line."""
    t = forex(rng)
    side = rng.choice(["BUY", "Buy", "LONG"] if t.long else ["SELL", "Sell", "SHORT"])
    sl, tp = (
        rng.choice(["SL", "S.L", "Stop Loss", "Sl", "Stoploss"]),
        rng.choice(["TP", "T.P", "Tp", "Take Profit", "Target"]),
    )
    colon = rng.choice([": ", " ", " : ", "@", " - "])
    head = rng.choice(
        [f"{pair_name(rng, t.symbol)} {side} NOW {t.price}", f"{side} {pair_name(rng, t.symbol)} @ {t.price}"]
    )
    lines = [f"{sl}{colon}{t.stop}", *(f"{tp} {i}{colon}{level}" for i, level in enumerate(t.targets, 1))]
    if rng.random() < 0.5:
        lines.append(lines.pop(0))
    fields = t.levels | {"targets": t.first(3)}
    return Sample("\n".join([head, *lines]), wire(t.action, "forex", t.symbol, **fields), "forex, block")


def forex_line(rng: random.Random) -> Sample:
    """A pair in one line, sometimes as a pending order."""
    t = forex(rng)
    side = ("buy" if t.long else "sell") + rng.choice(["", " limit", " stop", " now"])
    second = rng.choice(["", "tp " + t.targets[1]])
    text = f"{pair_name(rng, t.symbol)} {side} {t.price} sl {t.stop} tp {t.targets[0]} {second}"
    count = 2 if t.targets[1] in text else 1
    return Sample(text, wire(t.action, "forex", t.symbol, **t.levels, targets=t.first(count)), "forex, line")


def forex_form(rng: random.Random) -> Sample:
    """A pair as a form with a side label."""
    t = forex(rng)
    text = (
        f"📊 Pair: {pair_name(rng, t.symbol)}\nDirection: {'Long' if t.long else 'Short'}\nEntry price: {t.price}\n"
        f"Stop loss: {t.stop}\nTake profit: {t.targets[0]}\nRisk: 1%"
    )
    return Sample(text, wire(t.action, "forex", t.symbol, **t.levels, targets=t.first(1)), "forex, form")


def gold_zone(rng: random.Random) -> Sample:
    """Gold with an entry zone and an open last target."""
    t = gold(rng)
    side = "BUY" if t.long else "SELL"
    name = rng.choice(["GOLD", "Gold", "XAUUSD", "XAU/USD"])
    joiner = rng.choice([" - ", "-", "/", " – "])
    text = f"{name} {side} {t.price}{joiner}{t.edge}\nSL {t.stop}\nTP1 {t.targets[0]}\nTP2 {t.targets[1]}\nTP3 open"
    return Sample(text, wire(t.action, "forex", "XAUUSD", **t.levels, targets=t.first(2)), "gold, zone")


def pips(rng: random.Random) -> Sample:
    """Levels as distances."""
    t, stop, target = forex(rng), rng.randint(10, 60), rng.randint(20, 150)
    side = "Buy" if t.long else "Sell"
    text = f"{side} {t.symbol} at {t.price}, SL {stop} pips, TP {target} pips"
    fields = {"price": number(t.price), "stop": f"{stop}pips", "targets": [f"{target}pips"]}
    return Sample(text, wire(t.action, "forex", t.symbol, **fields), "forex, pips")


def crypto_block(rng: random.Random) -> Sample:
    """A coin with zone, list of targets and leverage."""
    t = crypto(rng)
    name = rng.choice(
        [f"#{t.symbol}/USDT", f"#{t.symbol}USDT", f"{t.symbol}-USDT", f"${t.symbol}USDT", f"{t.symbol}USDT.P"]
    )
    side = "LONG" if t.long else "SHORT"
    listed = rng.choice([" - ", ", ", " / "]).join(t.targets)
    text = (
        f"{rng.choice(['🚀 ', '⚡️ ', ''])}{name} {side}\nLeverage: {rng.choice(['10x', 'Cross 20x', 'isolated 5X'])}\n"
        f"Entry: {t.price} - {t.edge}\nTargets: {listed}\nStop loss: {t.stop}"
    )
    fields = t.levels | {"targets": t.first(3)}
    return Sample(text, wire(t.action, "crypto", f"{t.symbol}/USDT", **fields), "crypto, block")


def crypto_numbered(rng: random.Random) -> Sample:
    """A coin with numbered lists."""
    t = crypto(rng)
    side = "Long" if t.long else "Short"
    rows = "\n".join(f"{i}) {level}{rng.choice(['', ' - 30%'])}" for i, level in enumerate(t.targets, 1))
    head = f"Coin: {t.symbol}/USDT\nSignal type: {side}\n\nEntry:\n{t.price}"
    text = f"{head}\n\nTake-profit targets:\n{rows}\n\nStop targets:\n1) {t.stop}"
    fields = t.levels | {"targets": t.first(3)}
    return Sample(text, wire(t.action, "crypto", f"{t.symbol}/USDT", **fields), "crypto, numbered lists")


def crypto_line(rng: random.Random) -> Sample:
    """A coin in one line."""
    t = crypto(rng)
    side = rng.choice(["long", "Long", "buy"] if t.long else ["short", "Short", "sell"])
    text = f"{t.symbol}USDT {side} {t.price} sl {t.stop} tp {' '.join(t.targets)} {rng.randint(3, 25)}x"
    return Sample(text, wire(t.action, "crypto", f"{t.symbol}/USDT", **t.levels, targets=t.first(3)), "crypto, line")


def crypto_russian(rng: random.Random) -> Sample:
    """A coin in Russian."""
    t = crypto(rng)
    side = "ЛОНГ" if t.long else "ШОРТ"
    rows = "\n".join(f"Тейк {i}: {level}" for i, level in enumerate(t.targets, 1))
    head = f"Идея {t.symbol}/USDT 1H\n\n{side}\n\nВход: {t.price} - {t.edge}"
    text = f"{head}\nСтоп: {t.stop}\n{rows}\n\nРиск {rng.randint(1, 3)}% от депозита"
    return Sample(text, wire(t.action, "crypto", f"{t.symbol}/USDT", **t.levels, targets=t.first(3)), "crypto, Russian")


def other_language(rng: random.Random) -> Sample:
    """A pair in German or Spanish."""
    t = forex(rng)
    comma = t.price.replace(".", ",")
    if rng.random() < 0.5:
        stop, target = t.stop.replace(".", ","), t.targets[0].replace(".", ",")
        text = f"{t.symbol} {'kaufen' if t.long else 'verkaufen'} bei {comma}, Stopp {stop}, Ziel {target}"
    else:
        text = f"{'Comprar' if t.long else 'Vender'} {t.symbol} {t.price}, stop loss {t.stop}, objetivo {t.targets[0]}"
    return Sample(text, wire(t.action, "forex", t.symbol, **t.levels, targets=t.first(1)), "forex, German and Spanish")


def future_line(rng: random.Random) -> Sample:
    """A future in one line."""
    t, qty = future(rng), rng.randint(1, 6)
    name = rng.choice([t.symbol, f"/{t.symbol}", f"{t.symbol}1!"])
    text = f"{'Long' if t.long else 'Short'} {qty} {name} @ {t.price} stop {t.stop} target {t.targets[0]}"
    return Sample(text, wire(t.action, "future", t.symbol, **t.levels, targets=t.first(1), qty=qty), "future, line")


def update(rng: random.Random) -> Sample:
    """A stop moved."""
    c, t = contract(rng), crypto(rng)
    terms = c.terms | {"expiry": None}
    level = number(c.price)
    return rng.choice(
        [
            Sample("Move SL to BE", wire("UPDATE", None, None, stop="breakeven"), "update"),
            Sample(
                f"Stop to entry on #{t.symbol}USDT",
                wire("UPDATE", "crypto", f"{t.symbol}/USDT", stop="breakeven"),
                "update",
            ),
            Sample(
                f"{c.ticker} {c.strike}{c.right}: raise stop to {c.price}",
                wire("UPDATE", "option", c.ticker, stop=level, option=terms),
                "update",
            ),
            Sample(
                f"Move stop loss on {t.symbol}/USDT to {t.price}",
                wire("UPDATE", "crypto", f"{t.symbol}/USDT", stop=number(t.price)),
                "update",
            ),
            Sample("Стоп переносим в безубыток", wire("UPDATE", None, None, stop="breakeven"), "update"),
        ]
    )


def cancel(rng: random.Random) -> Sample:
    """An alert or an order taken back."""
    t = forex(rng)
    return rng.choice(
        [
            Sample("Cancel that last alert", wire("CANCEL", None, None), "cancel"),
            Sample("Ignore the last alert, wrong channel", wire("CANCEL", None, None), "cancel"),
            Sample(f"Delete the {t.symbol} pending order", wire("CANCEL", "forex", t.symbol), "cancel"),
            Sample(f"Cancelled my {t.symbol} limit order", wire("CANCEL", "forex", t.symbol), "cancel"),
        ]
    )


def pair_close(rng: random.Random) -> Sample:
    """A pair closed, whole or in part."""
    t = crypto(rng)
    symbol = f"{t.symbol}/USDT"
    form, fraction = rng.choice(
        [("Close {} now", 1), ("Closing half of {} here", 0.5), ("Close 50% of {}", 0.5), ("Закрываем позицию {}", 1)]
    )
    return Sample(form.format(symbol), wire("CLOSE", "crypto", symbol, fraction=fraction), "pair, close")


ALERTS: tuple[Template, ...] = (
    option_code, option_code, option_levels, option_words, option_fields, option_close,
    stock_line, stock_tag, stock_close,
    forex_block, forex_block, forex_line, forex_form, gold_zone, pips, crypto_block, crypto_block, crypto_numbered,
    crypto_line, crypto_russian, other_language, future_line, update, cancel, pair_close,
)  # fmt: skip
