from urllib.parse import quote

from odoo.tests import freeze_time, tagged

from ...core.api.collected import DUNNING_ACTIONS
from ...models.dunning.step import ACTIONS
from ..api_case import ApiCase
from ..dunning_case import CASE, DunningCase


class ApiCollectionCase(DunningCase, ApiCase):
    """An app whose customer is billed 49 on 1 January, and does not pay."""

    def _invoice(self, **vals):
        return super()._invoice(**{"fusion_service_id": self.service.id, **vals})

    def _dun(self, late):
        with freeze_time(self._day(late)):
            self.env[CASE]._cron_dun()
        self.env.flush_all()

    def _collection(self, late=5, name="acme", **kwargs):
        """What the app is told so many days after the due date."""
        self.env.flush_all()
        with freeze_time(self._day(late)):
            return self.get(f"/customers/{quote(name, safe='')}/collection", **kwargs)

    def _told(self, late=5, **kwargs):
        return self.assertOk(self._collection(late, **kwargs))


@tagged("post_install", "-at_install")
class TestApiCollection(ApiCollectionCase):
    """What an app shows its customer about what is charged and what is overdue."""

    # === HOW IT PAYS === #

    def test_one_who_owes_nothing_is_told_how_it_pays(self):
        self.assertEqual(
            self._told(),
            {
                "external_customer_id": "acme",
                "collects": False,
                "payment_method": {"name": self.token.display_name, "expires_on": None},
                "exempt": False,
                "promised_until": None,
                "overdue": [],
            },
        )

    def test_whether_it_is_charged_is_what_plans_and_staff_say(self):
        self._invoice()
        for collects, choice, told in (
            (True, "never", False),
            (True, False, True),
            (False, "always", True),
            (False, False, False),
        ):
            self.plan.collects, self.partner.fusion_collects = collects, choice
            with self.subTest(plan=collects, customer=choice):
                self.assertEqual(self._told()["collects"], told)

    def test_it_is_not_charged_where_one_of_its_plans_is_not(self):
        self._invoice()
        self.plan.collects = True
        other = self._plan("by-hand")
        self._subscribe("2026-01-01", plan=other)
        self.assertFalse(self._told()["collects"])

    def test_the_payment_method_is_the_one_that_is_charged(self):
        self._invoice()
        self.assertEqual(self._told()["payment_method"]["name"], self.token.display_name)
        self.token.active = False
        self.assertIsNone(self._told()["payment_method"])

    def test_a_promise_and_an_exemption_are_told(self):
        partner = self.partner.with_company(self.company)
        partner.fusion_promised_until = self._day(5)
        partner.fusion_dunning_exempt = True
        told = self._told(5)
        self.assertEqual((told["promised_until"], told["exempt"]), (str(self._day(5)), True))
        self.assertIsNone(self._told(6)["promised_until"])

    # === WHAT IS OVERDUE === #

    def test_what_is_overdue_is_told_with_what_was_done_and_what_comes_next(self):
        invoice = self._invoice()
        self._add_step(3, "mail")
        self._add_step(7, "pause")
        self._dun(3)
        self.assertEqual(
            self._told(5)["overdue"],
            [
                {
                    "currency": "USD",
                    "amount": "49.00",
                    "since": "2026-01-01",
                    "invoices": [
                        {
                            "invoice_id": invoice.id,
                            "number": invoice.name,
                            "due_date": "2026-01-01",
                            "amount_residual": "49.00",
                        }
                    ],
                    "opened_on": "2026-01-04",
                    "last_step": {"action": "mail", "taken_on": "2026-01-04"},
                    "next_step": {"action": "pause", "on": "2026-01-08"},
                    "paused_subscription_ids": [],
                    "pay_url": self.case.get_base_url() + self.case.get_portal_url(),
                }
            ],
        )

    def test_it_is_what_the_invoices_say(self):
        invoice = self._invoice()
        self._dun(1)
        self._pay_by_hand(invoice, 9)
        [overdue] = self._told()["overdue"]
        shown = self.assertOk(self.get(f"/invoices/{invoice.id}"))
        [late] = overdue["invoices"]
        self.assertEqual(late, {name: shown[name] for name in late})
        self.assertEqual(overdue["amount"], "40.00")

    def test_the_link_shows_the_customer_all_that_is_overdue(self):
        self._invoice()
        self._dun(1)
        [overdue] = self._told()["overdue"]
        path = overdue["pay_url"].removeprefix(self.case.get_base_url())
        page = self.url_open(path, allow_redirects=False)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.case.invoice_ids.name, page.text)

    def test_a_step_that_failed_was_not_taken(self):
        self._invoice()
        self.partner.email = False
        self._add_step(1, "mail")
        self._add_step(2, "tell")
        self._dun(1)
        [overdue] = self._told()["overdue"]
        self.assertEqual(overdue["last_step"], None)
        self.assertEqual(overdue["next_step"]["action"], "tell")

    def test_a_step_that_is_late_comes_today(self):
        self._invoice()
        self._add_step(1)
        self._add_step(2)
        self._dun(1)
        [overdue] = self._told(9)["overdue"]
        self.assertEqual(overdue["next_step"]["on"], str(self._day(9)))

    def test_what_is_paused_for_it_is_named(self):
        order = self._invoice()._fusion_subscription()
        self._subscribe("2026-01-01")._fusion_pause(self._day(2))
        self._add_step(3, "pause")
        self._dun(3)
        [overdue] = self._told(4)["overdue"]
        self.assertEqual(overdue["paused_subscription_ids"], order.ids)

    def test_what_nobody_does_anything_about_is_overdue_all_the_same(self):
        self._invoice()
        self.partner.with_company(self.company).fusion_dunning_exempt = True
        self._dun(3)
        [overdue] = self._told()["overdue"]
        self.assertEqual(overdue["amount"], "49.00")
        for name in ("opened_on", "last_step", "next_step", "pay_url"):
            self.assertIsNone(overdue[name])

    def test_nothing_is_overdue_once_it_is_paid_or_disputed(self):
        invoice = self._invoice()
        self._dun(1)
        invoice.action_fusion_dispute()
        self.assertEqual(self._told()["overdue"], [])
        invoice.action_fusion_settle_dispute()
        self.assertTrue(self._told()["overdue"])
        self._pay_by_hand(invoice)
        self.assertEqual(self._told()["overdue"], [])

    def test_each_currency_stands_by_itself(self):
        self._invoice()
        self._foreign("CHF", {"2026-01-01": 0.5})
        pricelist = self.env["product.pricelist"].create(
            {"name": "CHF", "currency_id": self.env.ref("base.CHF").id}
        )
        self._invoice(pricelist_id=pricelist.id)
        self._dun(1)
        told = {one["currency"]: one for one in self._told()["overdue"]}
        self.assertEqual(set(told), {"USD", "CHF"})
        self.assertNotEqual(told["USD"]["pay_url"], told["CHF"]["pay_url"])
        self.assertEqual(self.env[CASE].search_count([("partner_id", "=", self.partner.id)]), 2)

    def test_reading_writes_nothing(self):
        """It runs on a replica."""
        self._invoice()
        self._add_step(1)
        self._dun(1)
        self._told()
        self.env.cr.execute("SET TRANSACTION READ ONLY")
        api = self.env["fusion.billing.api.collection"]
        self.assertTrue(api._read(self.service, "acme", {})["overdue"])

    def test_actions_are_those_of_steps(self):
        self.assertEqual(DUNNING_ACTIONS, tuple(action for action, _label in ACTIONS))


