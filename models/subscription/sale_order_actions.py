from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date


class SaleOrder(models.Model):
    """What staff see and press on a subscription. The work itself is done by the seam."""

    _inherit = "sale.order"

    fusion_recurring_amount = fields.Monetary(
        "Recurring", compute="_compute_fusion_amounts",
        help="What the recurring products cost in each billing period, before tax.",
    )
    fusion_usage_to_bill = fields.Monetary(
        "Usage to Bill", compute="_compute_fusion_amounts",
        help="What the rated usage that is not invoiced yet comes to, before tax.",
    )
    fusion_is_due = fields.Boolean(compute="_compute_fusion_is_due")
    fusion_usage_count = fields.Integer("Usage", compute="_compute_fusion_usage_count")
    fusion_rating_count = fields.Integer("Ratings", compute="_compute_fusion_rating_count")

    # === COMPUTE METHODS === #

    @api.depends(
        "fusion_plan_id", "order_line.price_subtotal", "order_line.product_id.fusion_recurring",
        "order_line.fusion_charge_id", "order_line.invoice_lines.parent_state",
    )
    def _compute_fusion_amounts(self):
        for order in self:
            lines = order.order_line if order.fusion_plan_id else order.order_line.browse()
            usage = lines.filtered("fusion_charge_id")
            recurring = lines.filtered(lambda line: line._fusion_is_recurring())
            to_bill = usage.filtered(lambda line: not line._fusion_is_invoiced())
            order.fusion_recurring_amount = sum(recurring.mapped("price_subtotal"))
            order.fusion_usage_to_bill = sum(to_bill.mapped("price_subtotal"))

    @api.depends("fusion_next_invoice_date", "company_id.fusion_billing_tz")
    def _compute_fusion_is_due(self):
        for order in self:
            due = order.fusion_next_invoice_date
            order.fusion_is_due = bool(due) and due <= order._fusion_today()

    @api.depends("fusion_usage_ids")
    def _compute_fusion_usage_count(self):
        counts = self._fusion_count("fusion.billing.usage")
        for order in self:
            order.fusion_usage_count = counts.get(order.id, 0)

    @api.depends("fusion_rating_ids")
    def _compute_fusion_rating_count(self):
        counts = self._fusion_count("fusion.billing.rating")
        for order in self:
            order.fusion_rating_count = counts.get(order.id, 0)

    def _fusion_count(self, model_name):
        """Return `{subscription id: how many records of the model belong to it}`."""
        groups = self.env[model_name]._read_group(
            [("subscription_id", "in", self.ids)], ["subscription_id"], ["__count"],
        )
        return {subscription.id: count for subscription, count in groups}

    # === ACTIONS === #

    def action_fusion_invoice_now(self):
        """Bill what is due by today, as the cron would, and open the invoices."""
        self.ensure_one()
        self._fusion_check_staff()
        invoices = self._fusion_bill_until(self._fusion_today())
        self._fusion_clear_failure("invoicing")
        if invoices:
            return self.action_view_invoice(invoices)
        return self._fusion_notify("info", self._fusion_explain_no_invoice())

    def action_fusion_rate_now(self):
        """Bring ledger and order lines up to the usage that is known now."""
        self.ensure_one()
        self._fusion_check_staff()
        # sudo: rating alone writes the ledger, whoever asks for it.
        self.env["fusion.billing.rating"].sudo()._rate_requested(self.sudo())
        self._fusion_clear_failure("rating")
        return self._fusion_notify("success", self.env._("All usage until now is rated."))

    def action_fusion_pause(self):
        self._fusion_check_staff()
        for subscription in self:
            subscription._fusion_pause()

    def action_fusion_resume(self):
        self._fusion_check_staff()
        for subscription in self:
            subscription._fusion_resume()

    def action_fusion_close(self):
        """Ask for the day the subscription ends."""
        return self._fusion_open_wizard("fusion_billing.close_wizard_action")

    def action_fusion_change_plan(self):
        """Ask for the next plan, and from which day on."""
        return self._fusion_open_wizard("fusion_billing.change_plan_wizard_action")

    def action_view_fusion_usage(self):
        return self._fusion_open_own("fusion_billing.fusion_billing_usage_action")

    def action_view_fusion_ratings(self):
        return self._fusion_open_own("fusion_billing.fusion_billing_rating_action")

    # === HELPERS === #

    def _fusion_check_staff(self):
        """Let only billing staff act, and only on what they may change.

        :raise AccessError: somebody else calls
        """
        self.check_access("write")
        if not self.env.user.has_group("fusion_billing.group_user"):
            raise AccessError(self.env._("Only billing staff can do this with a subscription."))

    def _fusion_explain_no_invoice(self):
        if not self.fusion_next_invoice_date:
            return self.env._("There was nothing left to pay: no invoice was needed.")
        return self.env._(
            "Nothing to invoice now. The open billing period ends when %s begins.",
            format_date(self.env, self.fusion_next_invoice_date),
        )

    def _fusion_open_wizard(self, action_xmlid):
        self.ensure_one()
        self._fusion_check_staff()
        action = self.env["ir.actions.actions"]._for_xml_id(action_xmlid)
        return dict(action, context={"default_subscription_id": self.id})

    def _fusion_open_own(self, action_xmlid):
        """Open a list of records that belong to this subscription."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(action_xmlid)
        return dict(
            action, domain=[("subscription_id", "=", self.id)],
            context={"default_subscription_id": self.id, "fill_temporal": False},
        )

    @api.model
    def _fusion_notify(self, kind, sentence):
        """Show a sentence, and the record as it is now.

        :param str kind: success, info, warning or danger
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": sentence,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
