"""The message schema, origins and cursors."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from tradsy.platform.settings import Settings
from tradsy.realtime.messages import client_messages
from tradsy.realtime.schema import message_schema
from tradsy.realtime.sockets import _cursor, is_allowed_origin


class _Order(BaseModel):
    order_id: str


def test_schema_names_every_message() -> None:
    schema = message_schema({"orders.updated": _Order})
    assert set(schema["server"]["discriminator"]["mapping"]) == {
        "hello",
        "snapshot",
        "event",
        "gap",
        "live",
        "heartbeat",
    }
    assert set(schema["client"]["discriminator"]["mapping"]) == {"watch", "renew", "ping"}
    payload = schema["payloads"]["orders.updated"]
    assert payload["$defs"][payload["$ref"].rpartition("/")[2]]["required"] == ["order_id"]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"watch","symbols":["' + "x" * 33 + '"]}',
        '{"type":"watch","symbols":' + str(["A"] * 201).replace("'", '"') + "}",
        '{"type":"renew"}',
        '{"type":"ping","extra":1}',
        "[]",
        "",
    ],
)
def test_client_message_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        client_messages.validate_json(text)


@pytest.mark.parametrize(
    ("origin", "url", "allowed"),
    [
        (None, "", True),
        ("http://localhost:8321", "", True),
        ("http://127.0.0.1:8321", "", False),
        ("https://localhost:8321", "", False),
        ("https://trade.example", "https://trade.example/", True),
        ("http://trade.example", "https://trade.example", False),
        ("https://trade.example.evil", "https://trade.example", False),
        ("null", "https://trade.example", False),
        ("", "", False),
    ],
)
def test_origin_is_our_own_or_none(origin: str | None, url: str, allowed: bool) -> None:
    assert is_allowed_origin(origin, Settings(public_url=url)) is allowed


@pytest.mark.parametrize(
    ("text", "cursor"), [("12", 12), (None, None), ("", None), ("-1", None), ("1" * 19, None), ("٣", None), ("x", None)]
)
def test_cursor_is_a_plain_number(text: str | None, cursor: int | None) -> None:
    assert _cursor(text) == cursor
