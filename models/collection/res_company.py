from odoo import api, fields, models

from ..base.bounded import Day, Whole


class ResCompany(models.Model):
    """When invoices are charged to saved payment methods, and which credit notes are refunded."""

    _inherit = "res.company"

    fusion_collect_when = fields.Selection(
        [("posted", "When it is posted"), ("due", "When it is due")],
        "Charge an Invoice",
        required=True,
        default="posted",
    )
    fusion_collect_days = Whole("Days after", between=(0, 365), default=0)
    fusion_refunds = fields.Boolean(
        "Refund Credit Notes to the Payment Method",
        help="What a credit note of a subscription leaves the customer with is refunded to what"
        " they paid the invoice by, if nothing of theirs is due.",
    )
    fusion_refunds_from = Day(
        "Refund Credit Notes from",
        compute="_compute_fusion_refunds_from",
        store=True,
        readonly=False,
        help="Credit notes of earlier days stay as credit with the customer.",
    )

    @api.depends("fusion_refunds")
    def _compute_fusion_refunds_from(self):
        for company in self:
            company.fusion_refunds_from = company._fusion_begin_refunds()

    def _fusion_begin_refunds(self):
        """Return the day from which on credit notes are refunded: none if it is not switched on."""
        return self.fusion_refunds and (self.fusion_refunds_from or self._fusion_today())
