"""Ports that are still free when their server comes to listen."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tradsy.platform.engines import ports
from tradsy.platform.engines.ports import free_port


def test_given_ports_differ_and_lie_below_those_of_outgoing_connections() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == len(given)
    if first > 21_000:
        assert all(20_000 <= port < first for port in given)


def test_preferred_port_is_kept_unless_somebody_has_it() -> None:
    mine = free_port()
    assert free_port(mine) == mine
    with socket.socket() as other:
        other.bind(("127.0.0.1", mine))
        other.listen()
        assert free_port(mine) != mine


def test_system_that_names_no_range_still_has_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for text in (None, "", "1024 65535"):
        path = tmp_path / "range"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(ports, "_EPHEMERAL", path)
        assert free_port() >= 20_000


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(_: int) -> bool:
        return False

    monkeypatch.setattr(ports, "_is_free", taken)
    with pytest.raises(OSError, match="no loopback port is free"):
        free_port()
