from unittest.mock import patch

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestSharedDocuments(DocumentCase):
    """Optional: one document per customer and day for all their subscriptions."""

    def setUp(self):
        super().setUp()
        self.plan.one_document = True
        self.orders = self._start(used=10) | self._start(used=20)
        self._bill_on("2026-01-01")

    def _documents(self, orders=None):
        return self._moves(self.orders if orders is None else orders)

    def _later_than_first(self):
        return self._documents() - self.first

    @property
    def first(self):
        return self._documents()[:1]

    def test_what_two_subscriptions_owe_on_a_day_is_on_one_document(self):
        self.assertEqual(self._documents().mapped("amount_untaxed"), [98])
        self._bill_on("2026-02-01")
        self.assertEqual(self._documents().mapped("amount_untaxed"), [98, 98 + 30])
        for order in self.orders:
            self.assertEqual(order.invoice_ids, self._documents())
        self.assertSettled(self.orders)

    def test_each_subscription_has_a_section_and_its_lines_follow_it(self):
        self._bill_on("2026-02-01")
        shown = [
            line.name.split(",")[0] if line.display_type == "line_section" else line.price_subtotal
            for line in self._later_than_first().invoice_line_ids.sorted("sequence")
        ]
        first, second = (order.name for order in self.orders)
        self.assertEqual(shown, [first, 49, 10, second, 49, 20])

    def test_the_document_names_all_orders_as_its_origin(self):
        self.assertEqual(self.first.invoice_origin, ", ".join(self.orders.mapped("name")))

    def test_cancelling_it_makes_the_rows_of_all_of_them_due_again(self):
        self._bill_on("2026-02-01")
        cancelled = self._later_than_first()
        self._cancel(cancelled)
        for order in self.orders:
            self.assertTrue(any(order.fusion_rating_ids.mapped("due")))
        self._bill_on("2026-03-01")
        self.assertNet(self.orders, 98 * 3 + 30)
        self.assertSettled(self.orders)

    def test_a_customer_may_have_it_without_the_plan(self):
        self.plan.one_document = False
        self._bill_on("2026-02-01")
        self.assertEqual(len(self._later_than_first()), 2)
        self.partner.fusion_one_document = True
        self._bill_on("2026-03-01")
        self.assertEqual(len(self._documents()), 4)

    def test_the_branches_of_a_customer_follow_it(self):
        branch = self.env["res.partner"].create({"name": "Branch", "parent_id": self.partner.id})
        self.partner.fusion_one_document = True
        self.assertTrue(branch.fusion_one_document)

    def test_other_terms_make_another_document(self):
        terms = self.env.ref("account.account_payment_term_30days")
        self.orders[0].payment_term_id = terms
        self._bill_on("2026-02-01")
        self.assertEqual(self._later_than_first().mapped("invoice_payment_term_id"), terms)
        self.assertEqual(len(self._later_than_first()), 2)

    def test_customers_do_not_share_documents(self):
        other = self.env["res.partner"].create({"name": "Other"})
        stranger = self._start(used=5, partner_id=other.id)
        self._bill_on("2026-02-01")
        self.assertNotIn(stranger, self._documents()._fusion_subscriptions())

    def test_two_billing_dates_that_are_late_make_two_documents(self):
        self._bill_on("2026-03-10")
        self.assertEqual(self._documents().mapped("amount_untaxed"), [98, 98 + 30, 98])

    def test_a_held_draft_takes_late_usage_of_each_of_them(self):
        self.plan.draft_hours = 48
        self._bill_at("2026-02-01 01:00:00")
        draft = self._later_than_first()
        self._use(self.orders[1], 7, "2026-01-20")
        self._rate_at("2026-02-01 02:00:00")
        self.assertEqual(draft.amount_untaxed, 98 + 37)
        self._bill_at("2026-02-03 01:00:00")
        self.assertEqual(draft.state, "posted")
        self.assertSettled(self.orders)

    @mute_logger("odoo.addons.fusion_billing.models.subscription.sale_order_failure")
    def test_r7_one_that_fails_keeps_the_others_from_nothing(self):
        original = type(self.orders)._fusion_prepare_document
        broken = self.orders[0]

        def prepare(order, *arguments):
            if order == broken:
                raise ValueError("broken")
            return original(order, *arguments)

        with patch.object(type(self.orders), "_fusion_prepare_document", prepare):
            self._bill_on("2026-02-01")
        self.assertEqual(self._later_than_first().mapped("amount_untaxed"), [49 + 20])
        self.assertTrue(broken.fusion_error)
        self._bill_on("2026-02-02")
        self.assertNet(self.orders, 98 * 2 + 30)

    def test_one_customer_s_subscriptions_are_in_one_set_and_the_others_in_sets_of_a_size(self):
        with freeze_time("2026-01-01"):
            third = self._start()
            others = self.orders.browse()
            for number in range(4):
                partner = self.env["res.partner"].create({"name": f"Customer {number}"})
                others |= self._start(partner_id=partner.id)
        sets = list((self.orders[0] | others | self.orders[1] | third)._fusion_sets(2))
        self.assertEqual(sets[0], self.orders | third)
        self.assertEqual([len(orders) for orders in sets], [3, 2, 2])

    def test_a_replacement_bills_all_of_them_again_and_cancelled_makes_all_due(self):
        self._bill_on("2026-02-01")
        replaced = self._later_than_first()
        new = self._reverse(replaced, modify=True)
        self.assertEqual(new._fusion_subscriptions(), self.orders)
        self._bill_on("2026-03-01")
        self.assertNet(self.orders, 98 * 3 + 30)
        self._cancel(new)
        self._bill_on("2026-04-01")
        self.assertNet(self.orders, 98 * 4 + 30)
        self.assertSettled(self.orders)

    def test_waiving_it_waives_what_each_of_them_owes_on_it(self):
        self._bill_on("2026-02-01")
        self._later_than_first()._fusion_waive("outage")
        self._bill_on("2026-03-01")
        self.assertNet(self.orders, 98 * 2)

    def test_lines_of_one_that_staff_delete_are_billed_again_on_the_next_one(self):
        self.plan.draft_hours = 48
        self._bill_at("2026-02-01 01:00:00")
        draft = self._later_than_first()
        lines = draft.invoice_line_ids.filtered(
            lambda line: line.fusion_rating_id.subscription_id == self.orders[1]
        )
        lines.unlink()
        self.plan.draft_hours = 0
        self._bill_on("2026-02-04", "2026-03-01")
        self.assertNet(self.orders, 98 * 3 + 30)
        self.assertSettled(self.orders)

    def test_one_that_ends_is_billed_at_once_on_a_document_of_its_own(self):
        with freeze_time("2026-01-20"):
            self.orders[0]._fusion_close(self.orders[0]._fusion_today())
        self.assertEqual(self._documents()[-1]._fusion_subscriptions(), self.orders[0])
        self._bill_on("2026-02-01")
        self.assertSettled(self.orders)
