from odoo import api, fields, models
from odoo.fields import Domain

from ..base.staff import BILLING, check_staff
from ..base.subscription_states import RUNNING


class SaleOrder(models.Model):
    """What is overdue of a subscription's customer, where the subscription is shown."""

    _inherit = "sale.order"

    fusion_case_id = fields.Many2one(
        "fusion.billing.dunning.case", compute="_compute_fusion_case", groups=BILLING
    )
    fusion_dunning_state = fields.Char("Overdue", compute="_compute_fusion_case", groups=BILLING)

    @api.depends("partner_invoice_id", "company_id", "currency_id", "fusion_state")
    @api.depends_context("lang")
    def _compute_fusion_case(self):
        cases = self._fusion_open_cases()
        for order in self:
            customer = order.partner_invoice_id.commercial_partner_id
            case = cases.get((customer, order.company_id, order.currency_id))
            order.fusion_case_id = case if order.fusion_state in RUNNING else False
            order.fusion_dunning_state = order.fusion_case_id and order.fusion_case_id._describe()

    def _fusion_open_cases(self):
        """Return `{(customer, company, currency): case}` of these orders' customers."""
        cases = self.env["fusion.billing.dunning.case"].search(
            Domain("closed_on", "=", False)
            & Domain("partner_id", "in", self.partner_invoice_id.commercial_partner_id.ids)
        )
        return {(case.partner_id, case.company_id, case.currency_id): case for case in cases}

    def action_view_fusion_case(self):
        """Open what is done about what this customer has not paid."""
        self.ensure_one()
        check_staff(self, "read")
        return self.fusion_case_id._get_records_action()
