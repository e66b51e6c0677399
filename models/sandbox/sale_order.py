from odoo import api, models


class SaleOrder(models.Model):
    """Orders of a sandbox have the dates of its clock."""

    _inherit = "sale.order"

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if "date_order" in values and self.env.company._fusion_is_sandbox():
            values["date_order"] = self.env.company._fusion_now()
        return values

    def _prepare_confirmation_values(self):
        values = super()._prepare_confirmation_values()
        company = self.company_id[:1]
        if company._fusion_is_sandbox():
            values["date_order"] = company._fusion_now()
        return values
