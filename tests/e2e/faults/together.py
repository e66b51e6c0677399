"""Everybody at once: apps, staff, and two of each scheduled action, on the same subscriptions."""

import contextlib
import time

from devtools import odoo_log
from devtools.databases import query
from e2e import audit, in_odoo
from e2e.faults import checks
from e2e.faults.billing import CRONS, Billing
from e2e.faults.office import Clerk, Leaver
from e2e.staff import Staff

ALL_CRONS = (*CRONS, "ir_cron_tell_overdue")
CLERKS = 3
CONFLICTS = ("could not serialize access", "deadlock detected", "duplicate key value")
LONG = 1200  # letters


class Together(Billing):
    """Billing with a copy of each scheduled action, and invoices that are overdue at once."""

    # A worker that meets a conflict sleeps for seconds before it tries again: Odoo's way.
    workers, cron_workers = 6, 2 * len(ALL_CRONS)
    apps_at_once = 2
    tick = 2.0

    def prepare(self):
        super().prepare()
        query(self.database, ACTIVATE, (list(ALL_CRONS),))
        for name in ALL_CRONS:
            in_odoo.call(self.database, "crons.duplicate", name=name)
        in_odoo.call(self.database, "metered.bill_overdue")

    def work(self, seconds: float) -> None:
        """Let everybody do what they like for a while, then come to rest."""
        staff = Staff(self.service.url, self.database)
        [[plan]] = query(self.database, "SELECT id FROM fusion_billing_plan")
        plans = [plan, *staff.call("fusion.billing.plan", "copy", [[plan]])]
        orders = [order for [order] in query(self.database, "SELECT id FROM sale_order")]
        with contextlib.ExitStack() as stack:
            stack.enter_context(Leaver(self, 9))
            self.clerks = [
                stack.enter_context(Clerk(self, orders, plans, number)) for number in range(CLERKS)
            ]
            time.sleep(seconds)
        self.rest()

    def problems(self) -> list[str]:
        """Sentences, none if nothing was lost, doubled, or went wrong in anybody's sight."""
        return [
            *checks.lost_counters(self),
            *checks.doubled_numbers(self),
            *checks.untold_events(self),
            *checks.failures(self),
            *audit.audit(self.database).differences,
            *(f"an app was answered {answer}" for answer in self.record.wrong),
            *(
                f"somebody of staff saw {shown}"
                for clerk in self.clerks
                for shown in clerk.wrong
                if CONFLICTS[0] not in shown
            ),
            *self._alarms(),
        ]

    def _alarms(self):
        with self.service.log.open(errors="replace") as lines:
            for entry in odoo_log.entries(lines):
                if entry.level in odoo_log.LOUD and not is_expected(entry):
                    yield f"the log says {entry.level} {entry.logger}: {in_short(entry.text)}"


def is_expected(entry) -> bool:
    """A person is told that they cannot do something, or a transaction is done again.

    Odoo gives up after five tries, and then tells a person with a traceback; nothing was done.
    """
    conflict = any(reason in entry.text for reason in CONFLICTS)
    return (entry.logger == "odoo.http" and ("Traceback" not in entry.text or conflict)) or (
        entry.logger == "odoo.sql_db" and conflict
    )


def in_short(text: str) -> str:
    return text if len(text) < LONG else f"{text[: LONG // 4]} … {text[-LONG:]}"


ACTIVATE = """
UPDATE ir_cron SET active = true
 WHERE id IN (SELECT res_id FROM ir_model_data WHERE name = ANY(%s))
"""
