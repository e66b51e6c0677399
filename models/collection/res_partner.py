from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..base.staff import BILLING
from .attempt import FAILED


class ResPartner(models.Model):
    """How a customer pays."""

    _inherit = "res.partner"

    fusion_collects = fields.Selection(
        [("always", "Always"), ("never", "Never")],
        "Collect Automatically",
        # Core copies whatever is to be copied, and fails for those who may not read it.
        copy=False,
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

    def _fusion_is_charged_for(self, subscriptions):
        """Whether an invoice for these subscriptions is to be charged to a saved payment method."""
        if self.fusion_collects:
            return self.fusion_collects == "always"
        plans = subscriptions.fusion_plan_id
        return bool(plans) and all(plans.mapped("collects"))

    def _fusion_token_for(self, subscriptions, company):
        """Return what a company's invoice for these subscriptions is charged to: an empty record
        if nothing is saved.

        A subscription's own method, then the customer's, then the one that was saved last. Of what
        was chosen, only what is still saved counts; what has expired only if all have.
        """
        own = self._fusion_usable_tokens(company) & subscriptions.fusion_token_id
        return own if len(own) == 1 else self._fusion_usual_token(company)

    def _fusion_usual_token(self, company):
        """Return what a company charges where a subscription has no method of its own."""
        usable = self._fusion_usable_tokens(company)
        customer = self.commercial_partner_id.with_company(company)
        return usable & customer.fusion_token_id or usable[:1]

    def _fusion_usable_tokens(self, company):
        """Return of what this customer has saved in a company what can be charged, the last first;
        all of it if nothing can: then it is tried.
        """
        saved = self._fusion_tokens(company)
        return saved._fusion_usable() or saved

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
                    ("company_id", "parent_of", company.id),
                    ("provider_id.state", "!=", "disabled"),
                ],
                order="id desc",
            )
        )

    def _fusion_has_failed_charges(self, company):
        """Whether something of this customer is overdue, and could not be charged."""
        # sudo: the customer is told this, and nothing else.
        return bool(
            self.env["account.move"]
            .sudo()
            .search_count(
                Domain("commercial_partner_id", "=", self.commercial_partner_id.id)
                & Domain("company_id", "=", company.id)
                & Domain("move_type", "=", "out_invoice")
                & Domain("state", "=", "posted")
                & Domain("payment_state", "in", ("not_paid", "partial"))
                & Domain("invoice_date_due", "<", company._fusion_today())
                & Domain("fusion_attempt_ids.state", "=", FAILED),
                limit=1,
            )
        )

    def _fusion_raise_not_theirs(self, token):
        """:raise ValidationError: the payment method is somebody else's"""
        raise ValidationError(
            self.env._(
                "You cannot charge %(customer)s by this payment method: it is saved for %(owner)s.",
                customer=self.display_name,
                owner=token.partner_id.display_name,
            )
        )
