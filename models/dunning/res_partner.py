from odoo import api, fields, models

from ..base.bounded import Day
from ..base.staff import BILLING, check_staff
from .trigger import trigger


class ResPartner(models.Model):
    """How a customer is treated who has not paid; each company decides it for itself."""

    _inherit = "res.partner"

    fusion_dunning_policy_id = fields.Many2one(
        "fusion.billing.dunning.policy",
        "Dunning Policy",
        company_dependent=True,
        check_company=True,
        groups=BILLING,
        help="Empty: the company's.",
    )
    fusion_dunning_exempt = fields.Boolean(
        "No Dunning",
        company_dependent=True,
        groups=BILLING,
        help="Nothing is done about this customer's overdue invoices.",
    )
    fusion_promised_until = Day(
        "Promised to Pay Until",
        company_dependent=True,
        groups=BILLING,
        help="Until this day, included, no step of dunning is taken.",
    )
    fusion_case_ids = fields.One2many(
        "fusion.billing.dunning.case", "partner_id", "Dunning Cases", groups=BILLING
    )
    fusion_open_case_id = fields.Many2one(
        "fusion.billing.dunning.case", compute="_compute_fusion_open_case", groups=BILLING
    )
    fusion_dunning_state = fields.Char(
        "Overdue", compute="_compute_fusion_open_case", groups=BILLING
    )

    @api.depends("fusion_case_ids.closed_on")
    @api.depends_context("company", "lang")
    def _compute_fusion_open_case(self):
        for partner in self:
            cases = partner.commercial_partner_id.fusion_case_ids.filtered(
                lambda case: not case.closed_on and case.company_id in self.env.companies
            )
            partner.fusion_open_case_id = cases[:1]
            partner.fusion_dunning_state = " ".join(case._describe() for case in cases)

    def write(self, vals):
        """What staff decide about a customer is followed at once."""
        result = super().write(vals)
        if vals.keys() & {"fusion_dunning_exempt", "fusion_promised_until"}:
            trigger(self.env)
        return result

    @api.model
    def _commercial_fields(self):
        return [
            *super()._commercial_fields(),
            "fusion_dunning_policy_id",
            "fusion_dunning_exempt",
            "fusion_promised_until",
        ]

    def _fusion_dunning_policy(self, company):
        """Return the policy that holds for this customer in a company; empty if none does."""
        # sudo: whoever asks, the same policy holds.
        customer = self.commercial_partner_id.sudo().with_company(company)
        if customer.fusion_dunning_exempt:
            return customer.fusion_dunning_policy_id.browse()
        return customer.fusion_dunning_policy_id or company.sudo().fusion_dunning_policy_id

    def _fusion_is_dunned(self):
        """Whether one of these customers has an open case."""
        open_cases = [("partner_id", "in", self.ids), ("closed_on", "=", False)]
        return bool(self.env["fusion.billing.dunning.case"].search_count(open_cases, limit=1))

    def action_view_fusion_cases(self):
        """Open what was done about this customer's overdue invoices."""
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_dunning_case_action"
        )
        domain = [("partner_id", "=", self.commercial_partner_id.id)]
        return dict(action, domain=domain, context={})