@tagged("post_install", "-at_install")
class TestApiCollectionWalls(ApiCollectionCase):
    """U1: an app is told of what bills the subscriptions that it may see, and of nothing else."""

    def test_a_customer_of_nobody_or_of_another_service_is_not_found(self):
        self._link("other", service=self._service("nexadesk"))
        for name in ("other", "nobody"):
            self.assertError(self._collection(name=name), 404, "not_found")

    def test_a_name_with_a_slash_is_a_name(self):
        self._link("org/7", partner=self.env["res.partner"].create({"name": "Org"}))
        self.assertEqual(self._told(name="org/7")["external_customer_id"], "org/7")

    def test_a_name_that_ends_as_the_path_does_is_the_path(self):
        self._link("acme/collection", partner=self.env["res.partner"].create({"name": "Odd"}))
        answer = self.assertOk(self.get("/customers/acme/collection"))
        self.assertEqual(answer["external_customer_id"], "acme")
        again = self._collection(name="acme/collection")
        self.assertError(again, 404, "not_found")

    def test_a_contact_of_the_customer_is_the_customer_under_its_own_name(self):
        self._invoice()
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.partner.id})
        self._link("ann", partner=contact)
        told = self._told(name="ann")
        self.assertEqual(told["external_customer_id"], "ann")
        self.assertTrue(told["overdue"])

    def test_an_app_that_sees_its_own_alone_is_not_told_of_what_others_bill(self):
        self.service.sees_own_only = True
        mine = self._invoice()
        other = self._service("nexadesk")
        theirs = self._invoice(fusion_service_id=other.id)
        self._add_step(1, "pause")
        self._dun(1)
        [overdue] = self._told()["overdue"]
        self.assertEqual([one["invoice_id"] for one in overdue["invoices"]], mine.ids)
        self.assertEqual(overdue["amount"], "49.00")
        self.assertEqual(overdue["paused_subscription_ids"], mine._fusion_subscription().ids)
        # The page shows the other's, too: only to who logs in as the customer.
        self.assertTrue(overdue["pay_url"].endswith(f"/my/overdue/{self.case.id}"))
        self._pay_by_hand(mine)
        self.assertEqual(self._told()["overdue"], [])
        self._pay_by_hand(theirs)

    def test_another_company_s_invoices_are_not_told(self):
        self._invoice()
        abroad = self.env["res.company"].create({"name": "Abroad"})
        service = self._service("abroad", company_id=abroad.id)
        self._link("acme", service=service)
        told = self._told(key=service._generate_api_key())
        self.assertEqual((told["overdue"], told["payment_method"]), ([], None))


