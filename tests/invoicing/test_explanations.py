"""M4: documents say how their amounts come about, in the customer's language, once and for all."""

from io import BytesIO

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from ..common import BillingCase
from .document_case import DocumentCase

REPORT = "account.account_invoices"


def plain(text):
    """A text of a document with ordinary spaces."""
    return text.translate({0x2009: " ", 0x202F: " ", 0xA0: " "})


@tagged("post_install", "-at_install")
class TestExplanations(DocumentCase):
    def test_m4_each_tier_is_a_product_that_the_customer_can_work_out_again(self):
        tiers = self._tiers((10000, "0.01"), (False, "0.006"))
        self.charge.write({"charge_model": "graduated", "tier_ids": tiers, "included_quota": 1000})
        subscription = self._start(34000, products=())
        self._bill_on("2026-02-01")
        self.assertEqual(
            [plain(name) for name in self._names(subscription.invoice_ids)],
            [
                "API calls, Jan 1 – 31, 2026\n34,000 used, 1,000 included, 33,000 billed\n"
                "10,000 × $0.01 = $100.00; 23,000 × $0.006 = $138.00"
            ],
        )

    def test_m4_each_charge_model_and_bound_has_its_words(self):
        cases = (
            ("2,500 ÷ 1,000 × $0.50 = $1.25", 2500, {"unit_batch": 1000}),
            (
                "3 batches of 1,000 × $0.50 = $1.50",
                2500,
                {"unit_batch": 1000, "charge_model": "package"},
            ),
            (
                "2.9 % × $100.00 = $2.90; Fixed fee: $0.30",
                100,
                {"charge_model": "percentage", "rate": "2.9", "fixed_amount": "0.3"},
            ),
            (
                "10 × $0.50 = $5.00; True-up to the minimum of $20.00: $15.00",
                10,
                {"minimum_amount": 20},
            ),
            (
                "100 × $0.50 = $50.00; Cap at the maximum of $20.00: -$30.00",
                100,
                {"maximum_amount": 20},
            ),
            (
                "Tier 1 (above 0, up to 50): Flat amount: $9.00",
                20,
                {"charge_model": "stairstep", "tier_ids": self._tiers((50, 0, 9), (False, 0, 20))},
            ),
            ("3 × $0.3333 ≈ $1.00", 3, {"price_per_unit": "0.3333"}),
            (
                "1 × $0.333 = $0.333; 2 × $0.111 = $0.222\nTogether ≈ $0.56",
                3,
                {
                    "charge_model": "graduated",
                    "tier_ids": self._tiers((1, "0.333"), (False, "0.111")),
                },
            ),
            (
                "10 × CHF3.00 = CHF30.00\nCHF1.00 = $0.50: $15.00",
                10,
                {"currency_id": self._foreign("CHF", {"2025-12-31": 2}).id, "price_per_unit": 3},
            ),
        )
        subscription = self._start(products=())
        for number, (_expected, quantity, terms) in enumerate(cases):
            metric = self._metric(f"m{number}")
            with freeze_time("2026-01-01"):
                self._charge(metric, **{"price_per_unit": "0.5", **terms})
            self._use(subscription, quantity, metric=metric)
        self._bill_on("2026-02-01")
        lines = subscription.invoice_ids.invoice_line_ids
        explained = {
            line.fusion_rating_id.metric_id.code: plain(line.name).split("\n", 2)[2]
            for line in lines
        }
        for number, (expected, _quantity, _terms) in enumerate(cases):
            self.assertEqual(explained[f"m{number}"], expected)

    def test_r10_a_share_is_told_and_no_decimals_without_end(self):
        seats = self._metric("seats", "Seats", aggregation="max")
        tiers = self._tiers((2, 1), (False, "0.5"))
        with freeze_time("2026-01-01"):
            self._charge(seats, charge_model="graduated", tier_ids=tiers)
            self.charge.minimum_amount = 5
        subscription = self._start(products=(), fusion_anchor_date="2026-01-11")
        self._use(subscription, 5, "2026-01-05", metric=seats)
        self._bill_on("2026-01-11")
        calls, level = sorted(self._names(subscription.invoice_ids))
        self.assertEqual(
            level.split("\n")[2:], ["2 × $1.00 = $2.00; 3 × $0.50 = $1.50; 10/31 × $3.50 ≈ $1.13"]
        )
        self.assertEqual(
            calls.split("\n")[2:],
            [
                "Quota, minimum and maximum for 10 days: 10/31 of a full billing period",
                "True-up to the minimum of $1.612903: $1.61",
            ],
        )

    def test_m4_a_filter_is_part_of_the_name(self):
        self._charge(price_per_unit=5, filter_ids=self._filters(region="eu, us"))
        subscription = self._start(products=())
        self._use(subscription, 2, dimensions={"region": "eu"})
        self._bill_on("2026-02-01")
        self.assertIn("API calls (region = eu / us), Jan", self._names(subscription.invoice_ids)[0])

    def test_r9_a_correction_says_what_was_billed_before(self):
        subscription = self._start(5, products=())
        self._bill_on("2026-02-01")
        self._use(subscription, 2, "2026-01-20")
        self._bill_on("2026-03-01")
        correction = self._names(self._moves(subscription)[-1])[0]
        self.assertIn("was 5, now 7", correction)
        self.assertIn("7 × $1.00 = $7.00\nOwed: $7.00; billed before: $5.00", correction)

    def test_l5_what_is_waived_is_told(self):
        subscription = self._start(5, products=())
        self._rate_at("2026-01-11")
        self._rating(subscription).write({"waived": 2, "waive_reason": "Sorry"})
        self._bill_on("2026-02-01")
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 3)
        self.assertIn("Owed: $5.00; waived: $2.00", self._names(subscription.invoice_ids)[0])

    def test_r9_a_credit_note_has_quantities_and_prices_above_zero(self):
        subscription = self._start(61, products=())
        self._bill_on("2026-02-01")
        with freeze_time("2026-02-02"):
            subscription.fusion_usage_ids.quantity = 31
        self._bill_on("2026-03-01")
        credit = self._moves(subscription)[-1]
        line = credit.invoice_line_ids
        self.assertEqual((credit.move_type, credit.amount_total), ("out_refund", 30))
        self.assertEqual((line.quantity, line.price_unit, line.price_subtotal), (1, 30, 30))
        self.assertIn("was 61, now 31", line.name)
        with freeze_time("2026-03-01"):
            self.assertSettled(subscription)

    def test_m4_a_posted_invoice_keeps_its_words_when_the_ledger_says_something_else(self):
        subscription = self._start(5, products=())
        self._bill_on("2026-02-01")
        invoice = subscription.invoice_ids
        before = self._names(invoice), invoice.fusion_included
        self._use(subscription, 200, "2026-01-20")
        with freeze_time("2026-02-02"):
            self.charge.price_per_unit = 9
            self._rate()
        self.assertEqual(self._rating(subscription).amount, 205)
        self.assertEqual((self._names(invoice), invoice.fusion_included), before)


