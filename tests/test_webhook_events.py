import json
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .webhook_case import WebhookCase

NOW = "2026-01-15 12:00:00"


class WebhookEventsCase(WebhookCase):
    """An endpoint that is set, so that events are kept, and nothing is sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.webhook_url = "https://hooks.example.com/billing"
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)

    def setUp(self):
        super().setUp()
        self._begin()

    def _begin(self):
        """Forget what was told so far."""
        self.before = self._outbox()

    def _new(self):
        """The events since then."""
        return self._outbox() - self.before

    def assertTold(self, *event_types):
        """These are the events since then, in this order; return the last one's data."""
        told = self._new().sorted("id")
        self.assertEqual(told.mapped("event_type"), list(event_types))
        self._begin()
        return self._data(told[-1]) if told else None


class TestSubscriptionEvents(WebhookEventsCase):
    """Apps are told what happened to a subscription: once, and only if it did."""

    def setUp(self):
        super().setUp()
        self.subscription = self._subscribe("2026-01-01", [self.fee_product])
        self._commit()

    def test_a_confirmed_subscription_is_created(self):
        data = self.assertTold("subscription.created")
        self.assertEqual(data["subscription_id"], self.subscription.id)
        self.assertEqual(data["subscription_state"], "3_progress")
        self.assertEqual(data["external_customer_id"], "acme")
        self.assertEqual(data["plan_code"], "pro")
        self.assertEqual(data["start_date"], "2026-01-01")
        self.assertEqual(data["next_invoice_date"], "2026-02-01")

    def test_a_pause_and_its_end_are_told(self):
        self._begin()
        self.subscription._fusion_pause()
        self.assertEqual(self.assertTold("subscription.paused")["subscription_state"], "4_paused")
        self.subscription._fusion_resume()
        self.assertEqual(
            self.assertTold("subscription.resumed")["subscription_state"], "3_progress",
        )

    def test_a_close_is_told_when_it_happens_and_announced_when_it_is_planned(self):
        self._begin()
        self.subscription._fusion_close(date(2026, 1, 25))
        data = self.assertTold("subscription.updated")
        self.assertEqual(data["end_date"], "2026-01-25")
        self.subscription._fusion_close(date(2026, 1, 16))
        self.assertIn("subscription.cancelled", self._new().mapped("event_type"))

    def test_a_plan_change_is_an_update(self):
        business = self._plan("business")
        self._begin()
        self.subscription._fusion_change_plan(business, date(2026, 1, 15))
        types = self._new().mapped("event_type")
        self.assertEqual(set(types), {"subscription.updated"})
        self.assertEqual(self.assertTold(*types)["plan_code"], "business")

    def test_a_new_billing_period_is_an_update(self):
        self._begin()
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertIn("subscription.updated", self._new().mapped("event_type"))
        [update] = self._new().filtered(
            lambda delivery: delivery.event_type == "subscription.updated",
        )
        data = self._data(update)
        self.assertEqual(data["last_invoice_date"], "2026-02-01")
        self.assertEqual(data["next_invoice_date"], "2026-03-01")

    def test_what_apps_cannot_see_is_not_told(self):
        self._begin()
        self.subscription.client_order_ref = "PO 17"
        self.subscription.fusion_next_invoice_date = self.subscription.fusion_next_invoice_date
        self.assertTold()

    def test_a_quotation_is_not_told_nor_an_order_without_plan(self):
        self._begin()
        self.env["sale.order"].create({
            "partner_id": self.partner.id, "fusion_plan_id": self.plan.id,
        })
        plain = self.env["sale.order"].create({
            "partner_id": self.partner.id,
            "order_line": [(0, 0, {"product_id": self.setup_product.id})],
        })
        plain.action_confirm()
        self.assertTold()

    def test_what_is_rolled_back_was_never_told(self):
        """W3: a failure after the change takes the event with it."""
        self._begin()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.subscription._fusion_pause()
            self._commit()
            self.assertEqual(len(self._new()), 1)
            raise ZeroDivisionError
        self.assertTold()
        self.assertEqual(self.subscription.fusion_state, "3_progress")

    def test_a_pause_that_is_taken_back_before_the_commit_was_none(self):
        self._begin()
        self.subscription.fusion_state = "4_paused"
        self.subscription.fusion_state = "3_progress"
        self.assertTold()


