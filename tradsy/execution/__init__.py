"""From an approved plan to a filled order, exactly once.

Owns `orders`, `order_events`, `executions`, `verdicts`, `order_commands`, `kill_switches`, `reconciliations`, `breaks`.
Events: `orders.updated`, `executions.booked`, `plans.refused`, `kills.changed`, `commands.requested`, `breaks.opened`.

Invariants: no byte leaves before its intent is committed under a held lease; a rejection needs proof; an unknown
outcome is looked up and never sent again; fills win in every state; only the owner of a partition writes its orders.

| room | what happens there |
|---|---|
| `owner` | one process's accounts: takes partitions over, wires the loops, lets go |
| `state` | what the owner remembers of each account |
| `planner` | approved plan -> facts -> verdict -> committed intent (C1) |
| `sender` | committed intent -> one request -> outcome |
| `ledger` | outcomes and reports -> order states, executions, positions (C2) |
| `resolver` | unknown -> found, proved absent, or quarantined |
| `reconcile` | ours against the venue's, on a timer and after each gap |
| `exits` | protective stops and targets that follow each partial fill |
| `commands` | cancels, by hand or by kill |
| `kill` | kill switches |
| `preview`, `bars` | questions to the owner of an account, over the bus |
| `traces` | the timeline of one signal |
"""
