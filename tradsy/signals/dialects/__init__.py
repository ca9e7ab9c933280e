"""The webhook and API shapes that senders use, each turned into a `TradeIntent`."""
