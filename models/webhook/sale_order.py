from odoo import fields, models

from ..base.subscription_states import STARTED
from .transitions import watch

# What of the timeline an order shows, and apps with it.
SHOWN = (
    "fusion_state",
    "fusion_plan_id",
    "fusion_start_date",
    "fusion_last_invoice_date",
    "fusion_next_invoice_date",
    "fusion_end_date",
)
TRANSITIONS = {
    ("1_draft", "3_progress"): "subscription.created",
    ("3_progress", "4_paused"): "subscription.paused",
    ("4_paused", "3_progress"): "subscription.resumed",
    ("3_progress", "6_churn"): "subscription.cancelled",
    ("4_paused", "6_churn"): "subscription.cancelled",
    ("6_churn", "3_progress"): "subscription.resumed",
    ("6_churn", "4_paused"): "subscription.paused",
}


class SaleOrder(models.Model):
    """Tells apps what happens to their customers' subscriptions."""

    _inherit = "sale.order"

    fusion_threshold_ids = fields.One2many(
        "fusion.billing.threshold", "subscription_id", "Alerts", groups="fusion_billing.group_user"
    )
    fusion_delivery_ids = fields.One2many(
        "fusion.billing.webhook.delivery",
        "subscription_id",
        "Events",
        readonly=True,
        groups="fusion_billing.group_user",
    )

    def write(self, vals):
        if not vals.keys().isdisjoint(SHOWN):
            self._fusion_watch()
        return super().write(vals)

    def _fusion_set_timeline(self, timeline):
        # What is planned for later shows in no field of the order yet.
        self._fusion_watch()
        return super()._fusion_set_timeline(timeline)

    def _fusion_watch(self):
        watch(self, lambda order: order._fusion_facts(), _emit_transitions)

    def _fusion_facts(self):
        """Return what apps are told of: name to value."""
        self.ensure_one()
        planned = self._fusion_planned_plan()
        return {
            **{name: self[name] for name in SHOWN},
            "is_unpaid": self._fusion_is_paused_unpaid(),
            "planned_plan": (planned.date_from, planned.plan_id.id),
        }

    def _fusion_emit_transition(self, before):
        """Emit the event that leads from the facts before to those of now, if there is one."""
        now = self._fusion_facts()
        state = now["fusion_state"]
        if before == now or state not in STARTED:
            return
        event_type = TRANSITIONS.get((before["fusion_state"] or "1_draft", state))
        self._fusion_emit(event_type or "subscription.updated", self._fusion_describe_for)

    def _fusion_emit(self, event_type, describe):
        """Tell the services concerned of something about this subscription.

        :param describe: function from a service to the event's data
        """
        self.ensure_one()
        self.env["fusion.billing.webhook.delivery"]._emit(
            event_type, self._fusion_services(), describe, subscription=self
        )

    def _fusion_services(self):
        """Return the services that know this customer, and the one that made the subscription."""
        return self.fusion_service_id.sudo() | self._fusion_linked_services()

    def _fusion_linked_services(self):
        """Return the services that know this customer, and may know of this subscription."""
        self.ensure_one()
        customer = self.partner_id.commercial_partner_id
        # sudo: events concern every app of the customer, whoever causes them.
        links = (
            self.env["fusion.billing.account.link"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "=", customer.id),
                    ("company_id", "=", self.company_id.id),
                ]
            )
        )
        return links.service_id.filtered(lambda service: service._sees(self))

    def _fusion_describe_for(self, service):
        """Return this subscription as the API shows it to a service."""
        serializer = self.env["fusion.billing.api.serializer"]
        return serializer._describe_subscriptions(service, self)[0]


def _emit_transitions(orders, before):
    for order in orders:
        order._fusion_emit_transition(before[order.id])
