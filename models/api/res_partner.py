from odoo import api, fields, models
from odoo.fields import Domain

from ..base.staff import BILLING

ADDRESS = ("street", "street2", "city", "zip")


class ResPartner(models.Model):
    """How apps call a customer."""

    _inherit = "res.partner"

    fusion_account_link_ids = fields.One2many(
        "fusion.billing.account.link", "partner_id", "Apps", groups=BILLING
    )
    fusion_is_managed = fields.Boolean(
        "Managed in Odoo",
        # Core copies whatever is to be copied, and fails for those who may not read it.
        copy=False,
        groups=BILLING,
        help="Apps do not change the name, the address and the other details of this contact.",
    )

    def _fusion_details(self):
        """Return what an app may say of this contact: `{name in the API: text or None}`."""
        self.ensure_one()
        names = ("name", "email", "phone", "vat", *ADDRESS)
        return {
            **{name: self[name] or None for name in names},
            "country_code": self.country_id.code or None,
        }

    def _fusion_is_kept(self):
        """Whether apps must not change this contact: staff say so, or it is one of them."""
        # sudo: whether a contact is one of the staff does not depend on who asks.
        return self.fusion_is_managed or not all(self.sudo().user_ids.mapped("share"))

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
