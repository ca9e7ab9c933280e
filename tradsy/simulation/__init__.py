"""Deterministic matching of orders against quotes, accounts, sessions and a synthetic market.

Paper trading, the sandboxes and backtests run this same code. It performs no I/O and reads no clock: times are
arguments, randomness comes from an injected `random.Random`. Accounts do not see each other: what one fills takes
no liquidity from another.
"""
