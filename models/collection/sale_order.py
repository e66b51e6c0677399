from odoo import api, fields, models

from ..base.staff import BILLING


class SaleOrder(models.Model):
    """How a subscription is paid."""

    _inherit = "sale.order"

    fusion_token_id = fields.Many2one(
        "payment.token",
        "Saved Payment Method",
        copy=False,
        check_company=True,
        tracking=True,
        groups=BILLING,
        help="What this subscription's invoices are charged to; the customer's, if empty.",
    )
    fusion_lacks_token = fields.Boolean(
        "Lacks a Payment Method",
        compute="_compute_fusion_lacks_token",
        technical=True,
        groups=BILLING,
    )

    @api.depends("fusion_state", "fusion_plan_id", "fusion_end_date", "partner_invoice_id")
    def _compute_fusion_lacks_token(self):
        for order in self:
            saved = order._origin
            order.fusion_lacks_token = saved and saved._fusion_is_unpayable()

    @api.constrains("fusion_token_id", "partner_id")
    def _check_fusion_token(self):
        for order in self.filtered("fusion_token_id"):
            order.fusion_token_id._fusion_check_of(order.partner_id)

    # === WHETHER, AND TO WHAT === #

    def _fusion_payer(self):
        """Return the customer who gets and pays this subscription's invoices."""
        self.ensure_one()
        return self.partner_invoice_id.commercial_partner_id.with_company(self.company_id)

    def _fusion_collects(self):
        """Whether this subscription's invoices are to be charged to a saved payment method."""
        order = self.sudo()  # sudo: how a customer pays does not depend on who looks.
        is_sandbox = order.company_id._fusion_is_sandbox()
        return not is_sandbox and order._fusion_payer()._fusion_is_charged_for(order)

    def _fusion_token(self):
        """Return what this subscription's next invoice is charged to: an empty record if nothing
        is saved.
        """
        order = self.sudo()  # sudo: how a customer pays does not depend on who looks.
        return order._fusion_payer()._fusion_token_for(order, order.company_id)

    def _fusion_is_unpayable(self):
        """Whether invoices to come are to be charged, and there is nothing to charge them to."""
        return self._fusion_is_running() and self._fusion_collects() and not self._fusion_token()

    def _fusion_note_removal(self, name):
        """Note that the payment method this subscription was charged to is gone, for staff.

        :param str name: as people know it
        """
        order = self.with_context(lang=self.company_id.partner_id.lang)
        token = order._fusion_token()
        words = {"name": name, "other": token.display_name}
        if token:
            body = order.env._(
                "The payment method %(name)s was removed: invoices are charged to %(other)s now.",
                **words,
            )
        else:
            body = order.env._(
                "The payment method %(name)s was removed. Invoices are to be charged automatically,"
                " and the customer has saved no other payment method.",
                **words,
            )
        order._message_log(body=body)

    @api.model
    def _fusion_sharing_key(self, document, vals):
        """Subscriptions that are charged to different payment methods share no document."""
        key = super()._fusion_sharing_key(document, vals)
        if not document.is_shared:
            return key
        collects = document.order._fusion_collects()
        return key, collects and document.order._fusion_token().id
