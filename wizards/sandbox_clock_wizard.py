from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime


class SandboxClockWizard(models.TransientModel):
    """Asks until when the clock of a sandbox is advanced."""

    _name = "fusion.billing.sandbox.clock.wizard"
    _description = "Advance the Clock of a Sandbox"
    _inherit = ["fusion.billing.owned.mixin"]

    service_id = fields.Many2one(
        "fusion.billing.service",
        required=True,
        readonly=True,
        ondelete="cascade",
        fixed=True,
        default=lambda self: self.env.context.get("active_id"),
    )
    sandbox_clock = fields.Datetime(related="service_id.sandbox_clock", string="Now")
    until = fields.Datetime(
        "Advance To",
        required=True,
        default=lambda self: self._default_until(),
        help="What is due until then is rated, billed, posted and told on the way.",
    )

    def _default_until(self):
        service = self.env["fusion.billing.service"].browse(self.env.context.get("active_id"))
        clock = service.sandbox_clock
        return clock and clock + timedelta(days=1)

    def action_advance(self):
        """Advance it, in one transaction; say where it stands now."""
        self.ensure_one()
        company = self.service_id._check_is_sandbox()
        self._check_until(company)
        reached = company._fusion_advance_clock(self.until)
        moment = format_datetime(self.env, company.fusion_clock, tz=company.fusion_billing_tz)
        if reached:
            sentence = self.env._("The clock of the sandbox stands at %s.", moment)
        else:
            sentence = self.env._(
                "This takes a while: the clock has come to %s. Advance it once more.", moment
            )
        return self.service_id._notify_sandbox(sentence)

    def _check_until(self, company):
        first, last = company.fusion_clock, company._fusion_latest_clock()
        if not first <= self.until <= last:
            raise UserError(
                self.env._(
                    "You cannot advance the clock to this moment: it does not go back, and goes"
                    " two years at once at most. Choose one from %(first)s to %(last)s.",
                    first=format_datetime(self.env, first),
                    last=format_datetime(self.env, last),
                )
            )
