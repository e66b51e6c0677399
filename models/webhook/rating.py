from odoo import fields, models
from odoo.fields import Domain

from ...core.api.answer import money, plain

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
        together = self._together()
        values, figures = thresholds._values(), together._read_exact(FIGURES)
        periods = together.grouped(lambda rating: rating._counts_with())
        for rating in self:
            counted = periods[rating._counts_with()]
            for threshold in thresholds:
                rating._check_threshold(threshold, values[threshold.id], counted, figures)

    def _thresholds(self):
        # sudo: thresholds work whoever has the usage rated.
        return self.env["fusion.billing.threshold"].sudo().search(
            Domain("charge_id", "in", self.charge_id.ids)
            | Domain("subscription_id", "in", self.subscription_id.ids)
        )

    def _billing_period(self):
        """Return the full billing period; this row may rate a part with prices of its own."""
        return self.subscription_id._fusion_full_period(self.period_start)

    def _counts_with(self):
        """Return what the ratings of one subscription and billing period have in common."""
        return self.subscription_id, self._billing_period()

    def _together(self):
        """Return all ratings of the subscriptions and billing periods of these."""
        periods = [rating._billing_period() for rating in self]
        return self.search([
            ("subscription_id", "in", self.subscription_id.ids),
            ("period_start", ">=", min(period.start for period in periods)),
            ("period_start", "<", max(period.end for period in periods)),
        ])

    def _check_threshold(self, threshold, value, counted, figures):
        """Tell a threshold if it is reached.

        :param Decimal value: the threshold's
        :param counted: all ratings of this one's subscription and billing period
        :param dict figures: their exact numbers
        """
        if threshold.charge_id and threshold.charge_id != self.charge_id:
            return
        if threshold.subscription_id and threshold.subscription_id != self.subscription_id:
            return
        if threshold.kind == "percent":
            counted = self
        elif threshold.charge_id:
            counted = counted.filtered(lambda rating: rating.charge_id == self.charge_id)
        if threshold._is_reached_by(value, counted, figures) and threshold._note_crossing(self):
            self._tell(threshold, value, counted, figures)

    def _tell(self, threshold, value, counted, figures):
        """Emit the event, with what the ratings that were counted come to."""
        subscription = self.subscription_id
        amount = sum(figures[rating.id]["amount"] for rating in counted)
        data = {
            "threshold": {"kind": threshold.kind, "value": plain(value)},
            **self._describe_use(threshold, figures[self.id]),
            "period_start": min(counted.mapped("period_start")),
            "period_end": max(counted.mapped("period_end")),
            "amount": money(amount, self.currency_id.decimal_places),
            "currency": self.currency_id.name,
            "reached_at": fields.Datetime.now(),
        }
        subscription._fusion_emit("usage.threshold_reached", lambda service: {
            **service._name_subscription(subscription), **data,
        })

    def _describe_use(self, threshold, figures):
        """Return which metric was used how much: none where all usage counts together."""
        if threshold.subscription_id and threshold.kind == "amount":
            return dict.fromkeys(("metric_code", "quantity", "included", "billable"))
        return {
            "metric_code": self.metric_id.code,
            "quantity": plain(figures["quantity"]),
            "included": self._quota(),
            "billable": plain(figures["billable_quantity"]),
        }

    def _quota(self):
        """Return the quota this row was rated with, prorated where it is, as text."""
        return (self.breakdown or {}).get("included_quota", "0")
