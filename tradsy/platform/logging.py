"""Structured JSON logs that cannot carry a secret: a redactor stands behind every logger, also the libraries'."""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from tradsy.platform.redaction import (
    REDACTED,
    SENSITIVE_KEYS,
    redact,
    redact_registered,
    redact_text,
    register_secret,
)

__all__ = ["REDACTED", "configure_logging", "forbid_core_dumps", "redact", "redact_text", "register_secret"]


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: REDACTED if key != "event" and SENSITIVE_KEYS.search(key) else redact(value)
        for key, value in event.items()
    }


def _redact_line(_: Any, __: str, line: str) -> str:
    """Look at the finished line once more: a secret split over fields, or built up by the renderer, shows only here."""
    return redact_registered(line)


def forbid_core_dumps() -> None:
    """Keep the kernel from writing this process's memory, which holds keys, to disk when it crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _human_renderer() -> structlog.dev.ConsoleRenderer:
    # Tracebacks are text by then; the coloured ones would show local variables.
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def configure_logging(level: str = "INFO", *, human: bool = False) -> None:
    """Send every log line of the process, ours and the libraries', through the redactor to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    # Tracebacks carry no local variables (they hold secrets), and are redacted as text after they are rendered.
    render: list[Any] = [
        structlog.processors.format_exc_info,
        _redact_event,
        _human_renderer() if human else structlog.processors.JSONRenderer(),
        _redact_line,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries that log what goes over the wire speak up only when something is wrong.
    for name in ("aiohttp", "asyncpg", "httpx", "nats", "sqlalchemy", "taskiq", "uvicorn.access", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
