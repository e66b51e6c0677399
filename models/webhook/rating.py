from odoo import api, models

from ...core.api.answer import money, plain

FIGURES = ["quantity", "billable_quantity", "amount"]


class FusionBillingRating(models.Model):
    """Tells apps when the usage of a period reaches a threshold."""

    _inherit = "fusion.billing.rating"

    @api.model
    def _rated(self, subscriptions):
        """Emit an event for every threshold that these subscriptions reach.

        It is part of the transaction that rates: what is rolled back was neither reached nor
        told, and what was told once is not told again when the same period is rated again.
        """
        super()._rated(subscriptions)
        crossings = self.env["fusion.billing.threshold.crossing"].sudo()
        for threshold, ratings in crossings._note_reached(subscriptions):
            ratings._tell(threshold)

    def _tell(self, threshold):
        """Emit the event, with what the ratings that count together come to."""
        subscription = self.subscription_id
        serializer = self.env["fusion.billing.api.serializer"]
        data = self._describe_reached(threshold)
        subscription._fusion_emit(
            "usage.threshold_reached",
            lambda service: {**serializer._name_subscription(service, subscription), **data},
        )

    def _describe_reached(self, threshold):
        figures = self._read_exact(FIGURES)
        amount = sum(figures[rating.id]["amount"] for rating in self)
        latest = self[-1]
        return {
            "threshold": {"kind": threshold.kind, "value": plain(threshold._value())},
            **latest._describe_use(threshold, figures[latest.id]),
            "period_start": min(self.mapped("date_from")),
            "period_end": max(self.mapped("date_until")),
            "amount": money(amount, self.currency_id.decimal_places),
            "currency": self.currency_id.name,
            "reached_at": self.company_id._fusion_now(),
        }

    def _describe_use(self, threshold, figures):
        """Return which metric was used how much: none where all usage counts together."""
        if threshold.subscription_id and threshold.kind == "amount":
            return dict.fromkeys(("metric_code", "quantity", "included", "billable"))
        return {
            "metric_code": self.metric_id.code,
            "quantity": plain(figures["quantity"]),
            "included": (self.breakdown or {}).get("included_quota", "0"),
            "billable": plain(figures["billable_quantity"]),
        }
