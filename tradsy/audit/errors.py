"""What audit refuses, and what it found broken."""

from __future__ import annotations

from tradsy.domain.errors import TradsyError


class NotCanonical(TradsyError):
    """An entry holds a value that has no single canonical form: a float, a huge integer, a foreign type."""

    code = "audit_not_canonical"
    title = "An audit entry holds a value that cannot be recorded"


class AuditNotAppendOnly(TradsyError):
    """A login role of the database could change or remove a recorded event: the product must not run."""

    code = "audit_not_append_only"
    title = "The audit log is not append-only"


class AuditBroken(TradsyError):
    """The stored log, its tree, its checkpoints or an anchor contradict each other."""

    code = "audit_broken"
    title = "The audit log does not verify"
