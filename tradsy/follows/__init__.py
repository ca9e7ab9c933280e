"""Follows and plans: whose signals reach which account, how large, and who decides.

Tables: `follows`, `plans`. A follow joins one source and one account of the same user; a plan is one signal on one
followed account. Plans are made by the statement that stores the signal (`service.PLANNING`), and read by execution
through `service.claim_approved_plans`.

Events: `plans.created` (for each plan that did not become ready by itself), `plans.approved`, `plans.ignored`,
`plans.expired`, `follows.changed`.

Invariants: one plan per signal and account; a plan leaves `pending` once; nothing is silent: what a filter, a window
or a missing consent stops is a refused plan with its reason.
"""
