"""Loopback ports for servers that are told where to listen before they do."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_LOWEST = 20_000
"""Below are ports that services are known by."""
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 100
_given: set[int] = set()
"""Ports that this process has given out: their servers may not listen yet."""


def free_port(preferred: int = 0) -> int:
    """Return a loopback port that nothing listens on now: the preferred one if it can be had.

    Any other lies below those that the system gives to outgoing connections (ip(7), `ip_local_port_range`): seconds may
    pass until the server listens, in which one of those would often be taken.

    Raises:
        OSError: none is free.
    """
    if preferred and _is_free(preferred):
        return preferred
    past = _first_ephemeral()
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(past - _LOWEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError("no loopback port is free")


def _first_ephemeral() -> int:
    try:
        first = int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 0
    # Where the system gives out nearly all ports, no place is better than another.
    return first if first > _LOWEST + 1000 else 60_000


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
