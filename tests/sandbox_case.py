"""A service that does business, and its sandbox."""

from datetime import datetime, timedelta

from odoo.tests import freeze_time

from .staff_case import StaffCase

NOW = "2026-01-15 12:00:00"


class SandboxCase(StaffCase):
    """The sandbox was made by a manager on 15 January 2026; the year goes by in it alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.plan.fee_ids = [(0, 0, {"product_id": cls.fee_product.id})]
        cls._set_up_catalogue()
        action = cls.service.with_user(cls.manager).action_create_sandbox()
        cls.key = action["context"]["default_key"]
        cls.test_company = cls.env["res.company"]._fusion_find_sandbox(cls.service)
        cls.sandbox = cls._of_sandbox(cls.env["fusion.billing.service"])
        cls.world = cls._world()

    @classmethod
    def _set_up_catalogue(cls):
        """What the company sells besides, before the sandbox is made."""

    @classmethod
    def _of_sandbox(cls, model):
        """The records of a model that lie in the sandbox, as staff there see them."""
        records = model.with_context(allowed_company_ids=cls.test_company.ids, active_test=False)
        return records.search([("company_id", "=", cls.test_company.id)])

    @classmethod
    def _world(cls):
        """An environment in the sandbox."""
        return cls.env(context={**cls.env.context, "allowed_company_ids": cls.test_company.ids})

    # === IN THE SANDBOX === #

    @property
    def clock(self):
        return self.test_company.fusion_clock

    @property
    def own_plan(self):
        plans = self._of_sandbox(self.env["fusion.billing.plan"])
        return plans.filtered(lambda plan: plan.code == self.plan.code)

    def _sign_up(self, name="acme", **vals):
        """Register a customer and subscribe them, as the app does."""
        customers = self.world["fusion.billing.api.customers"].sudo()
        customers._register_customer(self.sandbox, {"external_id": name})
        subscriptions = self.world["fusion.billing.api.subscriptions"].sudo()
        answer = subscriptions._create_one(
            self.sandbox,
            {
                "external_customer_id": name,
                "plan_code": self.plan.code,
                "external_id": f"sub-{name}",
                **vals,
            },
        )
        return self.world["sale.order"].browse(answer["subscription_id"])

    def _push(self, quantity, start, name="acme"):
        start = datetime.fromisoformat(start)
        event = {
            "subscription_external_id": f"sub-{name}",
            "metric_code": "api_calls",
            "quantity": str(quantity),
            "period_start": f"{start.isoformat()}Z",
            "period_end": f"{(start + timedelta(hours=1)).isoformat()}Z",
        }
        return self.world["fusion.billing.api.usage"].sudo()._push(self.sandbox, {"events": [event]})

    def _advance(self, until):
        """Advance the clock; whether it came so far."""
        company = self.sandbox.sudo()._sandbox_company()
        reached = company._fusion_advance_clock(
            datetime.fromisoformat(until), self.env.cr.flush
        )
        self.env.invalidate_all()
        return reached

    def _documents(self, subscription):
        """Invoice date, due date, state and untaxed amount of its documents, in order."""
        return [
            (str(move.invoice_date), move.state, move.amount_untaxed_signed)
            for move in subscription.invoice_ids.sorted("id")
        ]
