"""Who signs an order has read what recurs, and what usage costs."""

from lxml import html

from odoo.tests import Form, HttpCase, freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestOffer(BillingCase, HttpCase):
    """From March on, a plan of 49 a month with three charges; the quotation is of January."""

    @classmethod
    @freeze_time("2026-01-01")
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.name = "Pro"
        cls.plan.fee_ids = [(0, 0, {"product_id": cls.fee_product.id})]
        cls.charge = cls._charge(
            included_quota=1000,
            charge_model="graduated",
            tier_ids=cls._tiers((10000, "0.01"), (False, "0.006")),
            minimum_amount=5,
        )
        cls._charge(
            cls._metric("storage", "GB stored"),
            price_per_unit="0.5",
            filter_ids=cls._filters(region="eu, us"),
        )
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "fusion_plan_id": cls.plan.id,
                "fusion_start_date": "2026-03-01",
            }
        )

    EXPECTED = (
        "Pro",
        "every month, from March 1, 2026",
        "Pro subscription: 1 × $49.00, in advance",
        "Usage, at the prices of March 1, 2026",
        "API calls 1,000 Up to 10,000: $0.01Above 10,000: $0.006 each unit at the price",
        "at least $5.00",
        "region = eu / us",
        "$0.50 each",
        "Usage is billed afterwards",
    )

    def _text(self, markup):
        return " ".join(html.fromstring(markup or "<p/>").text_content().split())

    def assertOffered(self, markup):
        text = self._text(markup)
        for words in self.EXPECTED:
            self.assertIn(words, text)

    @freeze_time("2026-01-10")
    def test_the_form_the_paper_and_the_page_that_is_signed_show_what_recurs_and_all_prices(self):
        self.assertOffered(self.order.fusion_offer)
        paper, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.action_report_saleorder", self.order.ids
        )
        self.assertOffered(paper)
        self.order.require_signature = True
        self.order.action_quotation_sent()
        page = self.url_open(self.order.get_portal_url())
        self.assertIn("modalaccept", page.text)
        self.assertOffered(page.text)

    @freeze_time("2026-01-10")
    def test_t2_prices_are_those_of_the_first_day_and_later_ones_are_announced(self):
        for day, price in (("2026-02-01", 2), ("2026-05-01", 3)):
            self.charge.version_ids = [
                (0, 0, {"valid_from": day, "charge_model": "standard", "price_per_unit": price})
            ]
        text = self._text(self.order.fusion_offer)
        self.assertIn("API calls $2.00 each", text)
        self.assertIn("From 05/01/2026: $3.00 each", text)
        self.assertNotIn("$0.01", text)

    def test_an_order_that_runs_shows_the_prices_of_its_plan_today(self):
        other = self._plan("other")
        self._charge(plan=other, price_per_unit=7)
        with freeze_time("2026-03-01"):
            self.order.action_confirm()
        with freeze_time("2026-03-10"):
            self.order._fusion_change_plan(other)
        with freeze_time("2026-03-11"):
            text = self._text(self.order.fusion_offer)
            self.assertIn("at the prices of March 11, 2026", text)
            self.assertIn("$7.00 each", text)
            self.assertNotIn("$0.01", text)

    def test_paper_leaves_out_usage_of_plans_that_are_over(self):
        other = self._plan("other")
        self._charge(self._metric("seats"), other, price_per_unit=7)
        with freeze_time("2026-03-01"):
            self.order.action_confirm()
            self._use(self.order, 1500, "2026-03-01")
            self._rate()
        with freeze_time("2026-04-02"):
            self._bill()
            self.order._fusion_change_plan(other)
            self._use(self.order, 3, "2026-04-02", other.charge_ids.metric_id)
            self._rate()
        with freeze_time("2026-05-02"):
            self._bill()
            self.assertIn(self.charge, self.order.order_line.fusion_charge_id)
            shown = self.order._get_order_lines_to_report()
            self.assertEqual(shown.fusion_charge_id, other.charge_ids)

    @freeze_time("2026-01-10")
    def test_a_seller_sees_prices_change_in_the_form_with_the_plan(self):
        seller = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "seller",
                "group_ids": self.env.ref("sales_team.group_sale_salesman_all_leads").ids,
            }
        )
        self.assertOffered(self.order.with_user(seller).fusion_offer)
        other = self._plan("other", billing_period_value=3)
        self._charge(plan=other, price_per_unit=7)
        with Form(self.order) as form:
            form.fusion_plan_id = other
            self.assertIn("$7.00 each", form.fusion_offer)
            self.assertIn("every 3 months", form.fusion_offer)

    def test_an_order_without_plan_and_a_plan_without_charges_offer_no_usage(self):
        plain = self.env["sale.order"].create({"partner_id": self.partner.id})
        self.assertFalse(plain.fusion_offer)
        paper, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.action_report_saleorder", plain.ids
        )
        self.assertNotIn(b"fusion_offer", paper)
        self.order.fusion_plan_id = self._plan("flat")
        self.assertNotIn("Usage", self._text(self.order.fusion_offer))

    def test_paper_is_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner.lang = "fr_FR"
        self.plan.with_context(lang="fr_FR").name = "Pro mensuel"
        paper, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.action_report_saleorder", self.order.ids
        )
        text = self._text(paper)
        for words in ("Pro mensuel", "1 mars 2026", "0,006 $US"):
            self.assertIn(words, text)
