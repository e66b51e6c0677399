"""The billing of some subscriptions under load: Odoo, apps, and a receiver of webhooks."""

import contextlib
import time
from datetime import date, datetime, timedelta, timezone

from devtools.databases import query, temporary_database
from e2e import in_odoo
from e2e.faults.app import App, Record
from e2e.faults.service import Service, Ticker
from e2e.peers.webhook_receiver import Receiver

CRONS = (
    "ir_cron_rate_open_periods",
    "ir_cron_create_invoices",
    "ir_cron_collect",
    "ir_cron_dun",
    "ir_cron_deliver_webhooks",
)
SUBSCRIPTIONS = 12
BEGAN_DAYS_AGO = 75
REST = 180  # seconds


class Billing:
    """A database of its own, and all that works on it, for the block.

    :param seed: of whatever is random
    :raise TimeoutError: it does not come to rest
    """

    workers, cron_workers = 2, 2
    apps_at_once = 3
    tick = 0.2  # seconds between two turns of the scheduled actions

    def __init__(self, seed):
        self.seed = seed

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.receiver = stack.enter_context(Receiver())
            self.database = stack.enter_context(temporary_database("faults"))
            self.prepare()
            self.move(stack)
            self.service = stack.enter_context(
                Service(self.database, self.workers, self.cron_workers)
            )
            stack.enter_context(Ticker(self.database, self.tick))
            self.apps = [
                stack.enter_context(self.app(1 + number)) for number in range(self.apps_at_once)
            ]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def prepare(self) -> None:
        """Make the subscriptions, and let their events go to the receiver."""
        began = today() - timedelta(BEGAN_DAYS_AGO)
        made = in_odoo.call(
            self.database, "metered.prepare", subscriptions=SUBSCRIPTIONS, began=f"{began}"
        )
        in_odoo.call(self.database, "hooks.allow", ca_file=self.receiver.ca_file)
        url = f"{self.receiver.url}/hook"
        in_odoo.call(self.database, "hooks.point", codes=["bench"], url=url)
        query(self.database, ONLY_OURS, (list(CRONS),))
        self.operations_key = in_odoo.call(self.database, "metered.make_key", scope_operations=True)
        self.key, self.record = made["key"], Record(dict.fromkeys(made["names"], began))

    def move(self, stack) -> None:
        """Bring the database to where it is to be, before Odoo starts."""

    def app(self, number: int) -> App:
        return App(number, self.service.url, self.key, self.record, str(self.seed))

    def rest(self) -> None:
        """Let apps finish what they began, and the scheduled actions what there is to do."""
        for app in self.apps:
            app.finish()
        deadline = time.monotonic() + REST
        while left := self._left():
            if time.monotonic() > deadline:
                raise TimeoutError(f"seed {self.seed}: no rest, {left}; see {self.service.log}")
            query(self.database, END_LEASES)
            time.sleep(0.3)

    def _left(self) -> dict:
        """What there is to do, by name."""
        [counts] = query(self.database, LEFT, (today(),))
        return {name: n for name, n in zip(("rate", "bill", "send"), counts, strict=True) if n}


def today() -> date:
    return datetime.now(timezone.utc).date()


ONLY_OURS = """
UPDATE ir_cron SET active = id IN (SELECT res_id FROM ir_model_data WHERE name = ANY(%s))
"""

LEFT = """
SELECT (SELECT count(*) FROM fusion_billing_rating_request),
       (SELECT count(*) FROM sale_order WHERE fusion_next_invoice_date <= %s),
       (SELECT count(*) FROM fusion_billing_webhook_delivery
         WHERE state IN ('pending', 'sending'))
"""

# While no sender is at work, the lease of a killed one may as well have ended.
END_LEASES = """
WITH idle AS (
    SELECT FROM ir_cron WHERE id = (
        SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_deliver_webhooks')
       FOR UPDATE SKIP LOCKED)
UPDATE fusion_billing_webhook_delivery SET next_attempt_at = now() AT TIME ZONE 'UTC'
 WHERE state IN ('pending', 'sending') AND EXISTS (SELECT FROM idle)
"""
