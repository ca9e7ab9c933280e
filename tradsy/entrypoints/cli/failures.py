"""Failures that people can mend, as one line and an exit code."""

from __future__ import annotations

import sys


def exit_code(error: BaseException) -> int | None:
    """Print what is wrong and return the exit code; None for what is a defect and deserves its traceback.

    1: refused or failed; 2: wrong settings; 74: a file or disk cannot be used.
    """
    from tradsy.domain.errors import TradsyError

    if isinstance(error, TradsyError):
        return _say(error.detail, 1)
    if type(error).__name__ == "ChildFailed":
        return _say(str(error), 1)
    if type(error).__name__ == "ValidationError" and type(error).__module__.startswith("pydantic"):
        return _say(_settings_problem(error), 2)
    if isinstance(error, OSError):
        return _say(f"{error.filename or ''} {error.strerror or error}".strip(), 74)
    return None


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code


def _settings_problem(error: BaseException) -> str:
    """Name each wrong setting by its variable; values may be secrets and are left out."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    lines = [
        f"{'TRADSY_' + '_'.join(str(part) for part in e['loc']).upper() if e['loc'] else 'Settings'}: {e['msg']}"
        for e in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return "\n".join(lines)
