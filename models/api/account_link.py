from odoo import api, fields, models


class FusionBillingAccountLink(models.Model):
    """Says which customer of ours a customer id of an app means."""

    _name = "fusion.billing.account.link"
    _description = "Billing Account Link"
    _inherit = ["fusion.billing.owned.mixin"]
    _order = "service_id, external_id"
    _rec_name = "external_id"
    _check_company_auto = True

    service_id = fields.Many2one(
        "fusion.billing.service", required=True, index=True, ondelete="cascade", fixed=True
    )
    company_id = fields.Many2one(
        related="service_id.company_id", store=True, index=True, fixed=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    external_id = fields.Char("External ID", required=True, help="The customer's id in the app.")

    _external_id_unique = models.Constraint(
        "UNIQUE(service_id, external_id)",
        "You cannot link this external id again: open the link that has it, and change that one.",
    )
    _external_id_not_empty = models.Constraint(
        "CHECK(btrim(external_id) != '')", "The external id of a customer must not be empty."
    )

    @api.depends("external_id", "partner_id")
    def _compute_display_name(self):
        for link in self:
            link.display_name = f"{link.partner_id.display_name} ({link.external_id})"
