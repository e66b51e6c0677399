"""The jobs of billing staff, each in a real browser from the first click to its result."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core.https_endpoint import Endpoint, answer
from ..tour_case import TourCase
from ..webhook_case import WebhookCase


@tagged("-at_install", "post_install")
class TestTours(TourCase):
    def test_a_manager_sets_up_prices_and_asks_what_usage_would_cost(self):
        self._tour("price_list", self.manager)
        plan = self.env["fusion.billing.plan"].search([("code", "=", "atlas-monthly")])
        charge = plan.charge_ids
        self.assertEqual(charge.metric_id.code, "map_tiles")
        self.assertEqual(charge.product_id.name, "Tiles served")
        [line] = plan._estimate({charge.metric_id: Decimal("1300.5")}, self.currency)
        self.assertEqual(line["amount"], Decimal("525.06"))  # 1000 × 0.50 + 200.5 × 0.125

    def test_a_manager_sees_what_other_prices_would_have_brought(self):
        today = fields.Date.today()
        subscription = self._subscribe(today - timedelta(days=65))
        self._use(subscription, 130, (today - timedelta(days=60)).isoformat())
        self._bill()
        self._tour("simulation", self.manager)
        self.assertEqual(self.charge.price_per_unit, 2)
        self.assertEqual(subscription.fusion_rating_ids.mapped("amount"), [60])

    def test_a2_a_manager_makes_a_key_that_is_shown_once(self):
        self._tour("api_key", self.manager)
        key = self.env["fusion.billing.service"].search([("code", "=", "nexaatlas")]).api_key_ids
        self.assertEqual(key.name, "Production")

    def test_a_clerk_takes_a_subscription_from_the_quotation_to_its_invoice(self):
        self._tour("subscription", self.clerk)
        subscription = self.partner.sale_order_ids
        self.assertEqual(subscription.fusion_state, "3_progress")
        self.assertEqual(self._invoiced(subscription), [61])
        self.assertIn("130.5 used, 100 included", subscription.invoice_ids.invoice_line_ids.name)

    def test_a_manager_comes_from_the_checklist_to_figures(self):
        self.charge.unlink()
        self.calls.unlink()
        self.service.unlink()
        self._plan("empty", name="Empty")
        self.plan.fee_ids = [(0, 0, {"product_id": self.fee_product.id})]
        self._tour("dashboard", self.manager)
        self.assertEqual(self.partner.sale_order_ids.fusion_state, "3_progress")

    def test_a_clerk_compares_a_file_and_explains_what_differs(self):
        atlas = self._service("nexaatlas", name="NexaAtlas")
        subscription = self._subscribe(fusion_service_id=atlas.id, fusion_external_id="sub-42")
        self.env["fusion.billing.account.link"].create(
            {"service_id": atlas.id, "partner_id": self.partner.id, "external_id": "acme"}
        )
        last_month = self.company._fusion_today().replace(day=1) - timedelta(days=10)
        self._use(subscription, 130, f"{last_month}")
        self._tour("reconciliation", self.clerk)
        rows = self.env["fusion.billing.reconciliation"].search([]).row_ids
        self.assertEqual(rows.filtered("is_open").subscription_id, subscription)
        self.assertEqual(rows.filtered("closed_at").explanation, "A trial that ended")

    def test_a_clerk_reviews_drafts_and_approves_them(self):
        self.plan.invoice_mode = "draft"
        today = self.company._fusion_today()
        subscriptions = [self._subscribe(today - timedelta(days=65)) for _number in range(2)]
        for subscription, after in zip(subscriptions, (249, 251), strict=True):
            self._use(subscription, 200, f"{today - timedelta(days=60)}")
            self._use(subscription, after, f"{today - timedelta(days=20)}")
        self._bill()
        self._tour("review", self.clerk)
        for subscription, after in zip(subscriptions, (298, 302), strict=True):
            self.assertEqual(sorted(self._invoiced(subscription)), [200, after])
            self.assertEqual(set(subscription.invoice_ids.mapped("state")), {"posted"})

    def test_a_clerk_loads_counters_from_a_file_and_finds_one_by_its_key(self):
        atlas = self._service("nexaatlas", name="NexaAtlas")
        self._link("acme", service=atlas)
        subscription = self._subscribe(fusion_service_id=atlas.id, fusion_external_id="sub-42")
        # Odoo's own import sends its own upload more than that reads.
        with mute_logger("odoo.http"):
            self._tour("usage", self.clerk)
        self.assertEqual(subscription.fusion_usage_ids.mapped("quantity"), [2.5, 40])

    def test_f2_a_clerk_changes_a_subscription_through_its_life(self):
        subscription = self._subscribe(products=self.fee_product)
        self.setup_product.sale_ok = True
        self._plan(
            "business",
            name="Business",
            fee_ids=[(0, 0, {"product_id": self._product("Business fee", list_price=99).id})],
        )
        self._tour("changes", self.clerk)
        self.assertEqual(len(subscription.fusion_item_ids.product_id), 2)
        self.assertFalse(subscription.fusion_phase_ids.plan_id - self.plan)
        self.assertFalse(subscription.fusion_end_date)

    def test_a_clerk_pauses_many_at_once_and_changes_seats_in_the_form(self):
        today = self.company._fusion_today()
        bolt = self.env["res.partner"].create({"name": "Bolt"})
        acme, other = (
            self._subscribe(str(today - timedelta(days=3)), self.fee_product, partner_id=partner.id)
            for partner in (self.partner, bolt)
        )
        self._use(acme, 130, str(today - timedelta(days=2)))
        self._tour("bulk", self.clerk)
        self.assertEqual((acme.fusion_state, other.fusion_state), ("3_progress", "4_paused"))
        self.assertEqual(acme.fusion_item_ids._on(today).quantity, 3)

    def test_a_customer_signs_a_quotation_and_has_seen_its_prices(self):
        charge = self.plan.charge_ids.filtered(lambda charge: charge.metric_id == self.calls)
        (charge or self._charge()).price_per_unit = "0.01"
        quotation = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": self.plan.id,
                "require_signature": True,
                "order_line": [(0, 0, {"product_id": self.fee_product.id})],
            }
        )
        quotation.action_quotation_sent()
        self._tour("sign", url=quotation.get_portal_url())
        self.assertEqual((quotation.state, quotation.signed_by), ("sale", "Ada Acme"))
        signed = quotation.message_ids.attachment_ids.filtered(lambda file: "pdf" in file.name)
        self.assertIn(b"Usage is billed afterwards", signed.raw)


@tagged("-at_install", "post_install")
class TestWebhookTour(TourCase, WebhookCase):
    def test_a_manager_connects_an_app_and_sends_again_what_it_missed(self):
        maps = self.env["fusion.billing.service"].create({"name": "NexaMaps", "code": "nexamaps"})
        with Endpoint(answer(), self.certificate) as endpoint:
            url = f"https://127.0.0.1:{endpoint.port}/hook"
            self._tour("webhook_endpoint", self.manager, endpoint=url)
            self._deliver()
        self.assertEqual(maps.webhook_url, url)
        self.assertState(self._outbox(service_id=maps.id), "delivered")
        missed = self._miss(maps)
        self._tour("webhook_events", self.manager)
        with self._endpoint(service=maps) as endpoint:
            self._deliver()
        self.assertState(missed, "delivered", attempts=1)
        self.assertEqual(self._numbers(endpoint), [1])

    def _run_cron(self, name):
        """Run a cron; tests over HTTP are in the scheduler's test mode from the start."""
        self.env.ref(f"fusion_billing.{name}").method_direct_trigger()

    def _miss(self, service):
        """An event that was tried for three days, and failed."""
        with self._endpoint(answer(500), service):
            event = self._emit(service=service)
            self._deliver()
            now = fields.Datetime.now()
            event.write({"first_attempt_at": now - timedelta(days=4), "next_attempt_at": now})
            self._deliver()
        self.assertState(event, "failed", attempts=2)
        return event
