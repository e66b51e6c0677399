"""What people and apps type stays text, wherever HTML is shown."""

from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..staff_case import StaffCase

TYPED = "<img src=x onerror=alert(1)> & <a href='//evil'>co</a>"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestMarkup(StaffCase):
    def assertPlain(self, html):
        """The text is there, and none of it is markup."""
        html = str(html)
        self.assertIn("&lt;img src=x onerror=alert(1)&gt; &amp;", html)
        self.assertNotIn("<img", html)
        self.assertNotIn("<a ", html)

    def _messages(self, record):
        return " ".join(record.message_ids.mapped("body"))

    def test_the_activity_of_a_failure(self):
        subscription = self._subscribe()
        subscription._fusion_show_failure("rating", f"You cannot bill {TYPED}.")
        self.assertPlain(subscription.activity_ids.note)
        self.assertEqual(subscription.fusion_error, f"You cannot bill {TYPED}.")

    def test_the_activity_of_an_endpoint(self):
        self.service._disable_webhook(f"The endpoint said {TYPED}.")
        for activity in self.service.activity_ids:
            self.assertPlain(activity.note)

    def test_the_chatter_of_a_change_of_plan(self):
        subscription = self._subscribe()
        subscription._fusion_change_plan(self._plan("other", name=TYPED))
        self.assertPlain(self._messages(subscription))

    def test_the_chatter_of_a_fee(self):
        subscription = self._subscribe()
        product = self._product(TYPED, fusion_recurring=True)
        line = subscription._fusion_add_item(product)
        self.assertPlain(self._messages(subscription))
        subscription.message_ids.sudo().unlink()
        subscription._fusion_change_item(line, quantity=2)
        self.assertPlain(self._messages(subscription))

    def test_each_change_has_a_line_of_its_own_in_the_chatter(self):
        subscription = self._subscribe()
        subscription._fusion_pause(date(2026, 3, 1), date(2026, 4, 1))
        self.assertIn("<br>", self._messages(subscription))

    def test_the_preview_of_a_dialog(self):
        product = self._product(TYPED, fusion_recurring=True, list_price=10)
        subscription = self._subscribe(products=product)
        dialogs = self.env["fusion.billing.close.wizard"]
        dialog = dialogs.create({"subscription_id": subscription.id, "end_date": "2026-02-10"})
        self.assertPlain(dialog.preview)

    def test_the_preview_of_a_dialog_that_cannot_be_shown(self):
        subscription = self._subscribe()
        dialogs = self.env["fusion.billing.close.wizard"]
        dialog = dialogs.create({"subscription_id": subscription.id})
        with patch.object(type(dialog), "_render_preview", side_effect=UserError(f"No {TYPED}.")):
            dialog.invalidate_recordset(["preview"])
            self.assertPlain(dialog.preview)

    def test_an_estimate_and_a_receipt(self):
        metric = self._metric("typed", TYPED)
        self._charge(metric, charge_model="graduated", tier_ids=self._tiers((10, 1), (0, 2)))
        estimates = self.env["fusion.billing.estimate.wizard"]
        estimate = estimates.create({"plan_id": self.plan.id})
        estimate.action_estimate()
        self.assertPlain(estimate.estimate)
        subscription = self._subscribe()
        self._use(subscription, 12, metric=metric, value=TYPED, dimensions={TYPED: TYPED})
        self._rate()
        self.assertNotIn("<img", self._rating(subscription, metric=metric).receipt)
        self.assertPlain(subscription.fusion_period_page)
        self.assertPlain(
            self.env["fusion.billing.invoice.wizard"]
            .create({"subscription_ids": subscription.ids, "moment": "period"})
            .preview
        )

    def test_the_filter_of_a_charge(self):
        self._charge(self._metric("filtered"), filter_ids=self._filters(region=TYPED))
        estimate = self.env["fusion.billing.estimate.wizard"].create({"plan_id": self.plan.id})
        estimate.action_estimate()
        self.assertPlain(estimate.estimate)

    def test_an_offer_and_an_invoice(self):
        metric = self._metric("offered", TYPED)
        self._charge(metric, filter_ids=self._filters(region=TYPED), price_per_unit=1)
        subscription = self._subscribe(products=self._product(TYPED, fusion_recurring=True))
        self.plan.name = TYPED
        self.assertPlain(subscription.fusion_offer)
        self._use(subscription, 12, metric=metric, dimensions={"region": TYPED.split(",")[0]})
        with freeze_time("2026-02-01"):
            invoices = subscription._fusion_bill_until(date(2026, 2, 1))
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", invoices.ids
        )
        text = html.decode()
        self.assertIn("&lt;img src=x onerror=alert(1)&gt; &amp;", text)
        self.assertNotIn("<img src=x", text)

    def test_every_field_of_ours_that_holds_html_is_tried_here(self):
        found = {
            (name, field.name)
            for name, model in self.env.registry.items()
            for field in model._fields.values()
            if field.type == "html"
            and (name.startswith("fusion.billing.") or field.name.startswith("fusion_"))
        }
        dialogs = {name for name, field in found if field == "preview"}
        self.assertIn("fusion.billing.close.wizard", dialogs)
        self.assertEqual(
            {(name, field) for name, field in found if field != "preview"},
            {
                ("fusion.billing.rating", "receipt"),
                ("fusion.billing.estimate.wizard", "estimate"),
                ("sale.order", "fusion_offer"),
                ("sale.order", "fusion_period_page"),
            },
        )
