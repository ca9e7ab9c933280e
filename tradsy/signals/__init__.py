"""Signals: what asks for a trade, taken from every source in one way.

Tables: `sources` (who may post, under which address), `signals` (each message with its bytes and what was read in it),
`signal_keys` (what keeps copies out).

Events: `signals.received`, `sources.changed`, and the hint `signals.accepted` (plans are ready, with their partitions).

Invariants: a message is committed before it is acknowledged; of simultaneous copies one becomes a signal; what cannot
be read is kept with its reason; no secret of a message is stored; an answer never repeats what was sent.

`reading` and everything below it (`dialects`, `alerts`, `text`) is pure; `intake` is the one transaction.
"""