class TestConcernedServices(WebhookEventsCase):
    """Each event reaches the services that know the customer, in the words of each."""

    def test_every_service_of_the_customer_is_told_under_its_own_name(self):
        desk = self._service("nexadesk", webhook_url="https://desk.example.com/hook")
        contact = self.env["res.partner"].create({
            "name": "Accounting", "parent_id": self.partner.id,
        })
        self._link("customer-7", partner=contact, service=desk)
        self._begin()
        subscription = self._subscribe(
            fusion_service_id=self.service.id, fusion_external_id="sub-1",
        )
        told = self._new()
        self.assertEqual(told.service_id, self.service | desk)
        self.assertEqual(len(set(told.mapped("event_id"))), 1, "it is one event")
        data = {delivery.service_id: self._data(delivery) for delivery in told}
        self.assertEqual(data[self.service]["external_customer_id"], "acme")
        self.assertEqual(data[self.service]["external_id"], "sub-1")
        self.assertEqual(data[desk]["external_customer_id"], "customer-7")
        self.assertIsNone(data[desk]["external_id"])
        self.assertEqual(told.subscription_id, subscription)

    def test_services_without_endpoint_disabled_archived_or_of_other_customers_are_not_told(self):
        other = self.env["res.partner"].create({"name": "Other"})
        url = "https://example.com/"
        self._link("acme", service=self._service("no-endpoint"))
        self._link("acme", service=self._service("off", webhook_url=url, webhook_enabled=False))
        self._link("acme", service=self._service("gone", webhook_url=url, active=False))
        self._link("x", partner=other, service=self._service("stranger", webhook_url=url))
        self._begin()
        self._subscribe()
        self.assertEqual(self._new().service_id, self.service)

    def test_a_service_of_another_company_is_not_told(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        abroad = self._service(
            "abroad", company_id=company.id, webhook_url="https://example.com/",
        )
        self._link("acme", service=abroad)
        self._begin()
        self._subscribe()
        self.assertEqual(self._new().service_id, self.service)

    def test_a_link_is_told_to_its_service_and_told_again_when_it_changes(self):
        desk = self._service("nexadesk", webhook_url="https://desk.example.com/hook")
        self._begin()
        self.partner.email = "billing@acme.example"
        link = self._link("customer-7", service=desk)
        self.assertEqual(self._new().service_id, desk)
        self.assertEqual(self.assertTold("customer.linked"), {
            "partner_id": self.partner.id, "external_id": "customer-7", "name": "Acme Ltd",
            "email": "billing@acme.example",
        })
        link.external_id = "customer-8"
        self.assertEqual(self.assertTold("customer.linked")["external_id"], "customer-8")


class TestInvoiceEvents(WebhookEventsCase):
    """Invoice events come from what really happens to an invoice."""

    def setUp(self):
        super().setUp()
        self.plan.invoice_mode = "draft"
        self.subscription = self._subscribe("2026-01-01", [self.fee_product])
        self._commit()
        self._begin()
        self._bill()
        self.invoice = self.subscription.invoice_ids

    def _post(self):
        self.invoice.action_post()
        self._commit()
        self._begin()

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids,
        ).create({})._create_payments()

    def _invoice_events(self):
        return [
            name for name in self._new().sorted("id").mapped("event_type")
            if name.startswith("invoice.")
        ]

    def test_a_draft_is_created(self):
        [created] = self._new().filtered(lambda event: event.event_type == "invoice.created")
        data = self._data(created)
        self.assertEqual(created.subscription_id, self.subscription)
        self.assertEqual(data["invoice_id"], self.invoice.id)
        self.assertEqual((data["type"], data["state"]), ("invoice", "draft"))
        self.assertEqual(data["amount_untaxed"], "49.00")
        self.assertEqual(data["currency"], self.currency.name)
        self.assertEqual(data["external_customer_id"], "acme")
        self.assertEqual(data["subscriptions"], [
            {"subscription_id": self.subscription.id, "external_id": None},
        ])

    def test_a_plan_that_posts_tells_both_in_one_run(self):
        self.plan.invoice_mode = "post"
        self._begin()
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertEqual(self._invoice_events(), ["invoice.created", "invoice.posted"])

    def test_posting_is_told_with_the_number(self):
        self._begin()
        self.invoice.action_post()
        data = self.assertTold("invoice.posted")
        self.assertEqual((data["state"], data["number"]), ("posted", self.invoice.name))

    def test_a_payment_is_told_when_it_settles_the_invoice(self):
        self._post()
        self._pay(self.invoice)
        data = self.assertTold("invoice.paid")
        self.assertEqual(data["amount_residual"], "0.00")
        self.assertIn(data["payment_state"], ("paid", "in_payment"))

    def test_a_part_of_the_payment_is_not_told(self):
        self._post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids,
        ).create({"amount": 10})._create_payments()
        self.assertEqual(self.invoice.payment_state, "partial")
        self.assertTold()

    def test_a_cancelled_draft_is_told(self):
        self._begin()
        self.invoice.button_cancel()
        self.assertEqual(self.assertTold("invoice.cancelled")["state"], "cancel")

    def test_a_reversal_is_a_credit_note_and_cancels_the_invoice(self):
        self._post()
        self.invoice._reverse_moves(cancel=True)
        self._commit()
        told = {(event.event_type, self._data(event)["type"]) for event in self._new()}
        self.assertIn(("invoice.created", "credit_note"), told)
        self.assertIn(("invoice.posted", "credit_note"), told)
        self.assertIn(("invoice.cancelled", "invoice"), told)
        self.assertNotIn(("invoice.paid", "invoice"), told)

    def test_invoices_of_others_are_not_told(self):
        self._begin()
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.partner.id,
            "invoice_line_ids": [(0, 0, {"name": "Consulting", "price_unit": 100})],
        })
        move.action_post()
        self._pay(move)
        self.assertTold()

    def test_an_overdue_invoice_is_told_once(self):
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-20 23:59:00", []), ("2026-01-21 00:01:00", ["invoice.overdue"]),
            ("2026-01-22 00:01:00", []),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_the_due_day_ends_at_midnight_in_the_billing_time_zone(self):
        """R3"""
        self.company.fusion_billing_tz = "America/New_York"
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-21 04:59:00", []), ("2026-01-21 05:01:00", ["invoice.overdue"]),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_a_paid_invoice_is_not_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self._post()
        self._pay(self.invoice)
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
        self.assertTold()


