"""Risk: what one order may do, judged by pure rules, and the limits that people and the installation set.

Owns the tables `risk_limits`, `limit_changes` and `risk_state`.

* `engine.evaluate(RiskInput) -> Verdict` knows no I/O; `execution` gathers the facts and stores the verdict.
* A fact that is not known is None, and the rule that needs it refuses (`RISK_UNAVAILABLE`).
* Limits are layered (platform, operator, user, account, source, symbol); the tightest of all wins.

Events: `limits.raise_requested`, `limits.changed`, `risk.state_changed`.
Invariants: a limit raise never takes effect before its delay has passed; a halted scope is re-enabled by a person only.
"""
