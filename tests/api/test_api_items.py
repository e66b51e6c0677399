from datetime import date

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-16 12:00:00")
class TestApiItems(ApiCase):
    """Seats up and down: January has 31 days, of which 16 are left on the 16th."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee_product.default_code = "pro"
        cls.seat = cls._product("Seat", fusion_recurring=True, list_price=31, default_code="seat")
        cls.setup_product.default_code = "setup"
        cls.seats = cls._plan("seats", fee_ids=[(0, 0, {"product_id": cls.seat.id, "quantity": 2})])
        cls.subscription = cls._own_subscription("sub-42", products=cls.fee_product)
        cls._bill()
        cls.item_id = cls.subscription.order_line.id

    @classmethod
    def _bill(cls):
        cls.env["sale.order"]._fusion_cron_create_invoices()

    def _path(self, subscription=None):
        return f"/subscriptions/{(subscription or self.subscription).id}/items"

    def _items(self, subscription=None):
        return self.assertOk(self.get(self._path(subscription)))["items"]

    def _add(self, status=201, **body):
        return self.assertOk(
            self.post(self._path(), {"product_code": "seat", "quantity": 1, **body}), status
        )

    def _change(self, quantity, item_id=None, subscription=None, **body):
        path = f"{self._path(subscription)}/{item_id or self.item_id}"
        return self.assertOk(self.send("PATCH", path, {"quantity": quantity, **body}))

    def _terms(self, item):
        return [(one["from"], one["until"], one["quantity"]) for one in item["terms"]]

    def _due(self):
        """What the next document settles of the open period, beside the fees of the next one."""
        self._rate()
        self.env.invalidate_all()
        return sum(row.due for row in self.subscription.fusion_rating_ids)

    # === READING === #

    def test_items_are_the_recurring_fees_with_their_days_and_terms(self):
        self.assertEqual(
            self._items(),
            [
                {
                    "item_id": self.item_id,
                    "product_id": self.fee_product.id,
                    "product_code": "pro",
                    "name": "Pro subscription",
                    "of_plan": False,
                    "quantity": "1",
                    "currency": self.currency.name,
                    "terms": [
                        {
                            "from": "2026-01-01",
                            "until": None,
                            "quantity": "1",
                            "price_unit": "49",
                            "discount": "0",
                            "timing": "advance",
                            "prorate": True,
                        }
                    ],
                }
            ],
        )

    def test_a_fee_of_the_plan_is_one_that_ends_with_it(self):
        order = self._own_subscription("on-seats", plan=self.seats)
        order._fusion_change_plan(self.plan)
        [item] = self._items(order)
        self.assertTrue(item["of_plan"])
        self.assertEqual(item["quantity"], "0")
        self.assertEqual(self._terms(item), [("2026-01-01", "2026-01-16", "2")])

    def test_a_one_off_product_is_no_item(self):
        order = self._own_subscription("other", products=self.setup_product)
        self.assertEqual(self._items(order), [])

    def test_many_items_take_no_more_queries(self):
        self.remember_keys()
        few = self._own_subscription("few", products=self.seat)
        many = self._own_subscription("many", products=self.seat)
        for number in range(8):
            many._fusion_add_item(self._product(f"P{number}", fusion_recurring=True))
        counts = []
        for order in (few, few, many):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._items(order)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1])

    # === ADDING === #

    def test_a_product_is_added_at_the_list_price_from_today_on(self):
        """F2: its days are due."""
        answer = self._add(quantity="2")
        item = answer["item"]
        self.assertEqual((item["product_code"], item["of_plan"]), ("seat", False))
        self.assertEqual(self._terms(item), [("2026-01-16", None, "2")])
        self.assertEqual(self._items()[1], item)
        self.assertEqual(item["terms"][0]["price_unit"], "31")
        self.assertEqual(self._due(), 32)

    def test_a_price_of_the_customer_s_pricelist_counts(self):
        half = self.env["product.pricelist"].create(
            {"name": "Half", "item_ids": [(0, 0, {"compute_price": "fixed", "fixed_price": 15.5})]}
        )
        order = self._own_subscription("half", pricelist_id=half.id)
        body = {"product_code": "seat", "quantity": "2", "preview": True}
        [amounts] = self.assertOk(self.post(self._path(order), body))["preview"]["amounts"]
        self.assertEqual(amounts["difference"], "16.00")
        item = self.assertOk(self.post(self._path(order), {**body, "preview": False}), 201)["item"]
        self.assertEqual(item["terms"][0]["price_unit"], "15.5")

    def test_it_is_owed_from_the_day_that_is_named(self):
        item = self._add(**{"from": "2026-01-01"})["item"]
        self.assertEqual(self._terms(item), [("2026-01-01", None, "1")])
        self.assertEqual(self._due(), 31)

    def test_the_plan_says_from_when_on_changes_hold(self):
        self.plan.item_changes = "next_period"
        self.assertEqual(self._terms(self._add()["item"]), [("2026-02-01", None, "1")])

    def test_the_same_again_finds_the_same_item(self):
        """Every write path is safe to run twice."""
        first = self._add()
        with self.assertNothingWritten():
            again = self._add(200)
        self.assertEqual(again, {**first, "created": False})
        self.assertEqual(self._due(), 16)

    def test_more_of_a_product_that_is_there_is_a_change_of_its_item(self):
        """Whoever asks twice on two days does not pay twice."""
        item_id = self._add()["item"]["item_id"]
        for body in ({"quantity": 2}, {"quantity": 1, "from": "2026-01-20"}):
            with self.subTest(body=body), self.assertNothingWritten():
                response = self.post(self._path(), {"product_code": "seat", **body})
                answer = self.assertError(response, 409, "conflict")
                self.assertIn(f"item {item_id}.", answer["error"])
        with freeze_time("2026-01-17 12:00:00"):
            response = self.post(self._path(), {"product_code": "seat", "quantity": 1})
            self.assertError(response, 409, "conflict")

    def test_what_has_ended_can_be_added_again(self):
        item_id = self._add(**{"from": "2026-01-01"})["item"]["item_id"]
        self._change(0, item_id, **{"from": "2026-01-10"})
        self.assertTrue(self._add()["created"])

    def test_a_product_that_comes_with_the_plan_can_be_added_besides(self):
        order = self._own_subscription("on-seats", plan=self.seats)
        self.assertOk(self.post(self._path(order), {"product_code": "seat", "quantity": 1}), 201)
        self.assertEqual([item["of_plan"] for item in self._items(order)], [True, False])

    # === CHANGING === #

    def test_more_and_fewer_are_owed_and_given_back_by_days(self):
        """F2."""
        item = self._change("3", **{"from": "2026-01-16"})["item"]
        self.assertEqual(
            self._terms(item), [("2026-01-01", "2026-01-16", "1"), ("2026-01-16", None, "3")]
        )
        self.assertEqual((item["item_id"], item["quantity"]), (self.item_id, "3"))
        self.assertAlmostEqual(self._due(), 50.58, 2)
        self._change("1")
        self.assertEqual(self._due(), 0)

    def test_a_quantity_of_nothing_ends_it(self):
        item = self._change(0)["item"]
        self.assertEqual(self._terms(item), [("2026-01-01", "2026-01-16", "1")])
        self.assertEqual(item["quantity"], "0")
        self.assertAlmostEqual(self._due(), -25.29, 2)

    def test_a_change_can_be_asked_for_again(self):
        """Every write path is safe to run twice, and says nothing twice."""
        for body in ({"quantity": 3}, {"quantity": 0}, {"quantity": "2.5"}):
            first = self._change(**body)
            told = len(self.subscription.message_ids)
            self.assertEqual(self._change(**body), first)
            self.env.invalidate_all()
            self.assertEqual(len(self.subscription.message_ids), told)

    def test_the_seats_of_a_plan_are_changed_while_it_is_in_force(self):
        order = self._own_subscription("on-seats", plan=self.seats)
        [item] = self._items(order)
        item = self._change(5, item["item_id"], order)["item"]
        self.assertEqual(item["quantity"], "5")
        order._fusion_change_plan(self.plan)
        path = f"{self._path(order)}/{item['item_id']}"
        answer = self.assertError(self.send("PATCH", path, {"quantity": 7}), 400, "invalid_state")
        self.assertIn("it comes with the plan seats", answer["error"])

    # === PREVIEW === #

    def test_a_preview_says_what_the_next_document_differs_by(self):
        """F2: 16 of 31 days of two more, and the next period's."""
        with self.assertNothingWritten():
            answer = self._change(3, preview=True)
        self.assertEqual(self._terms(answer["item"]), [("2026-01-01", None, "1")])
        preview = answer["preview"]
        self.assertEqual(preview["from"], "2026-01-16")
        self.assertEqual(
            preview["amounts"],
            [
                {
                    "period_start": "2026-01-01",
                    "period_end": "2026-02-01",
                    "description": "[pro] Pro subscription",
                    "before": "49.00",
                    "after": "99.58",
                    "difference": "50.58",
                }
            ],
        )
        self.assertEqual(preview["difference_untaxed"], "148.58")
        self.assertEqual(preview["difference_total"], "148.58")

    def test_a_preview_is_what_is_billed_then(self):
        for body in ({"quantity": 3}, {"quantity": 0}, {"quantity": 2, "from": "2026-01-20"}):
            preview = self._change(**body, preview=True)["preview"]
            self._change(**body)
            upcoming = self.assertOk(
                self.get(f"/subscriptions/{self.subscription.id}/upcoming_invoice")
            )
            with self.subTest(body=body):
                self.assertEqual(preview["documents"], upcoming["documents"])

    def test_a_preview_of_what_is_added_stores_nothing(self):
        with self.assertNothingWritten():
            answer = self._add(200, quantity="2", preview=True)
        self.assertEqual((answer["item"], answer["created"]), (None, False))
        self.assertEqual(answer["preview"]["difference_untaxed"], "94.00")
        self.assertEqual(len(self._items()), 1)

    def test_a_preview_of_what_holds_already_is_empty(self):
        preview = self._change(1, preview=True)["preview"]
        self.assertEqual((preview["amounts"], preview["difference_total"]), ([], "0.00"))
        self._add()
        self.assertEqual(self._add(200, preview=True)["preview"]["amounts"], [])

    # === REFUSED === #

    def test_an_item_that_makes_no_sense_is_refused(self):
        (self.setup_product | self.usage_product).default_code = "twice"
        for body, code, field in (
            ({"product_code": None}, "missing_field", "product_code"),
            ({"product_code": "nothing"}, "unknown_product", "product_code"),
            ({"product_code": "twice"}, "invalid_product_code", "product_code"),
            ({"product_code": None, "product_id": 2**31}, "unknown_product", "product_id"),
            (
                {"product_code": None, "product_id": self.setup_product.id},
                "invalid_product_id",
                "product_id",
            ),
            ({"quantity": None}, "missing_field", "quantity"),
            ({"quantity": 0}, "invalid_quantity", "quantity"),
            ({"quantity": -1}, "invalid_quantity", "quantity"),
            ({"quantity": "0.001"}, "invalid_quantity", "quantity"),
            ({"quantity": 10**9}, "invalid_quantity", "quantity"),
            ({"from": "now"}, "invalid_from", "from"),
            ({"from": "2025-12-31"}, "invalid_state", None),
            ({"preview": "yes"}, "invalid_preview", "preview"),
            ({"price": 1}, "unknown_field", "price"),
        ):
            with self.subTest(body=body), self.assertNothingWritten():
                body = {"product_code": "seat", "quantity": 1, **body}
                self.assertError(self.post(self._path(), body), 400, code, field)

    def test_a_change_that_makes_no_sense_is_refused(self):
        for body, code, field in (
            ({}, "missing_field", "quantity"),
            ({"quantity": "many"}, "invalid_quantity", "quantity"),
            ({"quantity": "0.001"}, "invalid_quantity", "quantity"),
            ({"quantity": 10**9}, "invalid_quantity", "quantity"),
            ({"quantity": 1, "from": "2025-12-31"}, "invalid_state", None),
            ({"quantity": 1, "product_code": "seat"}, "unknown_field", "product_code"),
        ):
            with self.subTest(body=body), self.assertNothingWritten():
                response = self.send("PATCH", f"{self._path()}/{self.item_id}", body)
                self.assertError(response, 400, code, field)

    def test_no_item_begins_after_the_end_or_on_what_has_ended(self):
        with freeze_time("2026-01-10 12:00:00"):
            self.subscription._fusion_close(date(2026, 1, 20))
        response = self.post(
            self._path(), {"product_code": "seat", "quantity": 1, "from": "2026-01-20"}
        )
        answer = self.assertError(response, 400, "invalid_state")
        self.assertIn("it ends on 2026-01-20", answer["error"])

    def test_only_items_of_the_subscription_are_found(self):
        """U1."""
        other = self._own_subscription("other", products=self.seat)
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        theirs = self._subscribe(partner_id=stranger.id, products=self.seat)
        for path in (
            f"{self._path()}/{other.order_line.id}",
            f"{self._path()}/x",
            f"{self._path()}/{2**40}",
            f"{self._path(theirs)}/{theirs.order_line.id}",
        ):
            with self.subTest(path=path), self.assertNothingWritten():
                self.assertError(self.send("PATCH", path, {"quantity": 5}), 404, "not_found")
        self.assertError(self.get(self._path(theirs)), 404, "not_found")
        body = {"product_code": "seat", "quantity": 1}
        self.assertError(self.post(self._path(theirs), body), 404, "not_found")
