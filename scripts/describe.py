"""Writes the OpenAPI document and the schema of the socket's messages into a folder, for the web client."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tradsy.entrypoints.http import describe_api
from tradsy.entrypoints.streams import describe_messages


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder / "openapi.json", describe_api())
    write(folder / "messages.json", describe_messages())
