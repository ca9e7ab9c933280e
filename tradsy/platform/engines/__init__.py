"""Embedded PostgreSQL, NATS and the paper venue as supervised children of one process."""
