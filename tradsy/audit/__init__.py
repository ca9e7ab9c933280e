"""The append-only record of everything that was decided, provable by the user alone.

Owns the tables `audit_events` (one hash chain per user and one of the system), `audit_chains` (the head of each
chain), `audit_leaves` and `audit_tiles` (the Merkle tree over all events) and `audit_checkpoints` (signed roots).

Invariants: an entry is written in the transaction of the change that it tells of; the sequence of a chain has no gap;
an event, a leaf, a tile and a checkpoint are never changed or removed, whatever role asks; a position in the tree is
given once; every checkpoint is consistent with the one before it. What a reader is shown is decoded from the exact
bytes that were hashed (`canonical`); the other columns only serve filters, and verification compares them.

Events: `audit.checkpoint_daily` with the day's first signed root. Entries hold ids, numbers and reasons; never a
secret, a name or an address.
"""
