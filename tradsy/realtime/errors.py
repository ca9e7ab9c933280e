"""Errors of realtime."""

from __future__ import annotations

from tradsy.domain.errors import Conflict, Unauthenticated


class TicketRefused(Unauthenticated):
    """The ticket is unknown, used, or too old."""

    code = "ticket_refused"
    title = "The ticket is not valid: ask for a new one"


class TooManyStreams(Conflict):
    """The user has as many streams open as are allowed."""

    code = "too_many_streams"
    title = "You have as many streams open as are allowed"
