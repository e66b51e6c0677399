from datetime import date

from odoo.tests import freeze_time, tagged

from ..staff_case import StaffCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestAtAGlance(StaffCase):
    """What the form of a subscription shows is what the ledger and the documents say."""

    def setUp(self):
        super().setUp()
        self.subscription = self._subscribe(products=self.fee_product)
        self._use(self.subscription, 130)

    def _seen(self, name):
        """What a clerk sees in a field."""
        self.env.invalidate_all()
        return self.subscription.with_user(self.clerk)[name]

    def test_this_period_has_fees_usage_and_what_is_included(self):
        for _before_and_after in range(2):
            page = self._seen("fusion_period_page")
            for words in ("$109.00", "130 used: 100 included, 30 over it", "$60.00"):
                self.assertIn(words, page)
            self._rate()

    def test_the_account_is_the_ledger_and_the_documents(self):
        self.subscription._fusion_bill_until(date(2026, 1, 20))
        self._rate()
        names = ("owed", "settled", "due", "unpaid")
        self.assertEqual([self._seen(f"fusion_{name}_amount") for name in names], [109, 49, 60, 49])
        action = self.subscription.with_user(self.clerk).action_view_fusion_unpaid()
        moves = self.env["account.move"].search(action["domain"])
        self.assertEqual(moves, self.subscription.invoice_ids)

    def test_who_reads_a_last_day_reads_the_last_one_billed(self):
        self.subscription._fusion_close(date(2026, 2, 1))
        self.assertEqual(self._seen("fusion_last_day"), date(2026, 1, 31))
        phases = self.subscription.fusion_phase_ids
        self.assertEqual(phases.mapped("last_day"), [date(2026, 1, 31), False])

    def test_a_subscription_that_no_app_can_reach_says_so_until_its_customer_is_linked(self):
        self.assertTrue(self._seen("fusion_is_unreachable"))
        action = self.subscription.with_user(self.clerk).action_fusion_link_customer()
        links = self.env[action["res_model"]].with_user(self.clerk)
        links.with_context(**action["context"]).create(
            {"external_id": "a-1", "service_id": self.service.id}
        )
        self.assertFalse(self._seen("fusion_is_unreachable"))

    def test_a_quotation_has_nothing_to_show_yet(self):
        quotation = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        names = ("fusion_period_page", "fusion_is_unreachable", "fusion_owed_amount")
        self.assertFalse(any(quotation[name] for name in names))