@tagged("post_install", "-at_install")
class TestApiUnpaidPause(ApiCollectionCase):
    """A pause for non-payment is one that the app can tell from others, and not end."""

    def setUp(self):
        super().setUp()
        invoice = self._invoice(fusion_external_id="sub-42")
        self.order = invoice._fusion_subscription()
        self.path = f"/subscriptions/{self.order.id}"

    def _pause(self, takes_usage=False):
        self._add_step(3, "pause", takes_usage=takes_usage)
        self._dun(3)

    def _at(self, late, send):
        self.env.flush_all()
        with freeze_time(self._day(late)):
            return send()

    def _paused_for(self, late):
        told = self.assertOk(self._at(late, lambda: self.get(self.path)))
        return told["subscription_state"], told["paused_for"]

    def _push_at(self, late):
        """Push a counter of noon on the day that is so many days after the due date."""
        day = self._day(late)
        span = {"period_start": f"{day}T12:00:00Z", "period_end": f"{day}T13:00:00Z"}
        return self._at(late + 1, lambda: self.push(self._event(**span)))

    def test_it_says_what_it_is_for(self):
        self.assertEqual(self._paused_for(3), ("3_progress", None))
        self._pause()
        for late in (3, 4, 30):
            self.assertEqual(self._paused_for(late), ("4_paused", "non_payment"))

    def test_a_pause_that_somebody_wanted_says_nothing_until_it_is_over(self):
        with freeze_time(self._day(1)):
            self.order._fusion_pause(self._day(2), self._day(8))
        self._pause()
        self.assertEqual(self._paused_for(4), ("4_paused", None))
        self.assertEqual(self._paused_for(9), ("4_paused", "non_payment"))

    def test_an_app_cannot_end_it(self):
        self._pause()
        for body in ({}, {"date": str(self._day(6))}, {"date": str(self._day(90))}):
            with self.subTest(body):
                response = self._at(5, lambda body=body: self.post(f"{self.path}/resume", body))
                answer = self.assertError(response, 400, "invalid_state")
                self.assertIn("paused for non-payment", answer["error"])
        self.assertEqual(self._paused_for(6), ("4_paused", "non_payment"))

    def test_an_app_cannot_end_it_on_the_day_before_it_begins(self):
        self._pause()
        response = self._at(3, lambda: self.post(f"{self.path}/resume"))
        self.assertError(response, 400, "invalid_state")
        self.assertEqual(self._paused_for(4), ("4_paused", "non_payment"))

    def test_an_app_cannot_take_it_back_either(self):
        self._pause()
        changes = self._at(3, lambda: self.get(f"{self.path}/changes"))
        self.assertEqual(self.assertOk(changes)["changes"], [])
        phase = self.order.fusion_phase_ids.sorted("date_from")[-1:]
        path = f"{self.path}/changes/state-{phase.id}"
        self.assertError(self._at(3, lambda: self.send("DELETE", path, {})), 404, "not_found")
        self.assertEqual(self._paused_for(4), ("4_paused", "non_payment"))

    def test_a_pause_of_the_app_does_not_cover_it(self):
        self._pause()
        self._at(3, lambda: self.post(f"{self.path}/pause", {"date": str(self._day(2))}))
        self.assertOk(self._at(3, lambda: self.post(f"{self.path}/resume", {})))
        self.assertEqual(self._paused_for(4), ("4_paused", "non_payment"))

    def test_it_is_over_for_the_app_once_it_is_paid(self):
        self._pause()
        self._pay_by_hand(self.order.invoice_ids)
        self._dun(5)
        self.assertEqual(self._paused_for(5), ("3_progress", None))

    def test_usage_is_refused_in_it(self):
        self._pause()
        self.assertOk(self._push_at(3))
        answer = self.assertError(self._push_at(4), 400, "period_outside_subscription")
        [error] = answer["errors"]
        self.assertEqual(
            (error["code"], error["field"]), ("period_outside_subscription", "period_start")
        )
        self.assertIn("is paused", error["error"])

    def test_usage_is_taken_in_it_where_the_step_says_so(self):
        self._pause(takes_usage=True)
        for late in (3, 4, 20):
            self.assertOk(self._push_at(late))
