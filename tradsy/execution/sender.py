"""From a committed intent to one request at the venue, and what came of it.

Nothing here retries a write, but for one proof: `BrokerNotSent` says that no byte left, so the same id may be sent
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerError,
    BrokerNotSent,
    BrokerRefused,
    DuplicateOrder,
    UnsupportedByBroker,
)
from tradsy.brokers.port import Broker, SubmitAck, VenueOrderStatus
from tradsy.domain.ids import VenueAccountId
from tradsy.domain.orders import OrderEvent
from tradsy.execution import metrics
from tradsy.execution.lane import priority_of
from tradsy.execution.model import LedgerItem, Order, OutcomeLearned
from tradsy.execution.state import AccountState
from tradsy.platform.clock import Clock
from tradsy.platform.failpoints import failpoint

log = structlog.get_logger(__name__)

NOT_SENT_TRIES = 3
NOT_SENT_PAUSE = 0.2
LEASE_LOOKS = 20
LEASE_LOOK_EVERY = 0.1
"""Seconds. A process that stalled renews its lease a moment later, and what it held back may leave then."""
BASELINE_WINDOW = timedelta(seconds=30)


class Sender:
    """Sends committed orders and hands what was learned to the ledger."""

    def __init__(
        self,
        clock: Clock,
        *,
        may_send: Callable[[int, int], bool],
        learn: Callable[[LedgerItem], None],
        auth_expired: Callable[[AccountState], None],
    ) -> None:
        self._clock = clock
        self._may_send = may_send
        self._learn = learn
        self._auth_expired = auth_expired

    def send(self, account: AccountState, order: Order) -> None:
        """Queue a committed order on its connection's lane."""
        account.connection.lane.put(priority_of(order), lambda: self._submit(account, account.broker, order))

    async def _submit(self, account: AccountState, broker: Broker, order: Order) -> None:
        def permit() -> bool:
            allowed = self._may_send(order.partition, order.epoch)
            failpoint("after_lease_check")
            return allowed

        with metrics.SUBMIT_SECONDS.labels(order.venue).time():
            outcome = await self._attempt(account, broker, order, permit)
        failpoint("after_parse_before_c2")
        self._learn(outcome)

    async def _attempt(
        self, account: AccountState, broker: Broker, order: Order, permit: Callable[[], bool]
    ) -> OutcomeLearned:
        baseline, attempt = None, 0
        while True:
            attempt += 1
            asked = self._clock.now()
            try:
                if broker.capabilities.idempotency is IdempotencyClass.NONE and baseline is None:
                    baseline = await self._baseline(broker, account.venue_account_id, asked)
                ack = await broker.submit(order.request(account.venue_account_id), permit)
            except BrokerNotSent as error:
                if attempt < NOT_SENT_TRIES and await self._holds_lease(order):
                    await asyncio.sleep(NOT_SENT_PAUSE * attempt)
                    continue
                return self._not_sent(order, error)
            except (BrokerRefused, UnsupportedByBroker) as error:
                return self._refused(order, error, asked, baseline)
            except BrokerAuthExpired as error:
                # The venue's own 401 is proof that it looked no further than the credential.
                self._auth_expired(account)
                return self._refused(order, error, asked, baseline)
            except BrokerError as error:
                return self._unknown(order, error.code, asked, baseline)
            except asyncio.CancelledError:
                self._learn(self._unknown(order, "cancelled", asked, baseline))
                raise
            except Exception as error:
                log.warning("submit ended in an unmodelled error", order_id=str(order.id), exc_info=True)
                return self._unknown(order, type(error).__name__, asked, baseline)
            return accepted(order, ack, asked)

    async def _baseline(self, broker: Broker, account: VenueAccountId, now: datetime) -> tuple[str, ...]:
        """Class D: the venue's order ids right before sending, so that a later look-up can tell ours apart."""
        try:
            page = await broker.list_orders(account, now - BASELINE_WINDOW)
        except BrokerError as error:
            # Without a baseline an unknown outcome could not be resolved, so nothing is sent.
            raise BrokerNotSent(f"no baseline: {error.code}") from error
        return tuple(str(order.venue_order_id) for order in page.items)

    async def _holds_lease(self, order: Order) -> bool:
        """Return whether enough of the same lease is left to send, now or after its next renewal."""
        for _ in range(LEASE_LOOKS):
            if self._may_send(order.partition, order.epoch):
                return True
            await asyncio.sleep(LEASE_LOOK_EVERY)
        return False

    def _not_sent(self, order: Order, error: BrokerError) -> OutcomeLearned:
        if not self._may_send(order.partition, order.epoch):
            # Too little lease left: the next owner finds the row, and looks it up like any other.
            return self._unknown(order, "lease_ending", self._clock.now(), None)
        return OutcomeLearned(
            order.account_id,
            order.id,
            OrderEvent.PROVE_ABSENT,
            self._clock.now(),
            reason_code=error.code,
            reason=error.detail,
        )

    def _refused(
        self, order: Order, error: BrokerError, asked: datetime, baseline: tuple[str, ...] | None
    ) -> OutcomeLearned:
        if isinstance(error, DuplicateOrder):
            # The venue knows this id: the order exists, so it is found and adopted rather than refused.
            return self._unknown(order, error.code, asked, baseline)
        now = self._clock.now()
        return OutcomeLearned(
            order.account_id,
            order.id,
            OrderEvent.REJECT,
            now,
            sent_at=asked,
            reason_code=error.code,
            reason=error.detail,
            baseline=baseline,
        )

    def _unknown(self, order: Order, code: str, asked: datetime, baseline: tuple[str, ...] | None) -> OutcomeLearned:
        return OutcomeLearned(
            order.account_id,
            order.id,
            OrderEvent.LOSE,
            self._clock.now(),
            sent_at=asked,
            reason_code=code,
            baseline=baseline,
        )


def accepted(order: Order, ack: SubmitAck, asked: datetime) -> OutcomeLearned:
    """Return what an acknowledgement proves."""
    event = OrderEvent.REJECT if ack.status is VenueOrderStatus.REJECTED else OrderEvent.ACCEPT
    return OutcomeLearned(order.account_id, order.id, event, ack.at, venue_order_id=ack.venue_order_id, sent_at=asked)
