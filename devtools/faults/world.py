"""The world in which faults happen: database, Odoo, apps, and a receiver of webhooks."""

import contextlib
import random
import time
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import psutil

from devtools import in_odoo
from devtools.console import say
from devtools.databases import query, temporary_database
from devtools.faults import strikes
from devtools.faults.app import App, Record
from devtools.faults.cluster import Cluster
from devtools.faults.disk import Disk, NotPermitted
from devtools.faults.service import Service, Ticker
from devtools.faults.stages import STAGES, catch
from devtools.webhook_receiver import Receiver

CRONS = ("ir_cron_rate_open_periods", "ir_cron_create_invoices", "ir_cron_deliver_webhooks")
SUBSCRIPTIONS, APPS = 12, 3
BEGAN_DAYS_AGO = 75
COME = 5  # seconds until somebody comes to a stage
RECOVER, REST = 90, 180  # seconds


class World:
    """A world for the block.

    :param str seed: of apps and faults
    :raise TimeoutError: it does not recover, or come to rest
    """

    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(str(seed))
        self.struck = Counter()  # by strike and stage

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self.receiver = stack.enter_context(Receiver())
            self.database = stack.enter_context(temporary_database("faults"))
            self._prepare()
            self.cluster = stack.enter_context(Cluster())
            self.cluster.take(self.database)
            self._mount()
            self.service = stack.enter_context(Service(self.database))
            stack.enter_context(Ticker(self.database, CRONS))
            self.visitor = self._app(0)
            self.apps = [stack.enter_context(self._app(1 + n)) for n in range(APPS)]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def _prepare(self):
        began = today() - timedelta(BEGAN_DAYS_AGO)
        made = in_odoo.call(
            self.database, "metered.prepare", subscriptions=SUBSCRIPTIONS, began=f"{began}"
        )
        in_odoo.call(self.database, "hooks.allow", ca_file=self.receiver.ca_file)
        url = f"{self.receiver.url}/hook"
        in_odoo.call(self.database, "hooks.point", codes=["bench"], url=url)
        query(self.database, ONLY_OURS, (list(CRONS),))
        self.key, self.record = made["key"], Record(dict.fromkeys(made["names"], began))

    def _mount(self):
        self.disk, self.no_disk = None, ""
        try:
            self.disk = self._stack.enter_context(Disk(self.cluster.home, self.database))
        except NotPermitted as error:
            self.no_disk = str(error)

    def _app(self, number):
        return App(number, self.service.url, self.key, self.record, str(self.seed))

    # === WHAT STRIKES NEED === #

    def request_bytes(self, events) -> bytes:
        return strikes.request_of(self.key, events)

    def memory(self) -> int:
        """Bytes of address space of the largest worker."""
        return max(psutil.Process(pid).memory_info().vms for pid in self.service.server.worker_pids)

    # === FAULTS === #

    def strike(self, name: str, stage: str) -> None:
        """Let something go wrong while somebody is at a stage, and see the world recover."""
        begun = time.monotonic()
        deadline = begun + RECOVER
        while not self._try_to_strike(name, stage):
            if time.monotonic() > deadline:
                raise TimeoutError(f"seed {self.seed}: {name} met nobody at {stage}")
            time.sleep(0.1)
        self.struck[name, stage] += 1
        self.wait_for_work()
        say(f"{name} at {stage}: {time.monotonic() - begun:.1f} s")

    def _try_to_strike(self, name, stage):
        with contextlib.suppress(*strikes.MISSED):
            if backend := catch(self.database, stage, COME):
                time.sleep(self.rng.choice((0, self.rng.random() / 10)))
                strikes.STRIKES[name](self, backend, stage)
                return True
        return False

    def wait_for_work(self) -> None:
        """Wait until billing acknowledges again what apps send."""
        enough, deadline = self.record.acknowledged + 2, time.monotonic() + RECOVER
        while self.record.acknowledged < enough:
            if time.monotonic() > deadline:
                raise TimeoutError(f"seed {self.seed}: no answers; see {self.service.log}")
            time.sleep(0.02)

    # === REST === #

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


def plan(rng, count: int, names: tuple) -> list[tuple[str, str]]:
    """So many strikes, each with a stage: every kind in turn, at stages in another order."""
    stages = list(STAGES)
    rng.shuffle(stages)
    pairs = []
    for number in range(count):
        name = names[number % len(names)]
        stage = "ingest" if name.startswith("leave") else stages[number % len(stages)]
        pairs.append((name, stage))
    rng.shuffle(pairs)
    return pairs


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
