from datetime import timedelta

from odoo import models
from odoo.fields import Domain

from ..base.clock import now
from .dashboard_attention import PLANS
from .dashboard_money import SUBSCRIPTIONS

SERVICES = "fusion_billing.fusion_billing_service_action"
METRICS = "fusion_billing.fusion_billing_metric_action"
USAGE = "fusion_billing.fusion_billing_usage_action"
SOLD = Domain("fusion_state", "not in", (False, "1_draft"))
BILLS = Domain("fusion_bill_on", "!=", False)


class FusionBillingDashboard(models.AbstractModel):
    """What is to be done until the first invoice: steps that tick themselves off."""

    _inherit = "fusion.billing.dashboard"

    def _read_checklist(self, scope):
        """Return the steps with whether each is done; none once there is an invoice."""
        if self.env["account.move"].search_count(BILLS, limit=1):
            return []
        steps = [
            self._metric_step(),
            self._plan_step(),
            self._service_step(),
            self._subscription_step(),
            self._event_step(),
            self._invoice_step(),
        ]
        return [
            {**step, "done": bool(self.env[model].search_count(domain, limit=1))}
            for step, model, domain in steps
        ]

    # === STEPS: WHAT IS SHOWN, AND THE RECORDS OF WHICH ONE IS THERE ONCE IT IS DONE === #

    def _metric_step(self):
        step = {
            "key": "metric",
            "label": self.env._("Say what is counted"),
            "help": self.env._("A metric is what your app reports, such as API calls."),
            "button": self.env._("Create a metric"),
            "action": self._action(METRICS, self.env._("Metrics"), view="form"),
        }
        return step, "fusion.billing.metric", Domain.TRUE

    def _plan_step(self):
        step = {
            "key": "plan",
            "label": self.env._("Create a plan, with its fee and what usage costs"),
            "help": self.env._("A charge says what of a metric is included, and the price."),
            **self._make_or_open(
                "fusion.billing.plan",
                self.env._("Create a plan"),
                self.env._("Open the plans"),
                self._action(PLANS, self.env._("Plans"), view="form"),
            ),
        }
        return step, "fusion.billing.plan", Domain("charge_ids", "!=", False)

    def _service_step(self):
        step = {
            "key": "service",
            "label": self.env._("Connect your app"),
            "help": self.env._("Create a service, generate a key for it, and try the API:"),
            "command": self._catalog_command(),
            **self._make_or_open(
                "fusion.billing.service",
                self.env._("Create a service"),
                self.env._("Open the services"),
                self._action(SERVICES, self.env._("Services"), view="form"),
            ),
        }
        return step, "fusion.billing.service", Domain("id", "in", self._read_services_with_keys())

    def _subscription_step(self):
        step = {
            "key": "subscription",
            "label": self.env._("Sell the first subscription"),
            "help": self.env._("Confirm an order with a plan. Your app can do it, too."),
            "button": self.env._("Create a subscription"),
            "action": self._action(
                SUBSCRIPTIONS,
                self.env._("Subscriptions"),
                Domain("fusion_plan_id", "!=", False),
                view="form",
                context={"fusion_subscription": True},
            ),
        }
        return step, "sale.order", SOLD

    def _event_step(self):
        subscription = self._first_subscription()
        step = {
            "key": "event",
            "label": self.env._("Receive the first usage"),
            "help": self.env._(
                "Enter it by hand. Or press Link the Customer on the subscription: then your app"
                " can push it, too:"
            )
            if subscription.fusion_is_unreachable
            else self.env._("Your app pushes it, as below, or you enter it by hand:"),
            "command": self._usage_command(subscription),
            "button": self.env._("Enter usage"),
            "action": self._action(USAGE, self.env._("Usage"), view="form"),
        }
        return step, "fusion.billing.usage", Domain.TRUE

    def _invoice_step(self):
        step = {
            "key": "invoice",
            "label": self.env._("See the first invoice"),
            "help": self.env._(
                "It is made when the billing period ends. To see one now, press Invoice"
                " Now on a subscription that owes something."
            ),
            "button": self.env._("Open the subscriptions"),
            "action": self._action(SUBSCRIPTIONS, self.env._("Subscriptions"), SOLD),
        }
        return step, "account.move", BILLS

    # === HOW === #

    def _make_or_open(self, model, make, look, action):
        """Return a button that makes the first one, or leads to those that lack something."""
        if self.env[model].search_count([("active", "=", True)], limit=1):
            return {"button": look, "action": {**action, "view": None}}
        return {"button": make, "action": action}

    def _read_services_with_keys(self):
        # sudo: that there is a key is no secret; who may read keys is another matter.
        keys = self.env["fusion.billing.api.key"].sudo()
        companies = Domain("service_id.company_id", "in", self.env.companies.ids)
        return keys.search(companies, limit=1).service_id.ids

    # === COMMANDS === #

    def _catalog_command(self):
        return f'export KEY=fbk_…\ncurl {self._base_url()}/catalog -H "Authorization: Bearer $KEY"'

    def _first_subscription(self):
        """Return a subscription that runs; one that apps can reach, if there is one."""
        running = Domain("fusion_state", "=", "3_progress")
        orders = self.env["sale.order"]
        known = running & Domain("fusion_is_unknown", "=", False)
        return orders.search(known, limit=1) or orders.search(running, limit=1)

    def _usage_command(self, subscription):
        """Return a command that pushes a counter of an hour, with what there is to name."""
        metric = self.env["fusion.billing.metric"].search([], limit=1)
        reference = (
            f'"subscription_external_id": "{subscription.fusion_external_id}"'
            if subscription.fusion_external_id
            else f'"subscription_id": {subscription.id or 1}'
        )
        # The hour of now: a subscription that began today has begun by then, wherever it is.
        hour = now().replace(minute=0, second=0, microsecond=0)
        until = hour + timedelta(hours=1)
        return (
            f'curl {self._base_url()}/usage -H "Authorization: Bearer $KEY"'
            ' -H "Content-Type: application/json" -d \'{"events": [\n'
            f'  {{{reference}, "metric_code": "{metric.code or "api_calls"}", "quantity": "10",\n'
            f'   "period_start": "{hour.isoformat()}Z", "period_end": "{until.isoformat()}Z",\n'
            f'   "idempotency_key": "first"}}]}}\''
        )

    def _base_url(self):
        return f"{self.get_base_url()}/fusion/api/v1"
