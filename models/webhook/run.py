"""One run of the sender: claims, sends in threads, records."""

import logging
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from time import monotonic

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...core.webhook.attempt import attempt
from ...core.webhook.safe_http import TOTAL_TIMEOUT
from ..base.cron import tally

_logger = logging.getLogger(__name__)

SLOTS = 32
# Claiming costs a transaction: it waits until some slots are free, for a moment.
WORTH_CLAIMING = SLOTS // 4
SOON = 0.05  # seconds
POLL = 0.5  # seconds in which an event finds a sender that waits for others
SLOW = 1.0  # seconds


class DeliveryRun:
    """Sends what is due until nothing is left or the cron's time is up.

    :param deliveries: the model `fusion.billing.webhook.delivery`, as the cron runs it
    """

    def __init__(self, deliveries):
        self._deliveries = deliveries
        self._transport = deliveries._transport()
        self._in_flight = {}  # future: (claim, since)
        self._sent = 0
        self._claimed_at = float("-inf")
        self._idle = False
        self._end = monotonic() + self._commit()

    def run(self):
        with ThreadPoolExecutor(SLOTS, "webhook") as pool:
            self._claim(pool)
            while self._in_flight:
                self._collect()
                self._claim(pool)
        self._commit(remaining=0 if self._idle else 1)

    # === CLAIMING === #

    def _claim(self, pool):
        """Claim as many deliveries as there are slots, and start them."""
        free = SLOTS - len(self._in_flight)
        waited = monotonic() - self._claimed_at
        if self._is_over() or not free or (free < WORTH_CLAIMING and waited < SOON):
            return
        but_not = self._slow_services() if monotonic() > self._end else ()
        claims = self._in_transaction(self._deliveries._claim, free, but_not)
        self._claimed_at = monotonic()
        self._idle = not claims
        for claim in claims:
            self._in_flight[pool.submit(attempt, claim, self._transport)] = claim, monotonic()

    def _is_over(self):
        """Whether nothing more is claimed.

        When time is up, the slow attempts that are under way are waited for, and until then
        whoever answers quickly is served on.
        """
        late = monotonic() - self._end
        return late > 0 and (not self._slow_services() or late > TOTAL_TIMEOUT)

    def _slow_services(self):
        """Return the ids of the services whose endpoints have not answered for a while."""
        return {
            claim.service_id
            for claim, since in self._in_flight.values()
            if monotonic() - since > SLOW
        }

    # === COLLECTING === #

    def _collect(self):
        """Wait for attempts that end, and record each."""
        slots_free = len(self._in_flight) < SLOTS
        timeout = SOON if slots_free and not self._idle else POLL
        done, _others = wait(self._in_flight, timeout, FIRST_COMPLETED)
        for future in done:
            del self._in_flight[future]
            result = future.result()
            self._in_transaction(self._deliveries._record, result)
            self._sent += 1
            tally().taken += 1
            tally().nameless += bool(result.response.error)

    # === TRANSACTIONS === #

    def _in_transaction(self, work, *arguments):
        """Do something and commit it; again if another transaction was in the way."""
        while True:
            try:
                result = work(*arguments)
                self._deliveries.env.flush_all()
                if self._commits:
                    self._deliveries.env.cr.commit()  # pylint: disable=invalid-commit
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                if not self._commits:
                    raise
                _logger.info("The webhook sender tries a transaction again: %s", error)
                self._deliveries.env.cr.rollback()
            else:
                return result

    @property
    def _commits(self):
        """Outside of a cron the transaction is the caller's, and so is the commit."""
        return bool(self._deliveries.env.context.get("ir_cron_progress_id"))

    def _commit(self, remaining=None):
        """Tell the scheduler of the progress; return the seconds left."""
        if not self._commits:
            return float("inf")
        sent, self._sent = self._sent, 0
        return self._deliveries.env["ir.cron"]._commit_progress(sent, remaining=remaining)
