from odoo import api, fields, models

from ..models.base.bounded import Day


class ReopenWizard(models.TransientModel):
    """Asks from when on a closed subscription goes on."""

    _name = "fusion.billing.reopen.wizard"
    _description = "Reopen a Subscription"
    _inherit = ["fusion.billing.change.mixin"]

    end_date = fields.Date(
        related="subscription_id.fusion_end_date", string="Closed On", related_sudo=False
    )
    date = Day(
        "From",
        compute="_compute_date",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="First day on which it goes on, on the plan and with the fees it had.",
    )

    @api.depends("subscription_id")
    def _compute_date(self):
        """Propose today: the days between are not billed."""
        for wizard in self:
            order = wizard.subscription_id
            today = order._fusion_today()
            wizard.date = max(today, order._fusion_timeline().end or today)

    @api.depends("date")
    def _compute_preview(self):
        super()._compute_preview()

    def action_reopen(self):
        self._check_staff()
        self.subscription_id._fusion_reopen(self.date)
        return self._done()

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        if not timeline.end or not self.date or self.date < timeline.end:
            return None
        return timeline.reopened_on(self.date)

    def _first_day(self):
        return self.date
