"""The position that a page of newest-first rows begins after."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tradsy.platform.web import Paging, decode_cursor


def read_position(paging: Paging) -> tuple[datetime, UUID] | None:
    """Return the (time, id) of the last row of the page before.

    Raises:
        InvalidCursor: the cursor is not one of ours.
    """
    return None if paging.cursor is None else decode_cursor(paging.cursor, datetime, UUID)
