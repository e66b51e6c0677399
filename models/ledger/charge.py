from datetime import date

from odoo import models


class FusionBillingCharge(models.Model):
    """What the ledger says of charges."""

    _inherit = "fusion.billing.charge"

    def _is_rated(self):
        if not self.ids:
            return False
        # sudo: what is rated counts, whoever looks.
        return (
            bool(
                self.env["fusion.billing.rating"]
                .sudo()
                .search_count([("charge_id", "in", self.ids)], limit=1)
            )
            or self._has_closed_periods()
        )

    def _has_closed_periods(self):
        """Whether a billing period is over on whose days one of these charges was in force, used
        or not: late usage of it is rated at the prices of then, so that these are not changed.
        """
        # sudo: whoever looks, all subscriptions count.
        phases = self.env["fusion.billing.phase"].sudo()
        return any(
            phases.search_count(
                [
                    ("plan_id", "=", charge.plan_id.id),
                    (
                        "subscription_id.fusion_last_invoice_date",
                        ">",
                        charge.valid_from or date.min,
                    ),
                ],
                limit=1,
            )
            for charge in self
            if charge.plan_id
        )

    def _billed_until(self):
        self.ensure_one()
        # sudo: what is billed counts, whoever looks.
        [[until]] = (
            self.env["fusion.billing.rating"]
            .sudo()
            ._read_group(
                [("charge_id", "=", self.id), ("settled", "!=", 0)], [], ["date_until:max"]
            )
        )
        return until
