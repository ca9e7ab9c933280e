"""Factories, fakes and engines for tests; production code cannot import it."""
