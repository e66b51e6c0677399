"""Many are changed at once: one preview for all, and one that cannot be stops no other."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.fusion_billing.models.subscription import sale_order_actions

from ..staff_case import StaffCase

FAILURES = "odoo.addons.fusion_billing.models.subscription.sale_order_failure"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17")
class TestBulkChanges(StaffCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-01-01"):
            cls.first = cls._subscribe(products=cls.fee_product)
            cls.second = cls._subscribe(products=cls.fee_product)
            cls.closed = cls._closed(products=cls.fee_product)
            (cls.first | cls.second)._fusion_bill_until(date(2026, 1, 1))
        cls._use(cls.first, 130)
        cls.both = cls.first | cls.second
        cls.all = cls.both | cls.closed

    def _open(self, name, orders):
        action = getattr(orders.with_user(self.clerk), f"action_fusion_{name}")()
        dialogs = self.env[action["res_model"]].with_user(self.clerk)
        return Form(dialogs.with_context(**action["context"]))

    def _totals(self, orders):
        return sum(
            -doc["total"] if doc["type"] == "credit_note" else doc["total"]
            for doc in orders._fusion_upcoming_documents()
        )

    def _look(self, name, orders, **answers):
        """Fill in the dialog of these subscriptions and have it previewed."""
        form = self._open(name, orders)
        for field, value in answers.items():
            setattr(form, field, value)
        dialog = form.save()
        self.assertFalse(dialog.preview)
        action = dialog.action_preview()
        self.assertEqual((action["res_id"], action["target"]), (dialog.id, "new"))
        return dialog

    def test_one_preview_says_what_all_come_to_and_whom_it_leaves_out(self):
        dialog = self._look("pause", self.all, date="2026-01-20", last_day="2026-01-26")
        told = dialog.preview
        for words in ("2 of 3", self.closed.name, "not a running subscription", "$158.00"):
            self.assertIn(words, told)
        answer = dialog.action_pause()
        self.assertIn(f"${self._totals(self.both):,.2f}", told)
        for words in ("Done for 2 of 3", self.closed.name):
            self.assertIn(words, answer["params"]["message"])
        for order in self.both:
            states = order.fusion_phase_ids.sorted("date_from").mapped("state")
            self.assertEqual(states, ["active", "paused", "active"])
        self.assertEqual(self.closed.fusion_state, "6_churn")

    def test_those_that_share_documents_are_closed_with_one_as_the_preview_has_it(self):
        self.plan.one_document = True
        invoiced = self.both.invoice_ids
        dialog = self._look("close", self.both)
        told = dialog.preview
        dialog.action_close()
        document = self.both.invoice_ids - invoiced
        self.assertEqual(len(document), 1)
        self.assertIn(f"${document.amount_total:,.2f}", told)

    def test_another_answer_has_to_be_looked_at_again_and_looking_leaves_nothing(self):
        self.env.cr.flush()  # as a commit would: recurring revenue is written then
        self.env.invalidate_all()
        before = self.both.read(), self.both.fusion_phase_ids.read()
        dialog = self._look("pause", self.both, last_day="2026-01-26")
        self.assertTrue(dialog.preview)
        form = Form(dialog)
        form.last_day = "2026-01-27"
        self.assertFalse(form.preview)
        self.assertEqual((self.both.read(), self.both.fusion_phase_ids.read()), before)

    def test_currencies_are_never_added_up(self):
        euro = self._foreign("EUR", {"2025-01-01": 0.5})
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        with freeze_time("2026-01-01"):
            foreign = self._subscribe(products=self.fee_product, pricelist_id=pricelist.id)
            foreign._fusion_bill_until(date(2026, 1, 1))
        told = self._look("pause", self.second | foreign).preview
        self.assertIn("€24.50", told)
        self.assertIn("$49.00", told)
        self.assertNotIn("73.50", told)

    def test_what_is_left_of_each_is_billed_when_many_are_closed(self):
        form = self._open("close", self.both)
        self.assertIn("2 of 2 subscriptions is invoiced right now", form.consequence)
        form.last_day = "2026-03-31"
        self.assertIn("goes on as before", form.consequence)
        dialog = self._look("close", self.all, last_day="2026-01-16")
        dialog.action_close()
        self.assertEqual(set(self.all.mapped("fusion_state")), {"6_churn"})
        made = [order.invoice_ids.sorted("id")[-1] for order in self.both]
        signed = sum(Decimal(str(move.amount_total_signed)) for move in made)
        self.assertIn(f"${abs(signed):.2f}", dialog.preview)

    def test_each_goes_to_the_plan_on_a_day_of_its_own(self):
        yearly = self._plan("yearly", billing_period_unit="year")
        with freeze_time("2026-01-10"):
            later = self._subscribe("2026-01-10", products=self.fee_product)
        dialog = self._look("change_plan", self.first | later, plan_id=yearly)
        self.assertFalse(dialog.date)
        self.assertIn("2 of 2", dialog.preview)
        dialog.action_change_plan()
        days = [
            order.fusion_phase_ids.filtered(lambda phase: phase.plan_id == yearly).date_from
            for order in (self.first, later)
        ]
        self.assertEqual(days, [date(2026, 2, 1), date(2026, 2, 10)])

    def test_t5_counters_that_would_be_lost_keep_a_subscription_as_it_is(self):
        self._use(self.first, 5, "2026-01-18")
        dialog = self._look("pause", self.both)
        self.assertEqual(dialog.lost_count, 1)
        self.assertIn("1 of 2", dialog.preview)
        dialog.discard_usage = True
        dialog.action_preview()
        self.assertIn("2 of 2", dialog.preview)
        dialog.action_pause()
        self.assertEqual(set(self.both.mapped("fusion_state")), {"4_paused"})
        answer = self.all.with_user(self.clerk).action_fusion_resume()
        self.assertIn(
            f"2 of 3 subscriptions. Not for these:\n{self.closed.name}", answer["params"]["message"]
        )
        self.assertEqual(set(self.both.mapped("fusion_state")), {"3_progress"})

    def test_a_subscription_that_cannot_be_billed_stops_no_other(self):
        foreign = self._without_rate()
        dialog = self._look("close", self.second | foreign)
        self.assertIn("exchange rate", dialog.preview)
        self.assertIn("1 of 2", dialog.preview)
        answer = dialog.action_close()
        self.assertIn("exchange rate", answer["params"]["message"])
        self.assertEqual(
            (self.second.fusion_state, foreign.fusion_state), ("6_churn", "3_progress")
        )

    def test_what_nobody_expected_of_one_is_told_and_stops_no_other(self):
        orders, broken = type(self.env["sale.order"]), self.first

        def fail(order, *_args, **_options):
            if order == broken:
                raise ZeroDivisionError
            return pause(order, *_args, **_options)

        pause = orders._fusion_pause
        self.patch(orders, "_fusion_pause", fail)
        with mute_logger(FAILURES):
            dialog = self._look("pause", self.both)
            self.assertIn("1 of 2", dialog.preview)
            dialog.action_pause()
        self.assertEqual(
            (self.second.fusion_state, broken.fusion_state), ("4_paused", "3_progress")
        )

    def test_only_what_the_preview_tells_of_is_changed(self):
        foreign = self._without_rate()
        dialog = self._look("pause", self.second | foreign)
        self.assertIn("1 of 2", dialog.preview)
        dialog.action_pause()
        self.assertEqual(
            (self.second.fusion_state, foreign.fusion_state), ("4_paused", "3_progress")
        )

    def _without_rate(self):
        """A subscription that cannot be rated."""
        euro = self._foreign("EUR", {})
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        return self._subscribe(pricelist_id=pricelist.id)

    def test_what_is_too_much_for_once_is_refused_before_anything_is_looked_at(self):
        self.patch(sale_order_actions, "AT_ONCE", 2)
        for act in ("pause", "close", "change_plan", "rate_now"):
            with self.subTest(act), self.assertRaisesRegex(UserError, "more than 2"):
                getattr(self.all.with_user(self.clerk), f"action_fusion_{act}")()
        dialogs = self.env["fusion.billing.pause.wizard"].with_user(self.clerk)
        dialog = dialogs.create(
            {"subscription_id": self.first.id, "subscription_ids": self.all.ids}
        )
        for method in (dialog.action_preview, dialog.action_pause):
            with self.assertRaisesRegex(UserError, "more than 2"):
                method()

    def test_many_are_rated_at_once_and_the_one_that_cannot_be_is_named(self):
        orders = self.both.with_user(self.clerk)
        self.assertIn("is rated", orders.action_fusion_rate_now()["params"]["message"])
        self.assertEqual(self._amounts(self.first), [60])
        foreign = self._without_rate()
        self._use(self.second, 110)
        answer = (orders | foreign.with_user(self.clerk)).action_fusion_rate_now()
        self.assertIn("exchange rate", answer["params"]["message"])
        self.assertEqual(self._amounts(self.second), [20])

    def test_who_may_not_change_one_of_them_changes_none(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        stranger = self._user(
            "stranger", "fusion_billing.group_user", company_id=abroad.id, company_ids=abroad.ids
        )
        for user in (self.seller, stranger):
            with self.assertRaises(AccessError):
                self.both.with_user(user).action_fusion_pause()
        dialogs = self.env["fusion.billing.pause.wizard"]
        with self.assertRaises(AccessError):
            dialogs.with_user(stranger).create(
                {"subscription_id": self.first.id, "subscription_ids": self.both.ids}
            )
        dialog = dialogs.create(
            {"subscription_id": self.first.id, "subscription_ids": self.both.ids}
        )
        for method in ("action_preview", "action_pause"):
            with self.assertRaises(AccessError):
                getattr(dialog.with_user(self.seller), method)()
        self.assertEqual(set(self.both.mapped("fusion_state")), {"3_progress"})
