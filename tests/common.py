from datetime import date, datetime

from odoo.tests import TransactionCase


class BillingCase(TransactionCase):
    """A company with a product for usage, metrics, a plan without charges and a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.company.fusion_billing_tz = "UTC"
        cls.currency = cls.company.currency_id
        cls.partner = cls.env["res.partner"].create({"name": "Acme Ltd"})
        cls.usage_product = cls._product("Usage")
        cls.fee_product = cls._product("Pro subscription", fusion_recurring=True, list_price=49)
        cls.setup_product = cls._product("Set-up", list_price=200)
        cls.calls = cls._metric("api_calls", "API calls")
        cls.plan = cls._plan("pro")

    @classmethod
    def _product(cls, name, **vals):
        return cls.env["product.product"].create({
            "name": name, "type": "service", "taxes_id": False, **vals,
        })

    @classmethod
    def _metric(cls, code, name=None, aggregation="sum", **vals):
        return cls.env["fusion.billing.metric"].create({
            "code": code, "name": name or code, "aggregation": aggregation, **vals,
        })

    @classmethod
    def _plan(cls, code, **vals):
        return cls.env["fusion.billing.plan"].create({"code": code, "name": code, **vals})

    @classmethod
    def _charge(cls, metric=None, plan=None, **vals):
        return cls.env["fusion.billing.charge"].create({
            "plan_id": (plan or cls.plan).id,
            "metric_id": (metric or cls.calls).id,
            "product_id": cls.usage_product.id,
            "price_per_unit": 1,
            **vals,
        })

    @classmethod
    def _subscribe(cls, start="2026-01-01", products=(), plan=None, **vals):
        """A confirmed subscription from a date, on `products` in quantity 1."""
        order = cls.env["sale.order"].create({
            "partner_id": cls.partner.id,
            "fusion_plan_id": (plan or cls.plan).id,
            "fusion_start_date": start,
            "order_line": [(0, 0, {"product_id": product.id}) for product in products],
            **vals,
        })
        order.action_confirm()
        return order

    @classmethod
    def _use(cls, subscription, quantity, start="2026-01-10", metric=None, **vals):
        """A counter of an hour that starts at an instant (UTC)."""
        start = datetime.fromisoformat(start)
        return cls.env["fusion.billing.usage"].create({
            "subscription_id": subscription.id,
            "metric_id": (metric or cls.calls).id,
            "period_start": start,
            "period_end": start.replace(minute=59),
            "quantity": quantity,
            **vals,
        })

    def _rate(self):
        self.env["fusion.billing.usage"]._cron_rate_open_periods()

    def _usage_lines(self, subscription):
        return subscription.order_line.filtered("fusion_charge_id")

    def assertDates(self, subscription, last, next_):
        self.assertEqual(subscription.fusion_last_invoice_date, date.fromisoformat(last))
        self.assertEqual(subscription.fusion_next_invoice_date, date.fromisoformat(next_))
