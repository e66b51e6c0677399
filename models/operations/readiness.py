from odoo import models
from odoo.tools import SQL

from ...core.api import errors

CRONS = {
    "rating": "ir_cron_rate_open_periods",
    "invoicing": "ir_cron_create_invoices",
    "collecting": "ir_cron_collect",
    "dunning": "ir_cron_dun",
    "webhooks": "ir_cron_deliver_webhooks",
}
MISSED_TURNS = 3  # until a scheduled action is not only late
UNSENT_SECONDS = 15 * 60  # until events are not only waiting


class FusionBillingApiReadiness(models.AbstractModel):
    """Whether the server does its work, for who watches it: no secret is told."""

    _name = "fusion.billing.api.readiness"
    _description = "API: readiness"

    def _read(self, _values):
        """Return how late the scheduled actions are, and the events that nobody has sent.

        :return: `late_seconds`, an int by name; None for an action that is switched off
        :raise NotReady: one is later than a moment of work explains
        """
        late, reasons = {}, []
        for name, label, is_active, seconds, turn in self._read_crons():
            late[name] = int(seconds) if is_active else None
            if not is_active:
                reasons.append(f"The scheduled action {label!r} is switched off.")
            elif seconds > MISSED_TURNS * turn:
                reasons.append(f"The scheduled action {label!r} has missed its turns.")
        late["deliveries"] = self._read_unsent()
        if late["deliveries"] > UNSENT_SECONDS:
            reasons.append("Webhook events wait to be sent.")
        if reasons:
            raise errors.NotReady(" ".join(reasons), late)
        return {"late_seconds": late}

    def _read_crons(self):
        """Yield of each action: name, label, whether it is active, seconds late and of a turn."""
        names = self._crons()
        rows = self.env.execute_query(SQL(LATE_CRONS, ids=list(names)))
        return ((names[cron], *facts) for cron, *facts in rows)

    def _crons(self):
        """Return the names of the scheduled actions by their ids."""
        xmlid = self.env["ir.model.data"]._xmlid_to_res_id
        ids = {xmlid(f"fusion_billing.{cron}"): name for name, cron in CRONS.items()}
        return {cron: name for cron, name in ids.items() if cron}

    def _read_unsent(self):
        [[seconds]] = self.env.execute_query(SQL(LATE_EVENTS))
        return int(seconds)


# By the database's clock, which is the one that schedules.
LATE_CRONS = """
SELECT cron.id, cron.cron_name, cron.active,
       GREATEST(extract(epoch FROM now() AT TIME ZONE 'UTC' - cron.nextcall), 0),
       extract(epoch FROM concat(cron.interval_number, ' ', cron.interval_type)::interval)
  FROM ir_cron AS cron
 WHERE cron.id = ANY(%(ids)s)
"""

LATE_EVENTS = """
SELECT GREATEST(extract(epoch FROM now() AT TIME ZONE 'UTC' - min(next_attempt_at)), 0)
  FROM fusion_billing_webhook_delivery
 WHERE state = 'pending'
"""
