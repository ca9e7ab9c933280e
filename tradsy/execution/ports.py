"""What execution is given from outside."""

from __future__ import annotations

from collections.abc import Callable

from tradsy.brokers.port import Broker
from tradsy.connections.model import ConnectionRecord

BrokerOpener = Callable[[ConnectionRecord], Broker]
"""Opens the session of a connection; nothing is sent before `connect`."""
