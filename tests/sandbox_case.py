"""A service that does business, and its sandbox."""

from datetime import datetime, timedelta

from odoo.tests import freeze_time

from ..core.api.endpoints import customers, subscriptions, usage
from .staff_case import StaffCase

NOW = "2026-01-15 12:00:00"


class SandboxCase(StaffCase):
    """A manager makes a sandbox on Thursday, 15 January 2026. That day stays: time goes by in it
    alone. Plans are billed weekly.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.plan.billing_period_unit = "week"
        cls.plan.fee_ids = [(0, 0, {"product_id": cls.fee_product.id})]
        cls._set_up_catalogue()
        cls.shown = cls.service.with_user(cls.manager).action_create_sandbox()
        cls.test_company = cls.env["res.company"]._fusion_find_sandbox(cls.service)
        cls.world = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.test_company.ids}
        )
        cls.sandbox = cls._own(cls.service)

    @classmethod
    def _set_up_catalogue(cls):
        """What the company sells besides, before the sandbox is made."""

    @classmethod
    def _own(cls, records):
        """The records of the same model that lie in the sandbox."""
        model = cls.world[records._name].with_context(active_test=False)
        return model.search([("company_id", "=", cls.test_company.id)])

    @property
    def clock(self):
        return str(self.test_company.fusion_clock)

    # === WHAT AN APP DOES THERE === #

    def _call(self, group, method, endpoint, payload):
        """What a request to an endpoint with the sandbox's key comes to."""
        model = self.world[f"fusion.billing.api.{group}"].sudo()
        return getattr(model, method)(self.sandbox.sudo(), endpoint.read_values(payload))

    def _sign_up(self, name="acme", **payload):
        """Register a customer and subscribe them."""
        self._call("customers", "_register_customer", customers.REGISTER, {"external_id": name})
        created = self._call(
            "subscriptions",
            "_create_one",
            subscriptions.CREATE,
            {
                "external_customer_id": name,
                "plan_code": self.plan.code,
                "external_id": f"sub-{name}",
                **payload,
            },
        )
        return self.world["sale.order"].browse(created["subscription_id"])

    def _push(self, quantity, start, name="acme", **fields):
        """Push the counter of an hour."""
        start = datetime.fromisoformat(start)
        event = {
            "subscription_external_id": f"sub-{name}",
            "metric_code": "api_calls",
            "quantity": str(quantity),
            "period_start": f"{start.isoformat()}Z",
            "period_end": f"{(start + timedelta(hours=1)).isoformat()}Z",
            **fields,
        }
        return self._call("usage", "_push", usage.PUSH, {"events": [event]})

    def _advance(self, until, keep=None):
        """Advance the clock; return whether it came so far."""
        company = self.sandbox._sandbox_company()
        reached = company._fusion_advance_clock(datetime.fromisoformat(until), keep)
        self.env.invalidate_all()
        return reached

    # === WHAT CAME OF IT === #

    def _documents(self, subscription):
        """The date, the date that it is due, the state and the amount of its documents, in the
        order in which they were made.
        """
        return [
            (
                str(move.invoice_date),
                str(move.invoice_date_due),
                move.state,
                move.amount_untaxed_signed,
            )
            for move in subscription.invoice_ids.sorted("id")
        ]
