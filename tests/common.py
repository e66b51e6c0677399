from datetime import date, datetime, timedelta
from decimal import Decimal

from odoo.tests import TransactionCase, freeze_time
from odoo.tools import SQL


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
    def _set_zone(cls, zone, company=None):
        """Let a company's days begin in a time zone as if they always had."""
        company = company or cls.company
        company.fusion_billing_tz = zone
        company.fusion_time_zone_ids.unlink()

    @classmethod
    def _product(cls, name, **vals):
        return cls.env["product.product"].create(
            {"name": name, "type": "service", "taxes_id": False, **vals}
        )

    @classmethod
    def _metric(cls, code, name=None, aggregation="sum", **vals):
        return cls.env["fusion.billing.metric"].create(
            {"code": code, "name": name or code, "aggregation": aggregation, **vals}
        )

    @classmethod
    def _plan(cls, code, **vals):
        return cls.env["fusion.billing.plan"].create({"code": code, "name": code, **vals})

    @classmethod
    def _charge(cls, metric=None, plan=None, **vals):
        return cls.env["fusion.billing.charge"].create(
            {
                "plan_id": (plan or cls.plan).id,
                "metric_id": (metric or cls.calls).id,
                "product_id": cls.usage_product.id,
                "price_per_unit": 1,
                **vals,
            }
        )

    @classmethod
    def _service(cls, code, **vals):
        return cls.env["fusion.billing.service"].create({"name": code, "code": code, **vals})

    @classmethod
    def _link(cls, external_id, partner=None, service=None):
        return cls.env["fusion.billing.account.link"].create(
            {
                "service_id": (service or cls.service).id,
                "partner_id": (partner or cls.partner).id,
                "external_id": external_id,
            }
        )

    @classmethod
    def _subscribe(cls, start="2026-01-01", products=(), plan=None, **vals):
        """A confirmed subscription from a date, on `products` in quantity 1."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "fusion_plan_id": (plan or cls.plan).id,
                "fusion_start_date": start,
                "order_line": [(0, 0, {"product_id": product.id}) for product in products],
                **vals,
            }
        )
        order.action_confirm()
        return order

    @classmethod
    def _use(cls, subscription, quantity, start="2026-01-10", metric=None, **vals):
        """A counter of an hour that starts at an instant (UTC)."""
        start = datetime.fromisoformat(start)
        return cls.env["fusion.billing.usage"].create(
            {
                "subscription_id": subscription.id,
                "metric_id": (metric or cls.calls).id,
                "period_start": start,
                "period_end": start + timedelta(hours=1),
                "quantity": quantity,
                **vals,
            }
        )

    @classmethod
    def _event(cls, subscription, quantity, start="2026-01-10", metric=None, **vals):
        """A validated event of an hour from an instant (UTC), as the API hands it to `_ingest`."""
        start = datetime.fromisoformat(start)
        return {
            "subscription_id": subscription.id,
            "metric_id": (metric or cls.calls).id,
            "period_start": start,
            "period_end": start + timedelta(hours=1),
            "quantity": Decimal(quantity),
            "value": None,
            "dimensions": None,
            "idempotency_key": None,
            **vals,
        }

    def _ingest(self, *events, source="app"):
        """Push events; return how many were inserted, updated and unchanged."""
        counts = self.env["fusion.billing.usage"]._ingest(list(events), source)
        return counts["inserted"], counts["updated"], counts["unchanged"]

    def _rate(self):
        self.env["fusion.billing.usage"]._cron_rate_open_periods()

    def _rate_at(self, moment):
        with freeze_time(moment):
            self._rate()

    def _bill(self):
        self.env["sale.order"]._fusion_cron_create_invoices()

    def _bill_at(self, moment):
        with freeze_time(moment):
            self._bill()

    def _invoice_now(self, orders):
        """Press *Invoice Now* and confirm what it shows; return the action that follows."""
        action = orders.action_fusion_invoice_now()
        if action.get("res_model") != "fusion.billing.invoice.wizard":
            return action
        return orders.env[action["res_model"]].browse(action["res_id"]).action_confirm()

    def _run_cron(self, name):
        """Run one of the addon's crons as Odoo's scheduler does, progress commits included."""
        with self.enter_registry_test_mode():
            self.env.ref(f"fusion_billing.{name}").method_direct_trigger()

    @classmethod
    def _tiers(cls, *rows):
        """Commands for a table of `(up_to, unit_amount)` or `(up_to, unit_amount, flat_amount)`."""
        names = ("up_to", "unit_amount", "flat_amount")
        return [(0, 0, dict(zip(names, row, strict=False))) for row in rows]

    @classmethod
    def _filters(cls, **dimensions):
        """Commands for a filter: `region="eu, us"`."""
        return [
            (0, 0, {"dimension": name, "dimension_values": values})
            for name, values in dimensions.items()
        ]

    @classmethod
    def _foreign(cls, name, rates):
        """An active currency; `rates` are `{day: units of it for one of the company's}`."""
        currency = (
            cls.env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
        )
        currency.active = True
        cls.env["res.currency.rate"].search([("currency_id", "=", currency.id)]).unlink()
        cls.env["res.currency.rate"].create(
            [{"currency_id": currency.id, "name": day, "rate": rate} for day, rate in rates.items()]
        )
        return currency

    def _usage_lines(self, subscription):
        """The order lines that show usage, one for each charge."""
        return subscription.order_line.filtered("fusion_charge_id")

    def _rating(self, subscription, start="2026-01-01", metric=None):
        """The ledger's row of a metric for the stretch that starts on a day."""
        return subscription.fusion_rating_ids.filtered(
            lambda rating: (
                rating.date_from == date.fromisoformat(start)
                and rating.metric_id == (metric or self.calls)
            )
        )

    def _numeric_text(self, record, column):
        """What PostgreSQL holds in a numeric column, digit by digit."""
        record.flush_recordset()
        [[text]] = self.env.execute_query(
            SQL(
                "SELECT %s::text FROM %s WHERE id = %s",
                SQL.identifier(column),
                SQL.identifier(record._table),
                record.id,
            )
        )
        return text

    def _amounts(self, subscription, start=None):
        """What is owed for usage, sorted: of all stretches, or of those that start on a day."""
        day = start and date.fromisoformat(start)
        return sorted(
            rating.amount
            for rating in subscription.fusion_rating_ids
            if rating.charge_id and rating.amount and day in (None, rating.date_from)
        )

    def _owed(self, subscription):
        """What is owed for usage and fees: `(first day, first day after, amount)`, in order."""
        return sorted(
            (str(row.date_from), str(row.date_until), row.amount)
            for row in subscription.fusion_rating_ids
            if row.amount
        )

    def _posted(self, rating):
        """What posted invoices bill for a rating, less what credit notes give back."""
        return -sum(
            rating.invoice_line_ids.filtered(lambda line: line.parent_state == "posted").mapped(
                "amount_currency"
            )
        )

    def _invoiced(self, subscription):
        """The untaxed amounts of a subscription's invoices, oldest first."""
        return subscription.invoice_ids.sorted("id").mapped("amount_untaxed")

    def assertDates(self, subscription, last, next_):
        self.assertEqual(subscription.fusion_last_invoice_date, date.fromisoformat(last))
        self.assertEqual(subscription.fusion_next_invoice_date, date.fromisoformat(next_))
