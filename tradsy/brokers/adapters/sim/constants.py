"""Numbers of the venue `sim`; source of all: docs/reference/sim.md."""

from __future__ import annotations

VENUE = "sim"
PAGE_LIMIT = 500
MAX_PAGES = 200
"""100,000 rows; a longer list is reported as incomplete."""
STREAM_SILENCE_S = 12.0
"""The stream sends a heart-beat after 5 s of silence; two missed ones end the socket."""
MAX_MESSAGE = 4 * 1024 * 1024
FIRST_BACKOFF_S = 0.1
LAST_BACKOFF_S = 5.0
