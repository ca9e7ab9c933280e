"""Measures and breaks the whole product from outside: latency, fan-out, and chaos with an independent checker.

The product runs in child processes on a data folder of its own; only provisioning calls services. Three rooms:
`wire` and `fanout` measure, `chaos` kills and `checker` proves from PostgreSQL and the venue's truth file alone.
"""
