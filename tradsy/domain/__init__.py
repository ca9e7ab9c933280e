"""Pure values of trading: money, instruments, orders and their transition table, fills, positions, ids, errors.

Nothing here performs I/O, reads a clock or draws a random number; every other folder may import this one.
"""
