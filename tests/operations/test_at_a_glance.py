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

    # === WHAT THE FORM ASKS FOR ONCE IT IS OPEN === #

    def _usage(self):
        charts = self.subscription.with_user(self.clerk).read_fusion_usage()["charts"]
        return {chart["key"]: chart for chart in charts}

    def test_usage_by_day_and_by_period_is_that_of_counters_and_ledger(self):
        self._use(self.subscription, 7, "2026-01-12")
        self._rate()
        charts = self._usage()
        [days] = charts[f"day-{self.charge.id}"]["datasets"]
        self.assertEqual(sum(days["data"]), 137)
        self.assertEqual((days["data"][9], days["data"][11]), (130, 7))
        found = self.env["fusion.billing.usage"].search(days["domains"][11])
        self.assertEqual(found.quantity, 7)
        [periods] = charts["periods"]["datasets"]
        self.assertEqual(periods["data"], [74])
        rows = self.env["fusion.billing.rating"].search(periods["domains"][0])
        self.assertEqual(sum(rows.mapped("amount")), 74)

    def test_a_quotation_and_an_unused_subscription_have_no_charts_and_no_next_document(self):
        quotation = self._quotation().with_user(self.clerk)
        self.assertEqual(quotation.read_fusion_usage()["charts"], [])
        self.assertEqual(quotation.read_fusion_next_documents(), [])
        self.assertEqual(self._closed().with_user(self.clerk).read_fusion_next_documents(), [])

    def test_the_next_document_is_told_with_taxes_and_leaves_nothing(self):
        self._rate()
        order = self.subscription.with_user(self.clerk)
        documents = self.subscription._fusion_upcoming_documents()
        told = [f"${document['total']:,.2f}" for document in documents]
        self.assertEqual(order.read_fusion_next_documents(), told)
        self.assertFalse(self.subscription.invoice_ids)
        self.subscription._fusion_show_failure("rating", "No exchange rate.")
        self.assertTrue(order.read_fusion_next_documents())