class TestThresholdEvents(WebhookEventsCase):
    """Apps are told once in a period that a threshold was reached."""

    def setUp(self):
        super().setUp()
        self.charge = self._charge(included_quota=1000, price_per_unit="0.5")
        self.subscription = self._subscribe(
            fusion_service_id=self.service.id, fusion_external_id="sub-1",
        )
        self._commit()
        self._begin()

    def _threshold(self, kind, value, **subject):
        subject = subject or {"charge_id": self.charge.id}
        return self.env["fusion.billing.threshold"].create({
            "kind": kind, "threshold_value": value, **subject,
        })

    def _reach(self, quantity, start="2026-01-10"):
        self._use(self.subscription, quantity, start)
        self._rate()

    def test_a_part_of_the_quota_is_told_when_it_is_reached_and_once(self):
        self._threshold("percent", 80)
        self._reach("799.999999")
        self.assertTold()
        self._reach("0.000001", "2026-01-11")
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual(data["threshold"], {"kind": "percent", "value": "80"})
        self.assertEqual((data["quantity"], data["included"]), ("800", "1000"))
        self.assertEqual(data["external_id"], "sub-1")
        self.assertEqual(data["metric_code"], "api_calls")
        self.assertEqual((data["period_start"], data["period_end"]), ("2026-01-01", "2026-02-01"))
        self._reach("50", "2026-01-12")
        self._rate()
        self.assertTold()

    def test_the_next_period_is_told_again(self):
        self._threshold("percent", 50)
        self._reach("600")
        self.assertTold("usage.threshold_reached")
        with freeze_time("2026-02-10"):
            self._bill()
            self._commit()
            self._begin()
            self._reach("600", "2026-02-05")
        self.assertTold("usage.threshold_reached")

    def test_an_amount_of_a_charge_is_told(self):
        self._threshold("amount", "10.5")
        self._reach("1020.999998")
        self.assertTold()
        self._reach("0.000002", "2026-01-11")
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual((data["amount"], data["currency"]), ("10.50", self.currency.name))

    def test_a_quota_of_a_subscription_is_of_each_of_its_charges(self):
        emails = self._metric("emails")
        self._charge(emails, included_quota=10)
        self._threshold("percent", 100, subscription_id=self.subscription.id)
        self._reach("1000")
        self.assertEqual(self.assertTold("usage.threshold_reached")["metric_code"], "api_calls")
        self._use(self.subscription, 10, metric=emails)
        self._rate()
        self.assertEqual(self.assertTold("usage.threshold_reached")["metric_code"], "emails")

    def test_an_amount_of_a_subscription_is_of_all_its_usage_together(self):
        emails = self._metric("emails")
        self._charge(emails, price_per_unit=1)
        self._threshold("amount", 30, subscription_id=self.subscription.id)
        self._reach("1040")
        self.assertTold()
        self._use(self.subscription, 10, metric=emails)
        self._rate()
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual((data["amount"], data["metric_code"]), ("30.00", None))
        self._reach("1", "2026-01-12")
        self.assertTold()

    def test_several_thresholds_reached_at_once_are_all_told(self):
        for percent in (50, 80, 100):
            self._threshold("percent", percent)
        self._reach("900")
        self.assertTold("usage.threshold_reached", "usage.threshold_reached")

    def test_without_quota_no_part_of_it_is_reached(self):
        self.charge.included_quota = 0
        self._threshold("percent", 1)
        self._reach("5")
        self.assertTold()

    def test_a_threshold_of_another_subscription_is_not_told(self):
        other = self._subscribe()
        self._threshold("amount", 1, subscription_id=other.id)
        self._commit()
        self._begin()
        self._reach("2000")
        self.assertTold()

    def test_a_rating_that_fails_has_reached_nothing(self):
        """R7, W3: rolled back with the rating, and told when it succeeds."""
        self._threshold("percent", 50)
        self._use(self.subscription, 600)
        order = type(self.env["sale.order"])
        with patch.object(
            order, "_fusion_clear_failure", autospec=True, side_effect=lambda *_a: None,
        ), patch.object(
            type(self.env["fusion.billing.rating.request"]), "unlink",
            side_effect=UserError("in the way"),
        ), mute_logger("odoo.addons.fusion_billing.models.sale_order_guard"):
            self._rate()
        self.assertTold()
        self._rate()
        self.assertTold("usage.threshold_reached")


class TestEventShape(WebhookEventsCase):
    def test_every_event_has_an_id_a_type_a_time_and_a_version(self):
        self._subscribe()
        for delivery in self._new():
            event = json.loads(delivery.body)
            self.assertEqual(event["id"], delivery.event_id)
            self.assertRegex(event["id"], r"^evt_[0-9A-HJKMNP-TV-Z]{26}$")
            self.assertEqual(event["type"], delivery.event_type)
            self.assertEqual(event["timestamp"], "2026-01-15T12:00:00Z")
            self.assertEqual(event["api_version"], "v1")

    def test_event_ids_sort_by_time(self):
        ids = [self._emit(number).event_id for number in range(50)]
        self.assertEqual(ids, sorted(ids))
