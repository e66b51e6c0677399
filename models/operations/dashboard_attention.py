from datetime import timedelta

from odoo import models
from odoo.fields import Domain

from ..base.clock import now
from ..base.subscription_states import RUNNING
from .dashboard_money import INVOICES, SUBSCRIPTIONS

PLANS = "fusion_billing.fusion_billing_plan_action"
REVIEW = "fusion_billing.account_move_action_review"
RUNS = "fusion_billing.fusion_billing_run_action"
DIFFERENCES = "fusion_billing.fusion_billing_reconciliation_row_action"
DELIVERIES = "fusion_billing.fusion_billing_webhook_delivery_action"


class FusionBillingDashboard(models.AbstractModel):
    """What needs a person."""

    _inherit = "fusion.billing.dashboard"

    def _read_attention(self, scope):
        """Return what needs a person, without what there is nothing of."""
        entries = []
        for key, label, model, xmlid, domain in self._attention(scope):
            count = self.env[model].search_count(domain)
            if count:
                action = self._action(xmlid, label, domain)
                entries.append({"key": key, "label": label, "count": count, "action": action})
        return entries

    def _attention(self, scope):
        """Return what is looked at, the most urgent first; an aspect appends its own.

        :return: `[(key, label, model, external id of a window action, domain)]`
        """
        running = Domain("fusion_state", "in", RUNNING)
        metered = running & Domain("fusion_plan_id.charge_ids", "!=", False)
        return [
            (
                "problems",
                self.env._("Subscriptions that cannot be rated or billed"),
                "sale.order",
                SUBSCRIPTIONS,
                Domain("fusion_error", "!=", False) & scope.of(),
            ),
            (
                "deliveries",
                self.env._("Webhook events that could not be delivered"),
                "fusion.billing.webhook.delivery",
                DELIVERIES,
                Domain("state", "=", "failed")
                & (Domain("service_id", "=", scope.service.id) if scope.service else Domain.TRUE),
            ),
            (
                "unsent",
                self.env._("Documents that could not be sent"),
                "account.move",
                INVOICES,
                Domain("fusion_send_error", "!=", False)
                & Domain("state", "=", "posted")
                & scope.of("invoice_line_ids.fusion_rating_id.subscription_id."),
            ),
            (
                "runs",
                self.env._("Runs of the last 24 hours that did not succeed"),
                "fusion.billing.run",
                RUNS,
                Domain("outcome", "in", ("failed", "interrupted", "missed"))
                & Domain("started_at", ">=", now() - timedelta(days=1)),
            ),
            (
                "drafts",
                self.env._("Drafts to review"),
                "account.move",
                REVIEW,
                Domain("state", "=", "draft")
                & Domain("fusion_bill_on", "!=", False)
                & Domain("fusion_post_at", "=", False)
                & scope.of("invoice_line_ids.fusion_rating_id.subscription_id."),
            ),
            (
                "differences",
                self.env._("Totals of apps that differ, and that nobody has explained"),
                "fusion.billing.reconciliation.row",
                DIFFERENCES,
                Domain("is_open", "=", True) & scope.of("subscription_id."),
            ),
            (
                "unreachable",
                self.env._("Subscriptions whose customer no app knows"),
                "sale.order",
                SUBSCRIPTIONS,
                metered & Domain("fusion_is_unknown", "=", True) & scope.of(),
            ),
            (
                "plans",
                self.env._("Plans without charges"),
                "fusion.billing.plan",
                PLANS,
                Domain("charge_ids", "=", False)
                & (Domain("id", "=", scope.plan.id) if scope.plan else Domain.TRUE),
            ),
        ]
