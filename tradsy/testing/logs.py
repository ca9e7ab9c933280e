"""What a module says in its log."""

from __future__ import annotations

from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import structlog
from structlog.testing import LogCapture


@contextmanager
def captured_logs(module: ModuleType) -> Generator[list[MutableMapping[str, Any]]]:
    """Collect what `module` logs through its `log` while the block runs, in place of printing it.

    Works however the process's logging was configured before: a logger that has spoken once keeps its configuration,
    so that `structlog.testing.capture_logs` hears it or not by what ran earlier.
    """
    capture = LogCapture()
    original: Any = module.log
    module.log = structlog.wrap_logger(  # pyright: ignore[reportAttributeAccessIssue]
        structlog.PrintLogger(), processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    try:
        yield capture.entries
    finally:
        module.log = original  # pyright: ignore[reportAttributeAccessIssue]
