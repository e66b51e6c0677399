from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..base.clock import now
from ..base.subscription_states import RUNNING
from .dashboard_money import INVOICES, SUBSCRIPTIONS

PLANS = "fusion_billing.fusion_billing_plan_action"
REVIEW = "fusion_billing.account_move_action_review"
RUNS = "fusion_billing.fusion_billing_run_action"
DIFFERENCES = "fusion_billing.fusion_billing_reconciliation_row_action"
DELIVERIES = "fusion_billing.fusion_billing_webhook_delivery_action"
OF_DOCUMENT = "invoice_line_ids.fusion_rating_id.subscription_id."

_lt = LazyTranslate(__name__)


class Watched(NamedTuple):
    """What is looked at: how it is told, and which records of which window action it counts."""

    key: str
    label: str
    model: str
    xmlid: str
    domain: Callable  # of a scope


WATCHED = (  # the most urgent first
    Watched(
        "problems",
        _lt("Subscriptions that cannot be rated or billed"),
        "sale.order",
        SUBSCRIPTIONS,
        lambda scope: Domain("fusion_error", "!=", False) & scope.of(),
    ),
    Watched(
        "deliveries",
        _lt("Webhook events that could not be delivered"),
        "fusion.billing.webhook.delivery",
        DELIVERIES,
        lambda scope: Domain("state", "=", "failed") & _among("service_id", scope.service),
    ),
    Watched(
        "unsent",
        _lt("Documents that could not be sent"),
        "account.move",
        INVOICES,
        lambda scope: (
            Domain("fusion_send_error", "!=", False)
            & Domain("state", "=", "posted")
            & scope.of(OF_DOCUMENT)
        ),
    ),
    Watched(
        "runs",
        _lt("Runs of the last 24 hours that did not succeed"),
        "fusion.billing.run",
        RUNS,
        lambda scope: (
            Domain("outcome", "in", ("failed", "interrupted", "missed"))
            & Domain("started_at", ">=", now() - timedelta(days=1))
        ),
    ),
    Watched(
        "drafts",
        _lt("Drafts to review"),
        "account.move",
        REVIEW,
        lambda scope: (
            Domain("state", "=", "draft")
            & Domain("fusion_bill_on", "!=", False)
            & Domain("fusion_post_at", "=", False)
            & scope.of(OF_DOCUMENT)
        ),
    ),
    Watched(
        "differences",
        _lt("Totals of apps that differ, and that nobody has explained"),
        "fusion.billing.reconciliation.row",
        DIFFERENCES,
        lambda scope: Domain("is_open", "=", True) & scope.of("subscription_id."),
    ),
    Watched(
        "unreachable",
        _lt("Subscriptions whose customer no app knows"),
        "sale.order",
        SUBSCRIPTIONS,
        lambda scope: (
            Domain("fusion_state", "in", RUNNING)
            & Domain("fusion_plan_id.charge_ids", "!=", False)
            & Domain("fusion_is_unknown", "=", True)
            & scope.of()
        ),
    ),
    Watched(
        "plans",
        _lt("Plans without charges"),
        "fusion.billing.plan",
        PLANS,
        lambda scope: Domain("charge_ids", "=", False) & _among("id", scope.plan),
    ),
)


def _among(field, chosen):
    return Domain(field, "=", chosen.id) if chosen else Domain.TRUE


class FusionBillingDashboard(models.AbstractModel):
    """What needs a person."""

    _inherit = "fusion.billing.dashboard"

    def _read_attention(self, scope):
        """Return what needs a person, without what there is nothing of."""
        entries = []
        for watched in WATCHED:
            domain = watched.domain(scope)
            count = self.env[watched.model].search_count(domain)
            if count:
                label = self.env._(watched.label)
                action = self._action(watched.xmlid, label, domain)
                entries.append(
                    {"key": watched.key, "label": label, "count": count, "action": action}
                )
        return entries
