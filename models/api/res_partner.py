from odoo import api, fields, models
from odoo.fields import Domain

from ..base.staff import BILLING


class ResPartner(models.Model):
    """How apps call a customer."""

    _inherit = "res.partner"

    fusion_account_link_ids = fields.One2many(
        "fusion.billing.account.link", "partner_id", "Apps", groups=BILLING
    )

    @property
    def _rec_names_search(self):
        """Let billing staff find a customer by an app's id of them, wherever one is looked for."""
        names = super()._rec_names_search
        if self.env.uid and self.env.user.has_group("fusion_billing.group_user"):
            return [*names, "fusion_account_link_ids"]
        return names

    @api.model
    def _search_display_name(self, operator, value):
        # "Not like" of links means one that is not like it, and leaves out who has none: Odoo
        # turns what is found without the "not" around instead.
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return super()._search_display_name(operator, value)
