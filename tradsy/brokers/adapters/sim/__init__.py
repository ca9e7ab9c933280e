"""The built-in paper venue `sim`, run by `tradsy sandbox sim`; its wire is described in `docs/reference/sim.md`.

Environments: one, wherever that process listens. Known gaps: a login's accounts share one stream; brackets are
entered as single orders with an `oco_group`, the venue's own bracket class is not used.
"""
