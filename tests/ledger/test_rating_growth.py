"""How many queries rating takes does not grow with how many subscriptions there are to rate."""

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase

FEW, MANY = 5, 40


@tagged("post_install", "-at_install")
class TestRatingGrowth(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls._foreign("EUR", {"2025-01-01": 0.5})
        cls.storage = cls._metric("gb", aggregation="weighted")
        cls._charge(charge_model="graduated", tier_ids=cls._tiers((10, 1), (False, "0.5")))
        cls._charge(cls.storage, price_per_unit=2, currency_id=cls.foreign.id)
        cls.orders = cls.env["sale.order"].create(
            [
                {
                    "partner_id": cls.partner.id,
                    "fusion_plan_id": cls.plan.id,
                    "fusion_start_date": "2026-01-01",
                }
                for _number in range(FEW + MANY)
            ]
        )
        cls.orders.action_confirm()
        cls.env["fusion.billing.rating.request"].search([]).unlink()

    def setUp(self):
        super().setUp()
        clock = freeze_time("2026-01-20")
        clock.start()
        self.addCleanup(clock.stop)

    def _push(self, orders, quantity, start="2026-01-10"):
        self._ingest(
            *(
                self._event(order, quantity, start, metric, idempotency_key=f"{start}")
                for order in orders
                for metric in (self.calls, self.storage)
            )
        )

    def _queries(self, orders, quantity, start="2026-01-10"):
        """How many queries it takes to rate a change of these subscriptions."""
        self._push(orders, quantity, start)
        self.env.cr.flush()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self._rate()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _assert_flat(self, quantity, start="2026-01-10"):
        few, many = (
            self._queries(orders, quantity, start)
            for orders in (self.orders[:FEW], self.orders[FEW:])
        )
        self.assertLessEqual(many, few + 5, f"{FEW} subscriptions: {few}; {MANY}: {many}")

    def test_rating_a_change_of_40_subscriptions_takes_as_many_queries_as_of_5(self):
        self._queries(self.orders, "20")  # lines are made, caches are warm
        self._assert_flat("35")
        calls = self.orders.fusion_rating_ids.filtered(lambda row: row.metric_id == self.calls)
        self.assertEqual(set(calls.mapped("amount")), {10 + 12.5})

    def test_rating_what_changes_no_amount_takes_as_many_queries(self):
        self._queries(self.orders, "20")
        self._assert_flat("0", "2025-12-31")

    def test_a_new_line_takes_only_what_odoo_itself_looks_up_for_each(self):
        """The analytic distribution, when it is made and when it is flushed."""
        self._queries(self.orders[:1], "20")
        few, many = (
            self._queries(orders, "20") for orders in (self.orders[1:FEW], self.orders[FEW:])
        )
        lines = 2 * (MANY - FEW + 1)
        self.assertLessEqual(many, few + 2 * lines + 5, f"{few}, {many}")

    def test_r9_rating_a_past_period_of_40_subscriptions_takes_as_many_queries_as_of_5(self):
        with freeze_time("2026-02-05"):
            self._queries(self.orders, "20")
            self._queries(self.orders, "20", "2026-02-03")
            self._assert_flat("40")

    def test_r7_one_that_fails_is_told_and_all_others_are_rated(self):
        bad = self.orders[7]
        timeline_of = type(bad)._fusion_timeline
        self.patch(
            self.registry["sale.order"],
            "_fusion_timeline",
            lambda order: self._fail() if order == bad else timeline_of(order),
        )
        self._push(self.orders, "20")
        self._rate()
        self.assertEqual(bad.fusion_error, "not this one")
        self.assertFalse((self.orders - bad).filtered("fusion_error"))
        self.assertEqual(self.orders.fusion_rating_ids.subscription_id, self.orders - bad)
        self.assertEqual(self.env["fusion.billing.rating.request"].search([]).subscription_id, bad)

    def _fail(self):
        raise UserError(self.env._("not this one"))