@tagged("post_install", "-at_install")
class TestIncluded(DocumentCase):
    """Usage that costs nothing is told, and is no line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storage = cls._metric("storage", "Storage")
        cls._charge(cls.storage, included_quota=5)

    def _start_within(self, **vals):
        subscription = self._start(5, products=(), **vals)
        self._use(subscription, 3, metric=self.storage)
        return subscription

    def test_m4_usage_within_the_quota_is_told_beside_what_is_billed(self):
        subscription = self._start_within()
        self._bill_on("2026-02-01")
        invoice = subscription.invoice_ids
        self.assertEqual(
            plain(invoice.fusion_included), "Storage, Jan 1 – 31, 2026: 3 used, 5 included"
        )
        self.assertEqual(len(invoice.invoice_line_ids), 1)

    def test_r5_usage_within_the_quota_alone_makes_no_document(self):
        subscription = self._start(products=())
        self._use(subscription, 3, metric=self.storage)
        self._bill_on("2026-02-01")
        self.assertFalse(subscription.invoice_ids)

    def test_m4_what_is_included_is_told_as_of_the_day_on_which_a_draft_is_posted(self):
        for name, post in (
            ("draft", lambda invoice: invoice.action_post()),
            ("post", lambda invoice: self._bill_on("2026-02-05")),
        ):
            with self.subTest(name):
                plan = self._plan(f"of-{name}", invoice_mode=name, draft_hours=24)
                self._charge(plan=plan)
                self._charge(self.storage, plan=plan, included_quota=5)
                subscription = self._start_within(plan=plan)
                self._bill_on("2026-02-01")
                invoice = subscription.invoice_ids
                self.assertEqual(invoice.state, "draft")
                self._use(subscription, 1, "2026-01-20", metric=self.storage)
                self._rate_at("2026-02-01 02:00:00")
                post(invoice)
                self.assertEqual(invoice.state, "posted")
                self.assertIn("4 used, 5 included", invoice.fusion_included)

    def test_m4_what_was_included_and_is_no_more_is_on_a_line_of_the_held_draft(self):
        self.plan.draft_hours = 24
        subscription = self._start_within()
        self._bill_on("2026-02-01")
        self._use(subscription, 4, "2026-01-20", metric=self.storage)
        self._bill_on("2026-02-05")
        invoice = subscription.invoice_ids
        self.assertEqual((invoice.amount_untaxed, invoice.fusion_included), (7, False))

    def test_m4_a_shared_document_says_whose_usage_it_was(self):
        self.plan.one_document = True
        first, second = self._start_within(), self._start_within()
        self._bill_on("2026-02-01")
        self.assertEqual(
            [line.split(": ")[0] for line in first.invoice_ids.fusion_included.split("\n")],
            [first.name, second.name],
        )


@tagged("post_install", "-at_install")
class TestPaper(BillingCase):
    """What the customer holds: the page of the portal and the PDF are made of one template."""

    @classmethod
    @freeze_time("2026-01-01")
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.partner.lang = "fr_FR"
        tiers = cls._tiers((10000, "0.01"), (False, "0.006"))
        cls._charge(included_quota=1000, charge_model="graduated", tier_ids=tiers)
        storage = cls._metric("storage", "Storage")
        cls._charge(storage, included_quota=5)
        cls.subscription = cls._subscribe(products=cls.fee_product)
        cls._use(cls.subscription, 34000)
        cls._use(cls.subscription, 3, metric=storage)
        with freeze_time("2026-02-01"):
            cls.invoice = cls.subscription._fusion_bill_until(cls.company._fusion_today()).filtered(
                lambda move: str(move.fusion_bill_on) == "2026-02-01"
            )

    def assertExplained(self, text):
        text = plain(text)
        for words in ("10 000 × 0,01 $", "23 000 × 0,006 $", "Storage, 1–31 janv. 2026"):
            self.assertIn(words, text)

    def test_m4_the_html_of_an_invoice_explains_its_amounts_in_the_customer_s_language(self):
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(REPORT, self.invoice.ids)
        self.assertExplained(html.decode())

    def test_m4_the_pdf_of_an_invoice_explains_its_amounts_on_one_page(self):
        reports = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        if reports.get_wkhtmltopdf_state() not in ("ok", "upgrade"):
            self.skipTest("wkhtmltopdf is not installed")
        # It warns that no server has the styles, and Debian's that it makes no headers.
        with mute_logger("odoo.addons.base.models.ir_actions_report"):
            content, _kind = reports._render_qweb_pdf(REPORT, self.invoice.ids)
        pages = PdfFileReader(BytesIO(content)).pages
        self.assertEqual(len(pages), 1)
        self.assertExplained(" ".join(pages[0].extract_text().split()))
