"""What every module stands on: settings, engines, database, outbox, bus, jobs, crypto, logging, metrics, clock.

Owns the tables `outbox`, `partition_leases`, `leases`, `job_runs`, `dead_letters` and `idempotency_keys`.
"""
