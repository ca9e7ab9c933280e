"""What each account holds, what it is worth, and what it has earned.

Owns `positions`, `balances`, `ledger_entries`. Events: `positions.updated`. Ephemeral messages (not JetStream):
`tradsy.live.<user_id>`.

Invariants: a position is the sum of its account's executions in a symbol; it changes only in the transaction that
books them. The start of the trading day (New York) is the last equity known before it; peak equity never falls.

| room | what happens there |
|---|---|
| `service` | executions -> positions, snapshots -> balances, in the caller's transaction |
| `valuation` | positions and quotes -> profit and loss; pure |
| `live` | profit and loss of watched users, twice a second, while quotes move |
| `reads` | what the API shows |
"""
