"""What can go wrong with follows and plans."""

from __future__ import annotations

from tradsy.domain.errors import Conflict, DomainError, Invalid, NotFound


class FollowNotFound(NotFound):
    code = "follow_not_found"
    title = "There is no such follow"


class PlanNotFound(NotFound):
    code = "plan_not_found"
    title = "There is no such plan"


class NoSuchSource(NotFound):
    code = "source_not_found"
    title = "There is no such source"


class NoSuchAccount(NotFound):
    code = "account_not_found"
    title = "You have no such open account"


class AlreadyFollowed(Conflict):
    code = "already_followed"
    title = "This account already follows that source"


class FollowClosed(Conflict):
    code = "follow_closed"
    title = "The follow is closed"


class PlanDecided(Conflict):
    code = "plan_decided"
    title = "The plan waits for no decision any more"


class IncompleteIntent(Invalid):
    code = "incomplete_intent"
    title = "The plan still lacks what an order needs"


class BadFollow(Invalid):
    code = "invalid_follow"
    title = "The follow's settings do not fit together"


class SizingRefused(DomainError):
    """No order size or level can be found; `context` has the numbers."""

    code = "sizing_refused"
    title = "No order size fits"

    def __init__(self, reason: str, detail: str, **numbers: str) -> None:
        super().__init__(detail, reason=reason, **numbers)
        self.reason = reason
        """Stable code of the cause, such as `SIZE_BELOW_MIN_QUANTITY`."""
