"""One folder per venue, each satisfying `brokers.port.Broker`; `transport.py` is what they share.

Adapters never import each other, nor a sandbox; only `brokers.registry` imports them.
"""
