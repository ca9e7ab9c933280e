"""Errors of connections."""

from __future__ import annotations

from tradsy.domain.errors import Conflict, NotFound, Unavailable


class ConnectionNotFound(NotFound):
    """There is no such connection, or it is another tenant's."""

    code = "connection_not_found"
    title = "There is no such connection"


class AccountNotFound(NotFound):
    """There is no such account, or it is another tenant's."""

    code = "account_not_found"
    title = "There is no such account"


class ConnectionStateConflict(Conflict):
    """The connection's state does not allow the change."""

    code = "connection_state"
    title = "The connection's state does not allow this"


class TooManyConnections(Conflict):
    """The user has as many connections as are allowed."""

    code = "too_many_connections"
    title = "You have as many connections as are allowed"


class CredentialMissing(Conflict):
    """The connection has no credential any more."""

    code = "credential_missing"
    title = "The connection has no credential: link it again"


class PaperVenueUnavailable(Unavailable):
    """The paper venue does not answer."""

    code = "paper_venue_unavailable"
    title = "The paper venue does not answer"
