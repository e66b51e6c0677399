from odoo import models

from ..base.retry import lock_in_turn

MOST_ALERTS = 5


class SaleOrder(models.Model):
    """At which costs of usage customers want to be told, and what they want to spend."""

    _inherit = "sale.order"

    def _fusion_customer_thresholds(self):
        """Return the customer's own thresholds, in sudo: those of staff are not their business."""
        self.ensure_one()
        # sudo: the customer reads theirs here, and no others.
        return self.sudo().fusion_threshold_ids.filtered("told_partner_id")

    def _fusion_budget(self):
        """Return the exact amount of the budget; None without one."""
        budget = self._fusion_customer_thresholds().filtered("is_budget")
        return budget._value() if budget else None

    def _fusion_alerts(self):
        """Return the exact amounts of the other thresholds of the customer, in order."""
        others = self._fusion_customer_thresholds().filtered(lambda own: not own.is_budget)
        return sorted(threshold._value() for threshold in others)

    def _fusion_set_alerts(self, partner, budget, amounts):
        """Let a customer be told once in each billing period when usage comes to these amounts.

        What stays the same is not told again. The caller has checked who asks.

        :param partner: who is told of what is new
        :param budget: an exact amount above zero, before tax; None for no budget
        :param amounts: those of other alerts, at most :data:`MOST_ALERTS`
        """
        self.ensure_one()
        order = self.sudo()  # sudo: customers write their own thresholds, and nothing else.
        lock_in_turn(order)
        wanted = {(amount, False) for amount in amounts} | {(budget, True)} - {(None, True)}
        known = {(own._value(), own.is_budget): own for own in order._fusion_customer_thresholds()}
        gone = known.keys() - wanted
        order.fusion_threshold_ids.browse([known[key].id for key in gone]).unlink()
        new = order.fusion_threshold_ids.create(
            [
                {
                    "subscription_id": order.id,
                    "kind": "amount",
                    "threshold_value": amount,
                    "told_partner_id": partner.id,
                    "is_budget": is_budget,
                }
                for amount, is_budget in sorted(wanted - known.keys())
            ]
        )
        if new:
            # What is reached already is told, too.
            order._fusion_request_rating()
