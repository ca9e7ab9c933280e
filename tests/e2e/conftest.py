"""The installed product as its users meet it: child processes, the command line and HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.product import Child, running


@pytest.fixture(scope="session")
def product() -> Generator[Child]:
    """One `tradsy up` with its demo user, for all tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="tradsy-e2e-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data") as child:
            yield child


@pytest.fixture
def place() -> Generator[Path]:
    """A temporary folder that the database's own system user can pass through; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="tradsy-e2e-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starting a product takes seconds on a free machine and much longer on a busy one."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))
