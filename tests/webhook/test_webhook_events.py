import json
from datetime import date

from freezegun import freeze_time

from ...models.base.engine import as_engine
from ..webhook_case import WebhookEventsCase


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
            self.assertTold("subscription.resumed")["subscription_state"], "3_progress"
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

    def test_a_planned_change_of_plan_is_told_and_that_it_is_taken_back(self):
        """T1: it shows in no field of the order yet."""
        self._begin()
        self.subscription._fusion_change_plan(self._plan("business"), date(2026, 1, 20))
        data = self.assertTold("subscription.updated")
        self.assertEqual(
            (data["plan_code"], data["next_plan_code"], data["plan_change_date"]),
            ("pro", "business", "2026-01-20"),
        )
        self.subscription._fusion_keep_plan()
        data = self.assertTold("subscription.updated")
        self.assertEqual((data["next_plan_code"], data["plan_change_date"]), (None, None))

    def test_what_was_planned_is_told_when_its_day_comes(self):
        """T1, T3: by the next run of rating."""
        self.subscription._fusion_change_plan(self._plan("business"), date(2026, 1, 20))
        self.subscription._fusion_pause(date(2026, 1, 25), until=date(2026, 1, 28))
        self._begin()
        for moment, event_type in (
            ("2026-01-19 12:00:00", None),
            ("2026-01-20 01:00:00", "subscription.updated"),
            ("2026-01-24 01:00:00", "subscription.paused"),
            ("2026-01-27 01:00:00", None),
            ("2026-01-28 01:00:00", "subscription.resumed"),
        ):
            with self.subTest(moment=moment), freeze_time(moment):
                self._rate()
                self.assertTold(*filter(None, [event_type]))

    def test_a_planned_pause_is_not_told_yet(self):
        """It is told when it comes: until then an app sees nothing of it."""
        self._begin()
        self.subscription._fusion_pause(date(2026, 1, 25))
        self.assertTold()

    def test_a_closed_subscription_that_goes_on_is_resumed(self):
        self.subscription._fusion_close(date(2026, 1, 16))
        self._begin()
        with freeze_time("2026-01-20 12:00:00"):
            self.subscription._fusion_reopen()
            data = self.assertTold("subscription.resumed")
        self.assertEqual((data["subscription_state"], data["end_date"]), ("3_progress", None))

    def test_a_new_billing_period_is_an_update(self):
        self._begin()
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertIn("subscription.updated", self._new().mapped("event_type"))
        [update] = self._new().filtered(
            lambda delivery: delivery.event_type == "subscription.updated"
        )
        data = self._data(update)
        self.assertEqual(data["last_invoice_date"], "2026-02-01")
        self.assertEqual(data["next_invoice_date"], "2026-03-01")

    def test_what_apps_cannot_see_is_not_told(self):
        self._begin()
        self.subscription.client_order_ref = "PO 17"
        day = self.subscription.fusion_next_invoice_date
        as_engine(self.subscription).fusion_next_invoice_date = day
        self.assertTold()

    def test_a_quotation_is_not_told_nor_an_order_without_plan(self):
        self._begin()
        self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        plain = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [(0, 0, {"product_id": self.setup_product.id})],
            }
        )
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
        self.subscription._fusion_pause()
        self.assertEqual(self.subscription.fusion_state, "4_paused")
        self.subscription._fusion_resume()
        self.assertTold()


class TestConcernedServices(WebhookEventsCase):
    """Each event reaches the services that know the customer, in the words of each."""

    def test_every_service_of_the_customer_is_told_under_its_own_name(self):
        desk = self._service("nexadesk", webhook_url="https://desk.example.com/hook")
        contact = self.env["res.partner"].create(
            {"name": "Accounting", "parent_id": self.partner.id}
        )
        self._link("customer-7", partner=contact, service=desk)
        self._begin()
        subscription = self._subscribe(
            fusion_service_id=self.service.id, fusion_external_id="sub-1"
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

    def test_a_link_to_an_archived_contact_is_a_link_all_the_same(self):
        desk = self._service("nexadesk", webhook_url="https://desk.example.com/hook")
        contact = self.env["res.partner"].create(
            {"name": "Accounting", "parent_id": self.partner.id}
        )
        self._link("customer-7", partner=contact, service=desk)
        contact.active = False
        self._begin()
        self._subscribe()
        self.assertEqual(self._new().service_id, self.service | desk)

    def test_a_service_of_another_company_is_not_told(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        abroad = self._service("abroad", company_id=company.id, webhook_url="https://example.com/")
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
        self.assertEqual(
            self.assertTold("customer.linked"),
            {
                "partner_id": self.partner.id,
                "external_id": "customer-7",
                "name": "Acme Ltd",
                "email": "billing@acme.example",
            },
        )
        link.external_id = "customer-8"
        self.assertEqual(self.assertTold("customer.linked")["external_id"], "customer-8")


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
