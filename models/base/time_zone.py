from odoo import api, fields, models


class FusionBillingTimeZone(models.Model):
    """Since when a company's days begin at midnight of which time zone (R3, T2)."""

    _name = "fusion.billing.time.zone"
    _description = "Billing Time Zone"
    _order = "company_id, since nulls first, id"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")
    name = fields.Char("Time Zone", required=True)
    since = fields.Datetime(help="Empty: always.")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        self.env.registry.clear_cache()
        return rows

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
