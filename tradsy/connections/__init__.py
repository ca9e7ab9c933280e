"""Logins at brokers and the trading accounts under them.

Owns `connections` and `accounts`. Events: `connections.opened`, `connections.paused`, `connections.resumed`,
`connections.expired`, `connections.closed`, `accounts.updated`.

Invariants: all connections of a user lie in one partition; a credential is stored sealed, bound to its row, never
shown again (only the last four characters of the key), and erased when the connection is closed; a closed
connection stays closed.
"""
