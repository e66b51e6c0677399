from odoo import models


class SaleOrder(models.Model):
    """What apps are told of a subscription, beside what its fields show."""

    _inherit = "sale.order"

    def _fusion_planned_plan(self):
        """Return the phase in which the next change of plan begins; an empty one if none is
        planned.
        """
        self.ensure_one()
        # sudo: what is planned does not depend on who looks.
        planned = self.sudo()._fusion_planned_changes().sorted("date_from")
        return planned.filtered(
            lambda phase: phase.state != "closed" and phase.plan_id != self.fusion_plan_id
        )[:1]
