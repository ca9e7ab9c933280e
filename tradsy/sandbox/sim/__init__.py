"""The built-in paper venue. `docs/reference/sim.md` describes its wire, errors, control API and truth file."""
