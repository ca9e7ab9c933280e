from __future__ import annotations

import pytest

from tests.integration.signals.world import World, make_world
from tradsy.platform.db import Database
from tradsy.testing.engines import TestEngines


@pytest.fixture
def world(database: Database, engines: TestEngines) -> World:
    return make_world(database, engines)
