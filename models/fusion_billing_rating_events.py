from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain

from ..core.answer import money, plain

FIGURES = ["quantity", "included_quantity", "billable_quantity", "amount_exact", "amount"]


class FusionBillingRating(models.Model):
    """Tells apps when the usage of a period reaches a threshold."""

    _inherit = "fusion.billing.rating"

    def _sync_order_lines(self):
        result = super()._sync_order_lines()
        self._tell_thresholds()
        return result

    def _tell_thresholds(self):
        """Emit an event for every threshold that these ratings reach.

        It is part of the transaction that rates: what is rolled back was neither reached nor
        told, and what was told once is not told again when the same period is rated again.
        """
        thresholds = self._thresholds()
        if not thresholds:
            return
        figures = self._read_exact(FIGURES)
        for subscription, ratings in self.grouped("subscription_id").items():
            ratings._tell_reached(thresholds.filtered(
                lambda threshold, own=subscription: threshold.subscription_id in (own, own.browse())
            ), figures)

    def _tell_reached(self, thresholds, figures):
        """Do so for the ratings of one subscription."""
        for threshold in thresholds:
            if threshold.subscription_id and threshold.kind == "amount":
                self._tell_subscription_amount(threshold, figures)
                continue
            for rating in self:
                if threshold._is_reached_by(rating, figures[rating.id]):
                    rating._tell_charge_threshold(threshold, figures[rating.id])

    def _thresholds(self):
        # sudo: thresholds work whoever has the usage rated.
        return self.env["fusion.billing.threshold"].sudo().search(
            Domain("charge_id", "in", self.charge_id.ids)
            | Domain("subscription_id", "in", self.subscription_id.ids)
        )

    def _tell_charge_threshold(self, threshold, figures):
        crossings = self.env["fusion.billing.threshold.crossing"]
        if crossings._note(threshold, self.subscription_id, self.period_start, self):
            self._tell(threshold, {
                "metric_code": self.metric_id.code,
                "period_start": self.period_start,
                "period_end": self.period_end,
                "quantity": plain(figures["quantity"]),
                "included": self._quota(),
                "billable": plain(figures["billable_quantity"]),
                "amount": money(figures["amount"], self.currency_id.decimal_places),
            })

    def _tell_subscription_amount(self, threshold, figures):
        """Tell that all usage of the open period together costs so much."""
        period = self.subscription_id._fusion_open_period()
        own = self.filtered(
            lambda rating: period.start <= rating.period_start < period.end
        )
        total = sum((figures[rating.id]["amount"] for rating in own), Decimal(0))
        crossings = self.env["fusion.billing.threshold.crossing"]
        if total >= threshold._value() and crossings._note(
            threshold, self.subscription_id, period.start,
        ):
            self._tell(threshold, {
                "metric_code": None,
                "period_start": period.start,
                "period_end": period.end,
                "quantity": None, "included": None, "billable": None,
                "amount": money(total, self.currency_id.decimal_places),
            })

    def _tell(self, threshold, facts):
        subscription = self.subscription_id
        data = {
            "threshold": {"kind": threshold.kind, "value": plain(threshold._value())},
            "currency": self.currency_id.name,
            "reached_at": fields.Datetime.now(),
            **facts,
        }
        subscription._fusion_emit("usage.threshold_reached", lambda service: {
            **service._name_subscription(subscription), **data,
        })

    def _quota(self):
        """Return the quota this row was rated with, prorated where it is, as text."""
        return (self.breakdown or {}).get("included_quota", "0")
