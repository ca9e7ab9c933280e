"""JSON schema of the messages, from which web clients generate their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tradsy.realtime.messages import client_messages, server_messages


def message_schema(payloads: Mapping[str, type[BaseModel]] | None = None) -> dict[str, Any]:
    """Return `{server, client, payloads}`: schemas of both directions, and of the payload of each event name."""
    events: dict[str, Any] = {}
    for name, model in sorted((payloads or {}).items()):
        _, schema = models_json_schema([(model, "serialization")], ref_template="#/$defs/{model}")
        events[name] = {"$ref": f"#/$defs/{model.__name__}", "$defs": schema.get("$defs", {})}
    return {
        "server": server_messages.json_schema(mode="serialization"),
        "client": client_messages.json_schema(mode="validation"),
        "payloads": events,
    }
