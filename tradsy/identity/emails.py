"""One spelling for each e-mail address."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from tradsy.domain.errors import Invalid


def normalize_email(text: str) -> str:
    """Return the one spelling of an e-mail address: NFC, lower case, the domain in ASCII.

    Raises:
        Invalid: it is not an address.
    """
    try:
        found = validate_email(
            unicodedata.normalize("NFC", text.strip()), check_deliverability=False, test_environment=True
        )
    except EmailNotValidError:
        raise Invalid("The e-mail address is not valid.") from None
    return f"{found.local_part}@{found.ascii_domain or found.domain}".lower()


def fold_email(text: str) -> str:
    """Return an address as accounts are looked up by it; what is no address is simply unknown to everybody."""
    try:
        return normalize_email(text)
    except Invalid:
        return unicodedata.normalize("NFC", text.strip()).lower()
