"""What execution counts and times."""

from __future__ import annotations

from tradsy.platform.metrics import counter, gauge, histogram

VERDICTS = counter("tradsy_execution_verdicts_total", "Risk verdicts on plans.", ("outcome",))
INTENT_SECONDS = histogram("tradsy_execution_intent_seconds", "Time of one transaction that commits intents.")
INTENT_ORDERS = histogram(
    "tradsy_execution_intent_orders", "Plans that one such transaction took.", buckets=(1, 2, 5, 10, 25, 50, 100, 250)
)
QUEUED_SECONDS = histogram(
    "tradsy_execution_signal_to_intent_seconds", "Time from receipt of a signal to its committed intent."
)
SUBMIT_SECONDS = histogram("tradsy_execution_submit_seconds", "Time of one submit at a venue.", ("venue",))
ORDER_EVENTS = counter("tradsy_execution_order_events_total", "Steps in the lives of orders.", ("event",))
LEDGER_SECONDS = histogram("tradsy_execution_ledger_seconds", "Time to store one batch of outcomes and reports.")
LEDGER_RETRIES = counter("tradsy_execution_ledger_retries_total", "Batches that had to be stored again.", ("cause",))
OPEN_ACCOUNTS = gauge("tradsy_execution_accounts_open", "Accounts of this process that are open for planning.")
UNKNOWN_ORDERS = gauge("tradsy_execution_orders_unknown", "Orders whose outcome nobody knows yet.")
RECONCILIATIONS = counter("tradsy_execution_reconciliations_total", "Comparisons with venues.", ("outcome",))
