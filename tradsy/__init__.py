"""Tradsy: from trade signals to risk-checked orders on each user's own broker account, exactly once."""
