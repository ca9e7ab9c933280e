"""The port to all brokers: one interface, one error vocabulary, capabilities as data.

Owns no table. `port.py` is what `execution` and `connections` speak; `adapters/<venue>/` satisfy it; only
`registry.py` imports adapters, and only `entrypoints` imports the registry.
"""
