"""A customer is told once in each billing period when usage comes to what they said."""

import json
from decimal import Decimal

from lxml import html

from odoo import http
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..base.test_constraints import ConstraintCase
from ..portal_case import PortalCase


@tagged("post_install", "-at_install")
class TestPortalAlerts(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-01-15"))
        cls.service._generate_webhook_secret()
        cls.service.webhook_url = "https://maps.example.com/hook"
        cls._link("acme")

    def _save(self, budget="", *alerts, token=None, path=None):
        data = {"budget": budget, "alert": alerts, "csrf_token": token or self._token()}
        path = path or self._path("/alerts")
        response = self.url_open(path, data=data, allow_redirects=False)
        self.env.invalidate_all()
        return response

    def _token(self):
        return http.Request.csrf_token(self)

    def _set(self):
        return self.subscription._fusion_budget(), self.subscription._fusion_alerts()

    def _mails(self):
        """What the customer's people were sent, the oldest first."""
        return self.env["mail.mail"].search(
            [("mail_message_id.res_id", "=", self.subscription.id), ("recipient_ids", "!=", False)],
            order="id",
        )

    def _events(self):
        events = self.env["fusion.billing.webhook.delivery"].search(
            [("event_type", "=", "usage.threshold_reached")], order="id"
        )
        return [json.loads(event.body)["data"] for event in events]

    # === SETTING === #

    def test_a_customer_sets_a_budget_and_alerts_and_takes_them_back(self):
        self._log_in(self.customer)
        response = self._save("100.50", "30", "80", "")
        self.assertIn("alerts=saved", response.headers["Location"])
        self.assertEqual(self._set(), (Decimal("100.5"), [30, 80]))
        kept = self.subscription.fusion_threshold_ids
        self._save("100.50", "80", "30")  # done twice
        self.assertEqual(self.subscription.fusion_threshold_ids, kept)
        page = self._open()
        self.assertIn("$0.00 of your budget of $100.50 is used", self._text(page))
        self.assertEqual(page.xpath("//input[@name='alert']/@value"), ["30", "80", ""])
        self._save("", "80")
        self.assertEqual(self._set(), (None, [80]))
        self._save()
        self.assertEqual(self._set(), (None, []))

    def test_what_is_no_amount_above_zero_changes_nothing(self):
        self._log_in(self.customer)
        self._save("50")
        wrong = ("0", "-1", "x", "1e3", "NaN", "9" * 19, "0.0000001", "1,5", "\x00")
        for number, text in enumerate(wrong):
            arguments = ("50", text) if number % 2 else (text,)
            with self.subTest(arguments):
                response = self._save(*arguments)
                self.assertIn("alerts=invalid", response.headers["Location"])
                self.assertEqual(self._set(), (Decimal(50), []))
        self.assertIn("alerts=invalid", self._save("", *"123456").headers["Location"])
        self._save("999999999999999999")
        self.assertEqual(self._set(), (Decimal("999999999999999999"), []))

    def test_staff_s_own_thresholds_are_neither_shown_nor_touched(self):
        staff = self.subscription.fusion_threshold_ids.create(
            {"subscription_id": self.subscription.id, "kind": "amount", "threshold_value": 777}
        )
        self._log_in(self.customer)
        self._save("50", "60")
        self._save()
        self.assertEqual(self.subscription.fusion_threshold_ids, staff)
        self.assertNotIn("777", self._open().xpath("string(//main)"))

    # === BEING TOLD === #

    def test_who_set_it_is_told_once_in_each_billing_period_and_so_are_apps(self):
        self._log_in(self.customer)
        self._save("100", "30")
        usage = self._use(self.subscription, 110)
        self._rate()
        self.assertFalse(self._mails())  # 10 × 2
        usage.quantity = 120
        self._rate()
        usage.quantity = 130
        self._rate()
        [mail] = self._mails()
        self.assertEqual(mail.recipient_ids, self.customer.partner_id)
        self.assertEqual(mail.subject, f"{self.subscription.name}: usage has come to $30.00")
        usage.quantity = 170
        self._rate()
        mails = self._mails()
        self.assertEqual(len(mails), 2)
        self.assertIn("your budget of $100.00 is used up", mails[1].subject)
        body = " ".join(html.fromstring(mails[1].body_html).text_content().split())
        self.assertIn("Usage so far, before tax and without recurring fees: $140.00", body)
        self.assertEqual(
            [event["threshold"] for event in self._events()],
            [
                {"kind": "amount", "value": value, "set_by": "customer", "is_budget": is_budget}
                for value, is_budget in (("30", False), ("100", True))
            ],
        )
        self._use(self.subscription, 120, "2026-02-03")
        with freeze_time("2026-02-05"):
            self._bill()
            self._rate()
        self.assertEqual(len(self._mails()), 3)

    def test_what_is_reached_already_is_told_too_and_not_again_when_saved_again(self):
        self._use(self.subscription, 150)
        self._rate()
        self._log_in(self.customer)
        self._save("60")
        self._rate()
        self._save("60")
        self._rate()
        self.assertEqual(len(self._mails()), 1)

    def test_who_is_told_reads_their_own_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.subscription._fusion_set_alerts(self.customer.partner_id, None, {Decimal("1000.5")})
        self._use(self.subscription, 700)
        self._rate()
        self.assertIn("1\u202f000,50\xa0$US", self._mails().subject)

    def test_an_amount_that_nobody_keeps_is_told_to_nobody(self):
        self.subscription._fusion_set_alerts(self.customer.partner_id, Decimal(10), set())
        self._use(self.subscription, 150)
        with self.env.cr.savepoint() as savepoint:
            self._rate()
            self.assertTrue(self._mails())
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertFalse(self._mails())

    def test_an_e_mail_that_cannot_be_made_keeps_nobody_from_being_rated_and_a_person_is_asked(
        self,
    ):
        self.env.ref("fusion_billing.alert_mail").arch = "<t><t t-out='1 / 0'/></t>"
        self.subscription._fusion_set_alerts(self.customer.partner_id, None, {Decimal(10)})
        self._use(self.subscription, 150)
        with mute_logger("odoo.addons.fusion_billing.models.portal.rating"):
            self._rate()
        self.assertFalse(self.subscription.fusion_error)
        self.assertEqual(sum(self.subscription.fusion_rating_ids.mapped("amount")), 49 + 100)
        self.assertNotIn(self.customer.partner_id, self._mails().recipient_ids)
        self.assertEqual(len(self._events()), 1)
        [activity] = self.subscription.activity_search(["mail.mail_activity_data_warning"])
        self.assertIn("not be told by e-mail that usage has come to $10.00", activity.note)
        self._rate()
        self.assertEqual(len(self._events()), 1)

    # === WALLS === #

    def test_nobody_else_sets_anything_with_a_token_either(self):
        token = self.subscription._portal_ensure_token()
        for user in (self.stranger, self.clerk, None):
            self._log_in(user)
            for suffix in ("", f"?access_token={token}"):
                with self.subTest(user=user and user.login, suffix=suffix):
                    response = self._save("50", "60", path=self._path("/alerts") + suffix)
                    self.assertIn(response.status_code, (303, 302, 400))
                    self.assertEqual(self._set(), (None, []))

    def test_a_form_of_another_site_and_a_link_set_nothing(self):
        self._log_in(self.customer)
        with mute_logger("odoo.http"):
            self.assertEqual(self._save("50", token="x").status_code, 400)
        response = self.url_open(self._path("/alerts?budget=50"), allow_redirects=False)
        self.assertIn(response.status_code, (404, 405))
        self.assertEqual(self._set(), (None, []))

    def test_nothing_is_set_on_a_subscription_that_has_ended_or_on_none(self):
        self._log_in(self.customer)
        quotation = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        self._save("50", path=self._path("/alerts", quotation))
        self.assertFalse(quotation.fusion_threshold_ids)
        self.subscription._fusion_close()
        with freeze_time("2026-02-15"):
            self._save("50")
        self.assertEqual(self._set(), (None, []))


@tagged("post_install", "-at_install")
class TestPortalAlertRules(ConstraintCase):
    def _threshold(self, value, **vals):
        return self.env["fusion.billing.threshold"].create(
            {"kind": "amount", "threshold_value": value, **vals}
        )

    def test_a_budget_is_one_amount_of_a_subscription_of_which_somebody_is_told(self):
        subject = {"subscription_id": self._subscribe().id, "is_budget": True}
        told = {"told_partner_id": self.partner.id}
        self._threshold(50, **subject, **told)
        self.assertRefused(
            "fusion_billing_threshold_one_budget",
            "one budget at most",
            lambda: self._threshold(60, **subject, **told),
        )
        self.assertRefused(
            "fusion_billing_threshold_budget_is_told",
            "must say who is told",
            lambda: self._threshold(60, **subject),
        )

    def test_a_customer_is_told_of_amounts_of_a_subscription_alone(self):
        order, charge = self._subscribe(), self._charge()
        told = {"told_partner_id": self.partner.id}
        for vals in ({"charge_id": charge.id}, {"subscription_id": order.id, "kind": "percent"}):
            self.assertRefused(
                "fusion_billing_threshold_told_of_amounts",
                "told of an amount of a subscription",
                lambda vals=vals: self._threshold(60, **told, **vals),
            )
