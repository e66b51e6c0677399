from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from .walls_case import WallsCase


@tagged("post_install", "-at_install")
class TestWallsCatalogueScreen(WallsCase, HttpCase):
    """The product catalogue of an order, as the web client calls it for a salesperson.

    It raises, ends and adds fees from today on and one-off lines once; usage it cannot touch.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env,
            "walls_seller",
            groups="base.group_user,sales_team.group_sale_salesman_all_leads",
        )

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=7)
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            self._rate()

    def _choose(self, product, quantity, moment="2026-01-16 10:00:00"):
        """Set a product's quantity in the catalogue; return the price that it shows."""
        self.env.flush_all()
        with freeze_time(moment):
            self.authenticate("walls_seller", "walls_seller")
            price = self.make_jsonrpc_request(
                "/product/catalog/update_order_line_info",
                {
                    "res_model": "sale.order",
                    "order_id": self.subscription.id,
                    "product_id": product.id,
                    "quantity": quantity,
                    "child_field": "order_line",
                },
                timeout=60,
            )
        self.env.invalidate_all()
        return price

    def test_seats_are_raised_from_that_day_on(self):
        self._choose(self.fee_product, 3)
        # 15 of 31 days with one: 23.71; 16 with three: 75.87.
        self.assertStands(self.subscription, "2026-02-01", 23.71 + 75.87 + 7 + 147)

    def test_a_fee_is_ended_and_taken_up_again(self):
        self._choose(self.fee_product, 0)
        self.assertStands(self.subscription, "2026-02-01", 23.71 + 7)
        self._choose(self.fee_product, 1, "2026-02-15 10:00:00")
        # 14 of 28 days.
        self.assertStands(self.subscription, "2026-03-01", 23.71 + 7 + 24.5 + 49)

    def test_a_recurring_product_is_a_fee_from_that_day_on(self):
        seat = self._product("Seat", fusion_recurring=True, list_price=31)
        self.assertEqual(self._choose(seat, 2), 31)
        self.assertStands(self.subscription, "2026-02-01", 49 + 32 + 7 + 49 + 62)

    def test_a_product_that_does_not_recur_is_billed_once(self):
        self._choose(self.setup_product, 2)
        self.assertStands(self.subscription, "2026-02-01", 49 + 400 + 7 + 49)
        self._choose(self.setup_product, 1, "2026-02-15 10:00:00")
        self.assertStands(self.subscription, "2026-03-01", 49 + 200 + 7 + 49 + 49)

    def test_usage_is_what_the_ledger_says(self):
        for quantity in (5, 0, 1):
            self._choose(self.usage_product, quantity)
        line = self._usage_lines(self.subscription)
        self.assertEqual((line.product_uom_qty, line.price_unit), (1, 7))
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
