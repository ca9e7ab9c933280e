"""Errors of the portfolio."""

from __future__ import annotations

from tradsy.domain.errors import Operational


class PositionRaced(Operational):
    """Another transaction booked into the same position first; nothing of this one is kept."""

    code = "position_raced"
    title = "The position changed meanwhile"
