from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase

TODAY = "2026-01-10"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-10 12:00:00")
class TestApiSubscriptions(ApiCase):
    def _create(self, **fields):
        body = {"external_customer_id": "acme", "plan_code": "pro", **fields}
        return self.post("/subscriptions", {k: v for k, v in body.items() if v is not None})

    def _order(self, answer):
        return self.env["sale.order"].browse(answer["subscription_id"])

    # === CREATING === #

    def test_a_subscription_is_created_in_progress(self):
        answer = self.assertOk(self._create(external_id="sub-1", start_date="2026-01-05"), 201)
        order = self._order(answer)
        self.assertEqual(
            answer,
            {
                "created": True,
                "subscription_id": order.id,
                "subscription_state": "3_progress",
                "paused_for": None,
                "external_id": "sub-1",
                "external_customer_id": "acme",
                "plan_id": self.plan.id,
                "plan_code": "pro",
                "next_plan_code": None,
                "plan_change_date": None,
                "start_date": "2026-01-05",
                "last_invoice_date": None,
                "next_invoice_date": "2026-02-05",
                "end_date": None,
            },
        )
        self.assertRecordValues(
            order,
            [
                {
                    "state": "sale",
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "fusion_service_id": self.service.id,
                    "fusion_external_id": "sub-1",
                    "company_id": self.company.id,
                }
            ],
        )

    def test_it_starts_today_if_nothing_else_is_asked_for(self):
        answer = self.assertOk(self._create(), 201)
        self.assertEqual((answer["start_date"], answer["external_id"]), (TODAY, None))

    def test_today_is_the_date_in_the_billing_time_zone(self):
        """R3."""
        self.company.fusion_billing_tz = "Pacific/Kiritimati"
        self.assertEqual(self.assertOk(self._create(), 201)["start_date"], "2026-01-11")

    def test_a_plan_is_named_by_its_id_as_well(self):
        answer = self.assertOk(self._create(plan_code=None, plan_id=self.plan.id), 201)
        self.assertEqual(answer["plan_code"], "pro")

    def test_lines_name_products_by_id_or_code(self):
        self.setup_product.default_code = "SETUP"
        answer = self.assertOk(
            self._create(
                lines=[
                    {"product_id": self.fee_product.id, "quantity": "2.5"},
                    {"product_code": "SETUP", "quantity": 1},
                ]
            ),
            201,
        )
        self.assertRecordValues(
            self._order(answer).order_line,
            [
                {"product_id": self.fee_product.id, "product_uom_qty": 2.5, "price_unit": 49},
                {"product_id": self.setup_product.id, "product_uom_qty": 1, "price_unit": 200},
            ],
        )

    def test_without_an_external_id_every_request_creates_one(self):
        first, second = (self.assertOk(self._create(), 201) for _request in range(2))
        self.assertNotEqual(first["subscription_id"], second["subscription_id"])

    # === CREATING AGAIN === #

    def test_the_same_external_id_again_finds_the_same_subscription(self):
        """Every write path is safe to run twice."""
        line = {"product_id": self.fee_product.id, "quantity": 1}
        first = self.assertOk(self._create(external_id="sub-1", lines=[line]), 201)
        with self.assertNothingWritten():
            second = self.assertOk(self._create(external_id="sub-1", lines=[line]))
        self.assertEqual(second, {**first, "created": False})

    def test_another_customer_plan_or_start_under_the_same_external_id_is_a_conflict(self):
        self._plan("basic")
        self._link("hooli", partner=self.env["res.partner"].create({"name": "Hooli"}))
        self.assertOk(self._create(external_id="sub-1", start_date="2026-01-01"), 201)
        for name, value, field in (
            ("plan_code", "basic", "plan_code"),
            ("start_date", "2026-01-02", "start_date"),
            ("external_customer_id", "hooli", "external_customer_id"),
        ):
            with self.subTest(name=name), self.assertNothingWritten():
                response = self._create(
                    **{"external_id": "sub-1", "start_date": "2026-01-01", name: value}
                )
                self.assertError(response, 409, "conflict", field)

    def test_two_services_may_use_the_same_external_id(self):
        other = self._service("nexadesk")
        self._link("acme", service=other)
        mine = self.assertOk(self._create(external_id="sub-1"), 201)
        theirs = self.assertOk(
            self.post(
                "/subscriptions",
                {"external_customer_id": "acme", "plan_code": "pro", "external_id": "sub-1"},
                key=other._generate_api_key(),
            ),
            201,
        )
        self.assertNotEqual(mine["subscription_id"], theirs["subscription_id"])

    # === REFUSALS === #

    def test_a_subscription_that_makes_no_sense_is_refused(self):
        for body, code, field in (
            ({"external_customer_id": None}, "missing_field", "external_customer_id"),
            ({"external_customer_id": "nobody"}, "unknown_customer", "external_customer_id"),
            ({"plan_code": None}, "missing_field", "plan_code"),
            ({"plan_code": "nothing"}, "unknown_plan", "plan_code"),
            ({"plan_code": None, "plan_id": 2**31 - 1}, "unknown_plan", "plan_id"),
            ({"plan_id": 1}, "invalid_plan_id", "plan_id"),
            ({"external_id": ""}, "invalid_external_id", "external_id"),
            ({"start_date": "2026-02-30"}, "invalid_start_date", "start_date"),
            ({"start_date": "2026-01-10T00:00:00Z"}, "invalid_start_date", "start_date"),
            ({"start_date": "2019-01-01"}, "invalid_start_date", "start_date"),
            ({"start_date": "2040-01-01"}, "invalid_start_date", "start_date"),
            ({"plan": "pro"}, "unknown_field", "plan"),
        ):
            with self.subTest(body=body), self.assertNothingWritten():
                self.assertError(self._create(**body), 400, code, field)

    def test_lines_that_make_no_sense_are_refused(self):
        product = {"product_id": self.fee_product.id}
        for lines in ({}, [5], [{**product, "quantity": 1}] * 101):
            with self.subTest(lines=lines), self.assertNothingWritten():
                self.assertError(self._create(lines=lines), 400, "invalid_lines", "lines")

    def test_each_line_that_makes_no_sense_is_told_by_its_index(self):
        product = {"product_id": self.fee_product.id}
        good = {**product, "quantity": 1}
        for line, code, field in (
            (product, "missing_field", "quantity"),
            ({"quantity": 1}, "missing_field", "product_code"),
            ({"product_id": 2**31, "quantity": 1}, "unknown_product", "product_id"),
            ({"product_code": "nothing", "quantity": 1}, "unknown_product", "product_code"),
            ({**product, "quantity": 0}, "invalid_quantity", "quantity"),
            ({**product, "quantity": -1}, "invalid_quantity", "quantity"),
            ({**product, "quantity": "0.001"}, "invalid_quantity", "quantity"),
            ({**product, "quantity": 10**9}, "invalid_quantity", "quantity"),
            ({**product, "quantity": True}, "invalid_quantity", "quantity"),
            ({**good, "price": 0}, "unknown_field", "price"),
        ):
            with self.subTest(line=line), self.assertNothingWritten():
                answer = self.assertError(self._create(lines=[good, line, good, line]), 400, code)
                told = [(one["index"], one["code"], one["field"]) for one in answer["errors"]]
                self.assertEqual(told, [(1, code, field), (3, code, field)])

    def test_what_is_unknown_is_named(self):
        for body, words in (
            ({"plan_code": "gold"}, "There is no plan 'gold'."),
            ({"plan_code": None, "plan_id": 12345}, "There is no plan 12345."),
            ({"external_customer_id": "no-7"}, "no customer with the external id 'no-7'"),
            ({"lines": [{"product_code": "seat", "quantity": 1}]}, "There is no product 'seat'."),
        ):
            with self.subTest(body=body):
                self.assertIn(words, self._create(**body).json()["error"])

    def test_a_product_code_that_two_products_have_is_refused(self):
        (self.fee_product | self.setup_product).default_code = "TWICE"
        line = {"product_code": "TWICE", "quantity": 1}
        self.assertError(self._create(lines=[line]), 400, "invalid_product_code")

    def test_what_is_archived_or_of_another_company_is_unknown(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self._plan("theirs", company_id=elsewhere.id)
        self._plan("old", active=False)
        for code in ("theirs", "old"):
            with self.subTest(code=code):
                self.assertError(self._create(plan_code=code), 400, "unknown_plan", "plan_code")
        self.fee_product.company_id = elsewhere
        line = {"product_id": self.fee_product.id, "quantity": 1}
        self.assertError(self._create(lines=[line]), 400, "unknown_product")

    # === READING === #

    def test_a_subscription_is_read_by_its_id(self):
        created = self.assertOk(self._create(external_id="sub-1"), 201)
        del created["created"]
        self.assertEqual(
            self.assertOk(self.get(f"/subscriptions/{created['subscription_id']}")), created
        )

    def test_what_is_not_a_subscription_of_a_linked_customer_is_not_found(self):
        """U1."""
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        draft = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        for order in (
            self._subscribe(partner_id=stranger.id),
            draft,
            self.env["sale.order"].create({"partner_id": self.partner.id}),
        ):
            for path in ("", "/usage"):
                self.assertError(self.get(f"/subscriptions/{order.id}{path}"), 404, "not_found")
            for change in ("pause", "resume", "cancel"):
                self.assertError(self.post(f"/subscriptions/{order.id}/{change}"), 404, "not_found")

    def test_a_subscription_of_a_contact_belongs_to_the_linked_company(self):
        """U1."""
        self.partner.is_company = True
        contact = self.env["res.partner"].create({"name": "Ada", "parent_id": self.partner.id})
        order = self._subscribe(partner_id=contact.id)
        answer = self.assertOk(self.get(f"/subscriptions/{order.id}"))
        self.assertEqual(answer["external_customer_id"], "acme")

    def test_the_external_id_of_another_service_is_not_told(self):
        other = self._service("nexadesk")
        order = self._subscribe(fusion_service_id=other.id, fusion_external_id="theirs")
        answer = self.assertOk(self.get(f"/subscriptions/{order.id}"))
        self.assertIsNone(answer["external_id"])

    def test_the_list_has_the_subscriptions_of_the_linked_customers(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self._subscribe(partner_id=stranger.id)
        orders = self._subscribe() | self._own_subscription("sub-1")
        answer = self.assertOk(self.get("/subscriptions"))
        self.assertEqual(
            answer["subscriptions"],
            [self.assertOk(self.get(f"/subscriptions/{order.id}")) for order in orders],
        )

    # === CHANGING === #

    def _change(self, order, change, status=200, **body):
        response = self.post(f"/subscriptions/{order.id}/{change}", body)
        return self.assertOk(response) if status == 200 else response

    def test_a_subscription_is_paused_resumed_and_cancelled(self):
        order = self._own_subscription("sub-1")
        paused = self._change(order, "pause", date=TODAY)
        self.assertEqual(paused["subscription_state"], "4_paused")
        resumed = self._change(order, "resume")
        self.assertEqual(resumed["subscription_state"], "3_progress")
        cancelled = self._change(order, "cancel", date=TODAY)
        self.assertEqual(
            (cancelled["subscription_state"], cancelled["end_date"]), ("6_churn", TODAY)
        )

    def test_a_change_needs_no_body(self):
        order = self._own_subscription("sub-1")
        self.assertOk(self.send("POST", f"/subscriptions/{order.id}/pause"))

    def test_a_later_end_is_kept_as_end_date(self):
        order = self._own_subscription("sub-1")
        answer = self._change(order, "cancel", date="2026-01-25")
        self.assertEqual(
            (answer["subscription_state"], answer["end_date"]), ("3_progress", "2026-01-25")
        )

    def test_a_change_can_be_asked_for_again(self):
        """Every write path is safe to run twice."""
        order = self._own_subscription("sub-1")
        for change in ("pause", "resume", "cancel"):
            first = self._change(order, change, date=TODAY)
            self.assertEqual(self._change(order, change, date=TODAY), first)
            self.assertEqual(self._change(order, change), first)

    def test_what_holds_on_that_day_already_changes_nothing(self):
        order = self._own_subscription("sub-1")
        self._change(order, "pause", date="2026-01-20")
        self._change(order, "resume", date="2026-01-25")
        timeline = order._fusion_timeline()
        for change, day in (("pause", "2026-01-22"), ("resume", "2026-01-28")):
            self._change(order, change, date=day)
            self.assertEqual(order._fusion_timeline(), timeline)

    def test_a_pause_can_be_planned_and_taken_back(self):
        """T1."""
        order = self._own_subscription("sub-1")
        planned = self._change(order, "pause", date="2026-03-10")
        self.assertEqual(planned["subscription_state"], "3_progress")
        self._change(order, "resume")
        self.assertEqual(len(order._fusion_timeline().phases), 1)

    def test_a_pause_in_the_past_gives_back_its_days(self):
        """T4."""
        order = self._own_subscription("sub-1", start="2025-12-10")
        self._change(order, "pause", date="2025-12-20")
        self._change(order, "resume", date="2025-12-25")
        self.assertEqual(
            [(str(phase.day), phase.state) for phase in order._fusion_timeline().phases],
            [("2025-12-10", "active"), ("2025-12-20", "paused"), ("2025-12-25", "active")],
        )

    # === USAGE AFTER THE END (T5) === #

    def _used(self):
        self._charge(price_per_unit=2)
        order = self._own_subscription("sub-1")
        for day in ("05", "08", "09"):
            self._use(order, 3, f"2026-01-{day}")
        return order

    def test_usage_is_not_lost_by_an_end_or_a_pause_before_it(self):
        """T5: the app is told how many counters there are, and nothing is changed."""
        order = self._used()
        before = self.assertOk(self.get(f"/subscriptions/{order.id}"))
        for change in ("cancel", "pause"):
            for body in ({}, {"discard_usage": False}, {"discard_usage": None}):
                response = self._change(order, change, 409, date="2026-01-08", **body)
                answer = self.assertError(response, 409, "usage_after_end")
                self.assertEqual(answer["count"], 2)
        self.assertEqual(self.assertOk(self.get(f"/subscriptions/{order.id}")), before)

    def test_usage_after_the_end_is_discarded_by_who_says_so(self):
        """T5."""
        order = self._used()
        answer = self._change(order, "cancel", date="2026-01-08", discard_usage=True)
        self.assertEqual(
            (answer["subscription_state"], answer["end_date"]), ("6_churn", "2026-01-08")
        )
        self.assertEqual(order.invoice_ids.amount_untaxed, 6)

    def test_usage_in_a_pause_is_discarded_by_who_says_so(self):
        """T5."""
        order = self._used()
        self._change(order, "pause", date="2026-01-08", discard_usage=True)
        self._change(order, "resume", date="2026-01-09")
        self._rate()
        self.assertEqual(sum(order.fusion_rating_ids.mapped("amount")), 12)

    def test_whether_usage_is_discarded_is_true_or_false(self):
        order = self._own_subscription("sub-1")
        for change in ("cancel", "pause"):
            for value in (1, "true", []):
                response = self._change(order, change, 400, discard_usage=value)
                self.assertError(response, 400, "invalid_discard_usage", "discard_usage")
        response = self._change(order, "resume", 400, discard_usage=True)
        self.assertError(response, 400, "unknown_field", "discard_usage")

    # === REFUSED === #

    def test_a_change_that_the_state_forbids_is_refused(self):
        order = self._own_subscription("sub-1")
        self._change(order, "cancel", date=TODAY)
        for change in ("pause", "resume"):
            self.assertError(self._change(order, change, 400), 400, "invalid_state")
        other = self._own_subscription("sub-2", start="2025-12-10")
        for change in ("pause", "resume", "cancel"):
            response = self._change(other, change, 400, date="2025-12-09")
            self.assertError(response, 400, "invalid_state")
        self.assertEqual(other.fusion_state, "3_progress")

    def test_a_date_that_is_none_is_refused(self):
        order = self._own_subscription("sub-1")
        for change in ("pause", "resume", "cancel"):
            for date in ("2026-02-30", "tomorrow", 5, True, ""):
                response = self._change(order, change, 400, date=date)
                self.assertError(response, 400, "invalid_date", "date")
        self.assertEqual(order.fusion_state, "3_progress")
        self.assertFalse(order.fusion_end_date)

    def test_the_last_day_is_billed_when_a_subscription_is_cancelled(self):
        """Lesson 10: closing bills what is left."""
        self._charge(price_per_unit=2)
        order = self._own_subscription("sub-1")
        self._use(order, 3, "2026-01-09 23:00")
        self._change(order, "cancel", date=TODAY)
        self.assertEqual(order.invoice_ids.amount_untaxed, 6)
        self.assertEqual(order.fusion_end_date, fields.Date.today())
        self.assertEqual(
            order.fusion_end_date - timedelta(days=1), fields.Date.to_date("2026-01-09")
        )
