from odoo import models


class FusionBillingRating(models.Model):
    """What documents must know of rows of the ledger."""

    _inherit = "fusion.billing.rating"

    _cycle_idx = models.Index("(subscription_id, cycle_end)")

    def _order_lines(self):
        """Return the order lines that show what these rows are for: `{rating: line}`.

        Usage of a charge that never came to anything in an open period has none yet.
        """
        orders = self.subscription_id
        lines = {
            (line.order_id, line.fusion_charge_id): line
            for line in orders.order_line
            if line.fusion_charge_id
        }
        missing = {
            (rating.subscription_id, rating.charge_id): None
            for rating in self
            if rating.charge_id and (rating.subscription_id, rating.charge_id) not in lines
        }
        lines |= orders._fusion_add_usage_lines(list(missing))
        return {
            rating: rating.item_id.order_line_id or lines[rating.subscription_id, rating.charge_id]
            for rating in self
        }

    def _is_late(self, opened):
        """Whether a row is billed as it comes, on the next document (R9).

        That is what documents settle already, and what belongs to a period that is closed.

        :param date opened: the first day of the open billing period
        """
        self.ensure_one()
        return self.cycle_end <= opened or bool(self.settled)
