from datetime import date

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ..api_case import ApiCase

LONG_AGO, SINCE = "2020-01-01", "2025-01-01T00:00:00Z"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 12:00:00")
class TestApiFilters(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.business = cls._plan("business")
        cls.subscription = cls._own_subscription("sub-42")
        cls.hooli = cls.env["res.partner"].create({"name": "Hooli", "email": "Ada@Hooli.example"})
        cls._link("hooli", cls.hooli)
        cls.theirs = cls._own_subscription("sub-43", partner_id=cls.hooli.id, plan=cls.business)

    def _subscriptions(self, query):
        answer = self.assertOk(self.get(f"/subscriptions?{query}"))
        return [one["external_id"] for one in answer["subscriptions"]]

    def _customers(self, query):
        answer = self.assertOk(self.get(f"/customers?{query}"))
        return [one["external_id"] for one in answer["customers"]]

    # === BY WHAT THEY ARE === #

    def test_subscriptions_are_filtered_by_what_they_are(self):
        self.subscription._fusion_pause(date(2026, 1, 11))
        for query, found in (
            ("external_id=sub-42", ["sub-42"]),
            ("external_id=nobody", []),
            ("state=4_paused", ["sub-42"]),
            ("state=3_progress", ["sub-43"]),
            ("state=6_churn", []),
            ("plan_code=business", ["sub-43"]),
            ("external_customer_id=hooli", ["sub-43"]),
            ("external_customer_id=acme&state=4_paused", ["sub-42"]),
            ("external_customer_id=acme&plan_code=business", []),
        ):
            with self.subTest(query=query):
                self.assertEqual(self._subscriptions(query), found)

    def test_a_plan_that_is_not_sold_any_more_is_a_filter_still(self):
        self.business.active = False
        self.assertEqual(self._subscriptions("plan_code=business"), ["sub-43"])

    def test_an_id_that_another_service_gave_finds_nothing(self):
        """U1."""
        other = self._service("nexadesk")
        self._subscribe(fusion_service_id=other.id, fusion_external_id="theirs")
        self.assertEqual(self._subscriptions("external_id=theirs"), [])

    def test_a_filter_that_names_what_is_not_there_is_refused(self):
        for query, code, field in (
            ("plan_code=gold", "unknown_plan", "plan_code"),
            ("external_customer_id=nobody", "unknown_customer", "external_customer_id"),
            ("state=1_draft", "invalid_state", "state"),
            ("changed_since=today", "invalid_changed_since", "changed_since"),
        ):
            with self.subTest(query=query):
                self.assertError(self.get(f"/subscriptions?{query}"), 400, code, field)

    def test_customers_are_found_by_their_address(self):
        self.assertEqual(self._customers("email=ada@hooli.example"), ["hooli"])
        self.assertEqual(self._customers("email=ada"), [])

    def test_filtered_lists_come_in_pages_too(self):
        self._own_subscription("sub-44", plan=self.business)
        first = self.assertOk(self.get("/subscriptions?plan_code=business&limit=1"))
        query = f"plan_code=business&limit=1&cursor={first['next_cursor']}"
        self.assertEqual(self._subscriptions(query), ["sub-44"])

    # === BY WHEN THEY WERE CHANGED === #

    def _forget(self):
        """Let everything be as it was long ago."""
        self.env.flush_all()
        for table in ("sale_order", "res_partner", "fusion_billing_account_link"):
            self.cr.execute(SQL("UPDATE %s SET write_date = %s", SQL.identifier(table), LONG_AGO))
        self.env.invalidate_all()

    def _changed(self):
        query = f"changed_since={SINCE}"
        return self._subscriptions(query), self._customers(query)

    def assertChanges(self, *steps):
        """Each step changes the subscription and its customer, and nothing of anybody else."""
        for step in steps:
            with self.subTest(step=step.__name__):
                self._forget()
                self.assertEqual(self._changed(), ([], []))
                before = self.assertOk(self.get("/customers/acme"))
                step()
                self.assertNotEqual(self.assertOk(self.get("/customers/acme")), before)
                self.assertEqual(self._changed(), (["sub-42"], ["acme"]))

    def test_every_change_of_a_subscription_is_one_of_its_customer(self):
        order = self.subscription

        def plan_a_change():
            order._fusion_change_plan(self.business, date(2026, 3, 1))

        def move_it():
            order._fusion_take_back(order._fusion_planned_changes(), "plan")
            order._fusion_change_plan(self.business, date(2026, 3, 10))

        def take_it_back():
            order._fusion_keep_plan()

        def change_the_plan():
            order._fusion_change_plan(self.business)

        def plan_an_end():
            order._fusion_close(date(2026, 5, 1))

        def keep_it_open():
            order._fusion_keep_open()

        def pause():
            order._fusion_pause(date(2026, 1, 11))

        def resume():
            order._fusion_resume(date(2026, 1, 20))
            with freeze_time("2026-01-20 12:00:00"):
                order._fusion_follow_calendar(self.company)

        def close():
            order._fusion_close(date(2026, 1, 12))
            with freeze_time("2026-01-12 12:00:00"):
                order._fusion_follow_calendar(self.company)

        self.assertChanges(
            plan_a_change, move_it, take_it_back, change_the_plan, plan_an_end, keep_it_open
        )
        self.assertChanges(pause, resume, close)

    def test_a_period_that_is_billed_is_a_change(self):
        def bill():
            with freeze_time("2026-02-01 01:00:00"):
                self.subscription._fusion_bill_until(date(2026, 2, 1))

        self.assertChanges(bill)

    def test_what_comes_by_itself_is_a_change_on_its_day(self):
        self.subscription._fusion_change_plan(self.business, date(2026, 1, 20))

        def take_over():
            with freeze_time("2026-01-20 12:00:00"):
                self.subscription._fusion_follow_calendar(self.company)

        self.assertChanges(take_over)

    def test_details_of_a_customer_are_a_change_of_theirs(self):
        self._forget()
        self.partner.city = "Ottawa"
        self.assertEqual(self._changed(), ([], ["acme"]))
        self._forget()
        self.send("PATCH", "/customers/acme", {"email": "a@example.com"})
        self.assertEqual(self._changed()[1], ["acme"])

    def test_another_name_in_the_app_is_a_change_of_both(self):
        self._forget()
        self.link.external_id = "acme-2"
        self.assertEqual(self._changed(), (["sub-42"], ["acme-2"]))

    def test_a_subscription_of_a_contact_is_a_change_of_the_company(self):
        self.partner.is_company = True
        contact = self.env["res.partner"].create({"name": "Ada", "parent_id": self.partner.id})
        self._own_subscription("of-ada", partner_id=contact.id)._fusion_pause()
        self._forget()
        self.env["sale.order"].search([("fusion_external_id", "=", "of-ada")])._fusion_resume()
        self.assertEqual(self._changed(), (["of-ada"], ["acme"]))

    def test_what_was_changed_at_the_time_itself_is_listed(self):
        self._forget()
        self.assertEqual(
            self._subscriptions("changed_since=2020-01-01T00:00:00Z"), ["sub-42", "sub-43"]
        )
