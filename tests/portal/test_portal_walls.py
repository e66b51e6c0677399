"""Nobody sees a subscription that is not theirs, whichever way they ask."""

from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged

from ..portal_case import PATH, PortalCase

LOOK = ("", "/usage.csv")


@tagged("post_install", "-at_install")
class TestPortalWalls(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-01-15"))

    def test_people_of_the_customer_look_and_others_do_not(self):
        for user, may in (
            (self.customer, True),
            (self.colleague, True),
            (self.stranger, False),
            (None, False),
        ):
            self._log_in(user)
            for suffix in LOOK:
                with self.subTest(user=user and user.login, suffix=suffix):
                    if may:
                        response = self.url_open(self._path(suffix), allow_redirects=False)
                        self.assertEqual(response.status_code, 200)
                    else:
                        self.assertKeptOut(self._path(suffix))

    def test_a_token_opens_its_own_subscription_alone(self):
        token = self.subscription._portal_ensure_token()
        other = self._subscribe()
        theirs = other._portal_ensure_token()
        for user in (None, self.stranger):
            self._log_in(user)
            for suffix in LOOK:
                with self.subTest(user=user and user.login, suffix=suffix):
                    path = self._path(suffix)
                    right = self.url_open(f"{path}?access_token={token}", allow_redirects=False)
                    self.assertEqual(right.status_code, 200)
                    self.assertKeptOut(f"{path}?access_token={theirs}")
            for wrong in ("", token[:-1], "%C3%A9", "%00", "x" * 5000):
                self.assertKeptOut(self._path(f"?access_token={wrong}"))

    def test_a_file_in_the_place_of_a_token_opens_nothing(self):
        for user in (None, self.stranger):
            self._log_in(user)
            for suffix in LOOK:
                response = self.url_open(
                    self._path(suffix),
                    files={"access_token": ("file", b"x")},
                    method="GET",
                    allow_redirects=False,
                )
                self.assertEqual(response.status_code, 303)

    def test_a_list_has_one_s_own_subscriptions_alone(self):
        theirs = self._subscribe(partner_id=self.stranger.partner_id.id)
        quotation = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        self._log_in(self.customer)
        text = self._text(self._open(PATH))
        self.assertIn(self.subscription.name, text)
        for order in (theirs, quotation):
            self.assertNotIn(order.name, text)
        for number in ("-1", "999999999999999999999999"):
            with self.subTest(page=number):
                self._open(f"{PATH}/page/{number}")
        self._open(f"{PATH}?page=%C2%B2")  # a digit that is no number
        self._log_in(None)
        self.assertKeptOut(PATH, to="/web/login")

    def test_a_subscription_of_another_company_is_not_seen_but_by_its_token(self):
        other = self.env["res.company"].create({"name": "Other Ltd"})
        user = new_test_user(
            self.env,
            "portal_elsewhere",
            groups="base.group_portal",
            partner_id=self.env["res.partner"]
            .create({"name": "Elsewhere", "parent_id": self.partner.id})
            .id,
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self._log_in(user)
        self.assertNotIn(self.subscription.name, self._text(self._open(PATH)))
        for suffix in LOOK:
            self.assertKeptOut(self._path(suffix))

    def test_ids_that_are_none_and_orders_that_are_no_subscriptions_are_nowhere(self):
        self._log_in(self.customer)
        for number in ("0", "-1", "2147483647", "2147483648", "9" * 30, "1.5", "x"):
            with self.subTest(id=number):
                self.assertKeptOut(f"{PATH}/{number}")
        plain = self.env["sale.order"].create({"partner_id": self.partner.id})
        for order in (plain, self._quotation()):
            self.assertKeptOut(self._path(subscription=order), to=order.access_url)
            self.assertKeptOut(self._path("/usage.csv", order))

    def test_a_day_that_is_none_shows_the_open_period(self):
        self._log_in(self.customer)
        expected = self._text(self._open(), "//section[@id='usage']/h2")
        for day in ("2026-13-01", "9999-12-31", "%00"):
            with self.subTest(day=day):
                page = self._open(self._path(f"?period={day}"))
                self.assertEqual(self._text(page, "//section[@id='usage']/h2"), expected)

    def test_staff_notes_and_other_customers_are_on_no_page(self):
        note = "A bad payer"
        self.subscription.message_post(body=note)
        self.subscription.sudo().fusion_service_id = self._service("secret-service")
        self._log_in(self.customer)
        text = self.url_open(self._path()).text
        for secret in (note, "secret-service"):
            self.assertNotIn(secret, text)

    def test_the_home_page_counts_what_the_list_has(self):
        for user, count in ((self.customer, 1), (self.stranger, 0)):
            self._log_in(user)
            counters = {"counters": ["fusion_subscription_count"]}
            answer = self.make_jsonrpc_request("/my/counters", counters)
            self.assertEqual(answer["fusion_subscription_count"], count)

    @classmethod
    def _quotation(cls):
        return cls.env["sale.order"].create(
            {"partner_id": cls.partner.id, "fusion_plan_id": cls.plan.id}
        )
