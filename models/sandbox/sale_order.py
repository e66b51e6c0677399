from odoo import fields, models


class SaleOrder(models.Model):
    """Orders of a sandbox have the dates of its clock."""

    _inherit = "sale.order"

    date_order = fields.Datetime(default=lambda self: self.env.company._fusion_now())

    def _prepare_confirmation_values(self):
        values = super()._prepare_confirmation_values()
        sandbox = self.company_id[:1]._fusion_is_sandbox() and self.company_id[:1]
        return {**values, "date_order": sandbox._fusion_now()} if sandbox else values
