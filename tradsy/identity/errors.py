"""What identity refuses."""

from __future__ import annotations

from tradsy.domain.errors import CallerError, Conflict, Forbidden, Invalid, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """One text for every way in which a sign-in can be wrong, so that nobody learns which addresses exist."""

    code = "invalid_credentials"
    title = "E-mail or password is wrong, or the address is not confirmed yet"


class SecondFactorRequired(Unauthenticated):
    """The password was right; the account also asks for a code."""

    code = "second_factor_required"
    title = "Enter the code of your authenticator app, or a recovery code"


class InvalidSecondFactor(Unauthenticated):
    code = "invalid_second_factor"
    title = "The code is wrong or was used already"


class StepUpRequired(Forbidden):
    """The act is sensitive and the last proof of who is there is too old."""

    code = "step_up_required"
    title = "Confirm that it is you: enter your password or a code again"


class InteractiveOnly(Forbidden):
    """An API key tried what only a signed-in person may do."""

    code = "interactive_only"
    title = "An API key may not do this: sign in"


class ConsentRequired(Forbidden):
    code = "consent_required"
    title = "Accept the current risk disclaimer and terms first"


class CrossSiteRequest(Forbidden):
    """A browser sent a changing request that did not come from our own pages."""

    code = "cross_site_request"
    title = "The request did not come from a page of this site"


class UnsupportedMediaType(CallerError):
    code = "unsupported_media_type"
    http_status = 415
    title = "Send application/json"


class LinkInvalid(CallerError):
    """A one-time link is unknown, used or expired: the answer is the same."""

    code = "link_invalid"
    http_status = 400
    title = "The link is not valid any more: ask for a new one"


class WeakPassword(Invalid):
    code = "weak_password"
    title = "Choose another password"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "An account with this e-mail address exists"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "Somebody must remain an active admin"


class OutdatedDocument(Conflict):
    """Somebody accepted a text that is not the current one."""

    code = "outdated_document"
    title = "The text has changed: read the current version"


class SecondFactorExists(Conflict):
    code = "second_factor_exists"
    title = "An authenticator app is set up already"


class TooManyKeys(Conflict):
    code = "too_many_keys"
    title = "Revoke an API key before you make another"
