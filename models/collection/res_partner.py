from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..base.staff import BILLING


class ResPartner(models.Model):
    """How a customer pays."""

    _inherit = "res.partner"

    fusion_collects = fields.Selection(
        [("always", "Always"), ("never", "Never")],
        "Collect Automatically",
        groups=BILLING,
        help="Whether invoices are charged to the saved payment method. Empty: as the plan says.",
    )
    fusion_token_id = fields.Many2one(
        "payment.token",
        "Saved Payment Method",
        company_dependent=True,
        groups=BILLING,
        help="What invoices are charged to; the one that was saved last, if empty.",
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "fusion_collects", "fusion_token_id"]

    @api.constrains("fusion_token_id")
    def _check_fusion_token(self):
        for partner in self.filtered("fusion_token_id"):
            partner.fusion_token_id._fusion_check_of(partner)

    def _fusion_tokens(self, company):
        """Return the payment methods that this customer has saved in a company, the last first.

        :param company: whose providers they are of
        """
        # sudo: staff may see no methods of others, and the engine decides which it takes.
        return (
            self.env["payment.token"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "=", self.commercial_partner_id.id),
                    ("company_id", "=", company.id),
                    ("provider_id.state", "!=", "disabled"),
                ],
                order="id desc",
            )
        )

    def _fusion_choose_token(self, company, own):
        """Return what this customer is charged to in a company: an empty record without any.

        What is chosen, else the method that was saved last; one that has expired only if all have.

        :param own: what is chosen for some subscriptions; the customer's own choice if empty
        """
        saved = self._fusion_tokens(company)
        usable = saved._fusion_usable() or saved
        chosen = own or self.with_company(company).fusion_token_id
        return chosen & usable or usable[:1]

    def _fusion_raise_not_theirs(self, token):
        """:raise ValidationError: the payment method is somebody else's"""
        raise ValidationError(
            self.env._(
                "You cannot charge %(customer)s by this payment method: it is saved for %(owner)s.",
                customer=self.display_name,
                owner=token.partner_id.display_name,
            )
        )
