"""The guide for app developers tells the truth: its events are those of a real story."""

import json
import re
from datetime import date, datetime
from decimal import Decimal

from freezegun import freeze_time

from odoo.tools import file_open

from ...core.api.events import EVENT_TYPES, EVENTS
from ..api_description import event_differences
from ..core.guide_examples import masked
from ..webhook_case import WebhookCase

EXAMPLE = re.compile(r'^```json\n(\{"id": "evt_.*?)^```$', re.M | re.S)
# What is another one in each database.
VARYING = {
    "id",
    "partner_id",
    "subscription_id",
    "plan_id",
    "invoice_id",
    "number",
    "reconciliation_id",
    "method_id",
    "pay_url",
}


class TestWebhookGuide(WebhookCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.webhook_url = "https://hooks.example.com/billing"
        cls.partner.email = "billing@acme.example"
        cls.link.unlink()
        cls.plan.update({"invoice_mode": "draft", "collects": True})
        charge = cls._charge(included_quota=1000, price_per_unit="0.005")
        cls.env["fusion.billing.threshold"].create(
            {"charge_id": charge.id, "kind": "percent", "threshold_value": 80}
        )
        cls._dun_by_policy()
        cls.env.cr.flush()

    @classmethod
    def _dun_by_policy(cls):
        """Apps are told after 30 days, and after 45 the subscriptions are paused."""
        steps = [{"days": 30, "action": "tell"}, {"days": 45, "action": "pause"}]
        cls.company.fusion_dunning_policy_id = cls.env["fusion.billing.dunning.policy"].create(
            {"name": "Ours", "step_ids": [(0, 0, step) for step in steps]}
        )

    def _at(self, moment, act):
        with freeze_time(f"2026-{moment}"):
            result = act()
            self._commit()
        return result

    def _run_at(self, moment, cron):
        with freeze_time(f"2026-{moment}"):
            self._run_cron(cron)
            self.env.invalidate_all()

    def _live(self):
        """A customer of some months: every event, each as its first of that type."""
        self._at("01-05 09:00:00", lambda: self._link("cust-7"))
        self._at("01-05 09:00:01", self.service._send_test_event)
        subscription = self._at(
            "01-05 09:30:00",
            lambda: self._subscribe(
                "2026-01-05",
                [self.fee_product],
                fusion_service_id=self.service.id,
                fusion_external_id="sub-42",
            ),
        )
        self._at("01-05 10:00:00", self._bill)
        invoice = subscription.invoice_ids
        self._at("01-05 10:05:00", invoice.action_post)
        self._run_at("01-05 10:10:00", "ir_cron_collect")
        token = self._save_card()
        self._at("01-06 08:00:00", lambda: self._fail_to_charge(invoice))
        self._use(subscription, "812.5", "2026-01-20")
        self._at("01-21 11:00:00", self._rate)
        self._at("01-22 08:00:00", self._reconcile)
        token.fusion_expires_on = "2026-02-28"
        self._run_at("01-29 06:00:00", "ir_cron_tell_expiring")
        self._run_at("02-06 04:00:00", "ir_cron_tell_overdue")
        self._run_at("02-06 05:00:00", "ir_cron_dun")
        self._at(
            "02-07 14:20:00",
            lambda: (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=invoice.ids)
                .create({})
                ._create_payments()
            ),
        )
        self._run_at("02-07 14:21:00", "ir_cron_dun")
        self._at("02-07 15:00:00", self._bill)
        self._at("02-07 15:10:00", (subscription.invoice_ids - invoice)[0].button_cancel)
        self._at("02-10 08:00:00", lambda: subscription._fusion_pause(date(2026, 2, 10)))
        self._at("02-20 08:00:00", subscription._fusion_resume)
        self._at("02-25 08:00:00", lambda: subscription._fusion_close(date(2026, 2, 26)))

    def _run(self, name):
        self.env.flush_all()
        self._run_cron(name)
        self.env.invalidate_all()

    def _save_card(self):
        provider = self.env["payment.provider"].create({"name": "Cards", "state": "test"})
        return self.env["payment.token"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "partner_id": self.partner.id,
                "payment_details": "4242",
                "provider_ref": "card",
            }
        )

    def _fail_to_charge(self, invoice):
        """The card has no money; the provider of this test answers nothing, and notifies."""
        self._run("ir_cron_collect")
        invoice.fusion_attempt_ids.transaction_id._set_error("insufficient_funds")

    def _reconcile(self):
        """The app counted one call less."""
        total = {
            "subscription_external_id": "sub-42",
            "metric_code": "api_calls",
            "quantity": Decimal("811.5"),
            "amount": None,
            "currency_id": None,
        }
        terms = {
            "period_start": datetime(2026, 1, 5),
            "period_end": datetime(2026, 2, 5),
            "reference": None,
            "partial": False,
        }
        self.env["fusion.billing.reconciliation"]._take(
            self.company, self.service, terms, [(0, total)]
        )

    def _told_first(self):
        """The first event of each type."""
        events = [json.loads(delivery.body) for delivery in self._outbox().sorted("id", True)]
        return {event["type"]: event for event in events}

    def test_every_event_of_the_guide_is_one_that_really_happens(self):
        self._live()
        with file_open("fusion_billing/docs/webhooks.md") as guide:
            shown = [json.loads(text) for text in EXAMPLE.findall(guide.read())]
        told = self._told_first()
        self.assertEqual({event["type"] for event in shown}, set(EVENT_TYPES))
        self.assertEqual(set(told), set(EVENT_TYPES))
        for event in shown:
            with self.subTest(type=event["type"]):
                self.assertEqual(masked(event, VARYING), masked(told[event["type"]], VARYING))
                self.assertRegex(event["id"], r"^evt_[0-9A-HJKMNP-TV-Z]{26}$")
        self.assertDeclared(told)

    def assertDeclared(self, told):
        """Each event is as it is declared, and has no field besides."""
        self.assertEqual(set(told), {event.type for event in EVENTS})
        for event_type, event in told.items():
            with self.subTest(type=event_type):
                self.assertEqual(list(event_differences(event)), [])
                self.assertTrue(list(event_differences({**event, "more": 1})))
                self.assertTrue(list(event_differences({**event, "data": {}})))

    def test_every_field_is_explained(self):
        self._live()
        with file_open("fusion_billing/docs/webhooks.md") as guide:
            text = guide.read().partition("## The events")[2]
        for event in self._told_first().values():
            section = next(
                part
                for part in text.split("\n### ")
                if f"`{event['type']}`" in part.splitlines()[0]
            )
            for name in event["data"]:
                with self.subTest(type=event["type"], field=name):
                    self.assertIn(f"`{name}`", section)
