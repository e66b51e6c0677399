from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.staff import check_staff

AT_ONCE = 100  # subscriptions that staff look at and change in one transaction
TOLD = 5  # of those that could not be, in the message that follows


class SaleOrder(models.Model):
    """What staff see and press on a subscription. The work itself is done by the seam."""

    _inherit = "sale.order"

    fusion_recurring_amount = fields.Monetary(
        "Recurring",
        compute="_compute_fusion_amounts",
        help="What the recurring products cost in each billing period, before tax.",
    )
    fusion_usage_to_bill = fields.Monetary(
        "Usage to Bill",
        compute="_compute_fusion_amounts",
        help="What the usage of the open billing period comes to until now, before tax.",
    )
    fusion_planned = fields.Text(
        "Planned Changes", compute="_compute_fusion_planned", groups="fusion_billing.group_user"
    )
    fusion_is_due = fields.Boolean(compute="_compute_fusion_is_due", technical=True)
    fusion_usage_count = fields.Integer(
        "Usage", compute="_compute_fusion_usage_count", groups="fusion_billing.group_user"
    )

    # === COMPUTE METHODS === #

    @api.depends("order_line.price_subtotal", "order_line.fusion_item_ids")
    def _compute_fusion_amounts(self):
        for order in self:
            fees = order.order_line.filtered(lambda line: line._fusion_is_fee())
            usage = order.order_line.filtered("fusion_charge_id")
            order.fusion_recurring_amount = sum(fees.mapped("price_subtotal"))
            order.fusion_usage_to_bill = sum(usage.mapped("price_subtotal"))

    @api.depends("fusion_phase_ids.date_from", "fusion_item_ids.date_from")
    @api.depends_context("lang")
    def _compute_fusion_planned(self):
        for order in self:
            today = order._fusion_today()
            order.fusion_planned = bool(order._origin.fusion_phase_ids) and "\n".join(
                [
                    *(phase._describe() for phase in order._origin._fusion_planned_changes()),
                    *order._origin.fusion_item_ids._describe_plans(today),
                ]
            )

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

    def _fusion_count(self, model_name):
        """Return `{subscription id: how many records of the model belong to it}`."""
        groups = self.env[model_name]._read_group(
            [("subscription_id", "in", self.ids)], ["subscription_id"], ["__count"]
        )
        return {subscription.id: count for subscription, count in groups}

    # === ACTIONS === #

    def action_fusion_pause(self):
        """Ask for the first day of a pause, and for its last one."""
        return self._fusion_open_for_many("fusion_billing.pause_wizard_action")

    def action_fusion_resume(self):
        """Go on after a pause; of many, those that are not paused are named."""
        check_staff(self)
        if len(self) == 1:
            return self._fusion_resume()
        self._fusion_check_few()
        refused = self._fusion_try_each(lambda subscription: subscription._fusion_resume())
        return self._fusion_tell_refused(refused) if refused else None

    def action_fusion_close(self):
        """Ask for the day the subscriptions end."""
        return self._fusion_open_for_many("fusion_billing.close_wizard_action")

    def action_fusion_reopen(self):
        """Ask for the day on which a closed subscription goes on."""
        return self._fusion_open_wizard("fusion_billing.reopen_wizard_action")

    def action_fusion_keep_open(self):
        """Take back an end that is to come."""
        check_staff(self)
        for subscription in self:
            subscription._fusion_keep_open()

    def action_fusion_change_plan(self):
        """Ask for the next plan, and from which day on."""
        return self._fusion_open_for_many("fusion_billing.change_plan_wizard_action")

    def action_fusion_change_items(self):
        """Ask for a recurring fee to add, change or end, and from which day on."""
        return self._fusion_open_wizard("fusion_billing.item_wizard_action")

    def action_view_fusion_usage(self):
        return self._fusion_open_own("fusion_billing.fusion_billing_usage_action")

    # === HELPERS === #

    def _fusion_open_wizard(self, action_xmlid, **defaults):
        self.ensure_one()
        check_staff(self)
        action = self.env["ir.actions.actions"]._for_xml_id(action_xmlid)
        return dict(action, context={"default_subscription_id": self.id, **defaults})

    def _fusion_open_for_many(self, action_xmlid):
        """Open a dialog for one subscription, or one for all of these."""
        if len(self) == 1:
            return self._fusion_open_wizard(action_xmlid)
        check_staff(self)
        self._fusion_check_few()
        first = self.sorted("fusion_start_date")[:1]  # a day that it proposes is one of all
        return first._fusion_open_wizard(action_xmlid, default_subscription_ids=self.ids)

    def _fusion_open_own(self, action_xmlid):
        """Open a list of records that belong to this subscription."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(action_xmlid)
        return dict(
            action,
            domain=[("subscription_id", "=", self.id)],
            context={"default_subscription_id": self.id, "fill_temporal": False},
        )

    def _fusion_check_few(self):
        """:raise UserError: they are too many for one transaction"""
        if len(self) > AT_ONCE:
            raise UserError(
                self.env._(
                    "You cannot do this with more than %s subscriptions at once: choose fewer.",
                    AT_ONCE,
                )
            )

    def _fusion_tell_refused(self, refused):
        """Say which of these subscriptions stayed as they were, and why.

        :param dict refused: `{subscription: sentence}`
        """
        lines = [f"{order.display_name}: {reason}" for order, reason in refused.items()]
        if len(lines) > TOLD:
            more = self.env._("… and %s more.", len(lines) - TOLD)
            lines = [*lines[:TOLD], more]
        summary = self.env._(
            "Done for %(done)s of %(all)s subscriptions. Not for these:",
            done=len(self) - len(refused),
            all=len(self),
        )
        return self._fusion_notify("warning", "\n".join([summary, *lines]), sticky=True)

    @api.model
    def _fusion_notify(self, kind, sentence, sticky=False):
        """Show a sentence, and the record as it is now.

        :param str kind: success, info, warning or danger
        :param bool sticky: until it is closed
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": sentence,
                "sticky": sticky,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
