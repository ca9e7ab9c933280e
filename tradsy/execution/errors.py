"""What can go wrong when people ask execution for something."""

from __future__ import annotations

from tradsy.domain.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = "There is no such order"


class TraceNotFound(NotFound):
    code = "trace_not_found"
    title = "There is no such trace"


class KillSubjectNotFound(NotFound):
    code = "kill_subject_not_found"
    title = "There is nothing of yours to stop under this id"


class OrderFinished(Conflict):
    code = "order_finished"
    title = "The order is finished"


class NotKilled(Conflict):
    code = "not_killed"
    title = "This switch is not set"


class OrderUnreadable(Invalid):
    code = "order_unreadable"
    title = "The order's fields do not fit together"


class BadBarRange(Invalid):
    code = "bad_bar_range"
    title = "The range of bars cannot be asked for"
