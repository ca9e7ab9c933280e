"""What risk refuses to change."""

from __future__ import annotations

from tradsy.domain.errors import Conflict, Invalid, NotFound


class LimitSubjectNotFound(NotFound):
    """The account or source of a limit or state does not exist, or is another tenant's."""

    code = "risk_subject_not_found"
    title = "There is no such account or source"


class LimitAboveCap(Invalid):
    """A limit is looser than the installation allows; `context` names it and its cap."""

    code = "limit_above_cap"
    title = "The limit is looser than this installation allows"


class LimitInvalid(Invalid):
    """A value of a limit is malformed or makes no sense; `context` names it."""

    code = "limit_invalid"
    title = "A limit is not valid"


class LimitsExist(Conflict):
    """Starting limits were chosen before; from then on they are changed one by one."""

    code = "limits_exist"
    title = "Your limits are set already: change them one by one"


class LimitsChangedMeanwhile(Conflict):
    """Two changes of one layer met."""

    code = "limits_changed"
    title = "The limits were changed at the same moment: look again"


class NotStopped(NotFound):
    """Only what is stopped can be enabled; another tenant's state gives the same answer."""

    code = "not_stopped"
    title = "Nothing is stopped here"


class WrongMode(Invalid):
    """Users and accounts are halted or reduce-only, sources are disabled."""

    code = "wrong_mode"
    title = "This state does not exist here"
