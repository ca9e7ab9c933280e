"""Composition only: engines, processes, the HTTP application and the command line are put together here."""
