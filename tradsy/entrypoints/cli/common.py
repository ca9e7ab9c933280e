"""What the commands share. Only this and typer load at start: each command imports what it runs when it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from tradsy.entrypoints.api_client import ApiClient
    from tradsy.platform.settings import Settings

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of the installation.")]
PortOption = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")]
UrlOption = Annotated[str | None, typer.Option("--url", help="Address of the product; or TRADSY_URL.")]
KeyOption = Annotated[str | None, typer.Option("--key", help="API key; better TRADSY_API_KEY: others see arguments.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")]


def group(help_text: str) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(no_args_is_help=True, help=help_text)


def messages() -> Console:
    """Return the console for people: standard error, so that standard output stays for data."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def output() -> Console:
    """Return the console for results."""
    from rich.console import Console

    # A pipe has no width: lines stay whole for whoever reads them.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 400)


def make_settings(data: Path | None = None, port: int | None = None) -> Settings:
    """Return the settings, with what the command line says over the environment."""
    from tradsy.platform.settings import Settings

    changes: dict[str, Any] = {"data_dir": data, "port": port}
    return Settings(**{key: value for key, value in changes.items() if value is not None})


def make_client(data: Path | None, url: str | None, key: str | None) -> ApiClient:
    """Return a client of the running product."""
    from tradsy.entrypoints.api_client import load_client
    from tradsy.platform.settings import default_data_dir

    return load_client(data or _environment_folder() or default_data_dir(), url=url, key=key)


def _environment_folder() -> Path | None:
    import os

    named = os.environ.get("TRADSY_DATA_DIR")
    return Path(named) if named else None


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table; an empty one says so."""
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        output().print(f"No {title}.")
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    output().print(table)
